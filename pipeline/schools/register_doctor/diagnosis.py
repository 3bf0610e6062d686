"""A row of the corrected copy in the making, and all that was found."""

from dataclasses import dataclass, field

from pipeline.schools.register_doctor.findings import Finding, Severity
from pipeline.schools.register_doctor.listing import ListedRow

PARTNERS = ("urn", "name", "joined", "left", "hub")
PROGRAMMES = ("programme", "urn", "name", "cohort", "joined", "left", "trio")
LEAVE_OUT = "leave out"


@dataclass(frozen=True)
class Proposal:
    """What a person may accept for one cell, or for the whole row (`leave out`)."""

    text: str
    why: str
    score: float | None = None


@dataclass
class Entry:
    """One row: what it says now, what is proposed, and which cells are settled."""

    listed: ListedRow
    says: dict[str, str]
    settled: set[str] = field(default_factory=set)
    """Those of urn, joined and left that a register may hold as they stand."""
    proposals: dict[str, Proposal] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def number(self) -> int:
        """The row, as a spreadsheet counts."""
        return self.listed.number

    def likely(self, column: str) -> str:
        """What is certain, else what is proposed; empty where neither is."""
        if column in self.settled:
            return self.says[column]
        proposal = self.proposals.get(column)
        return proposal.text if proposal else ""

    def tell(
        self,
        severity: Severity,
        column: str,
        why: str,
        *,
        found: str | None = None,
        proposed: str = "",
        score: float | None = None,
    ) -> None:
        """Add a finding."""
        said = self.listed.raw.get(column, "") if found is None else found
        self.findings.append(
            Finding(self.number, column, said, severity, why, proposed, score)
        )

    def settle(self, column: str, text: str) -> None:
        """Take a value as certain."""
        self.says[column] = text
        self.settled.add(column)

    def propose(self, column: str, text: str, why: str, score: float | None = None) -> None:
        """Propose a value and tell it."""
        self.proposals[column] = Proposal(text, why, score)
        self.tell("proposed", column, why, proposed=text, score=score)


@dataclass(frozen=True)
class Diagnosis:
    """All rows of a list, in its order, and everything that was found."""

    shown: str
    columns: tuple[str, ...]
    """Of the register that the list will become."""
    entries: list[Entry]
    general: list[Finding]
    """What concerns the whole list."""
    rows_above: int
    blank_rows: int

    @property
    def findings(self) -> list[Finding]:
        """Those of the whole list, then those of rows in their order."""
        return [*self.general, *(f for entry in self.entries for f in entry.findings)]

    def count(self, severity: Severity) -> int:
        """How many findings are of one severity."""
        return sum(finding.severity == severity for finding in self.findings)
