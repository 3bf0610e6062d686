"""The findings and the corrected copy, written beside the list."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.contracts import promise
from pipeline.run.faults import Fault
from pipeline.schools.register_doctor.diagnosis import LEAVE_OUT, Diagnosis, Entry
from pipeline.schools.register_doctor.findings import SEVERITIES, Finding, guarded, visible

FINDINGS_HEADER = ("row", "column", "found", "severity", "proposed", "score", "because")
BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads accents of a CSV file in the wrong encoding."""
SHOWN_EACH = 20


def proposable(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of a register for which the corrected copy has a proposal beside."""
    return tuple(c for c in columns if c in ("urn", "joined", "left", "hub", "trio"))


def header_of_copy(columns: Sequence[str]) -> list[str]:
    """The header of a corrected copy: the register's columns, then what is proposed."""
    return [
        *columns,
        "row",
        "proposed_urn",
        "score",
        *(f"proposed_{column}" for column in proposable(columns) if column != "urn"),
        "leave_out",
        "because",
        "accept",
    ]


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text that no spreadsheet program runs a formula of."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(header)
    table.writerows([guarded(cell) for cell in row] for row in rows)
    return BYTE_ORDER_MARK + written.getvalue()


def corrected(diagnosis: Diagnosis) -> str:
    """The corrected copy: one row for each row of the list, `accept` left blank."""
    return as_csv(
        header_of_copy(diagnosis.columns),
        [_row_of_copy(entry, diagnosis.columns) for entry in diagnosis.entries],
    )


def _row_of_copy(entry: Entry, columns: Sequence[str]) -> list[str]:
    proposals = entry.proposals
    score = proposals["urn"].score if "urn" in proposals else None
    others = [column for column in proposable(columns) if column != "urn"]
    return [
        *(entry.says[column] for column in columns),
        str(entry.number),
        proposals["urn"].text if "urn" in proposals else "",
        _score(score),
        *(proposals[c].text if c in proposals else "" for c in others),
        proposals[LEAVE_OUT].text if LEAVE_OUT in proposals else "",
        "; ".join(f"{column}: {proposal.why}" for column, proposal in proposals.items()),
        "",
    ]


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.1f}"


def findings_table(diagnosis: Diagnosis) -> str:
    """Every finding, as a table."""
    return as_csv(
        FINDINGS_HEADER,
        [
            (
                "" if f.row is None else str(f.row),
                f.column,
                visible(f.found),
                f.severity,
                visible(f.proposed),
                _score(f.score),
                f.why,
            )
            for f in diagnosis.findings
        ],
    )


def write(texts: dict[Path, str]) -> None:
    """Write new files, all or none. Raises Fault where one is there already.

    It may hold the answers of a person, or be the list itself.
    """
    there = [path for path in texts if path.exists() or path.is_symlink()]
    if there:
        raise Fault(
            f"{there[0].as_posix()}: it is there already, and may hold your answers\n"
            "  expected: a new file\n"
            "  what to do: move it away, or name another folder with --out"
        )
    try:
        promise.write_together({}, texts)
    except OSError as refused:
        raise Fault(
            f"{refused.filename}: cannot be written ({refused.strerror})\n"
            "  expected: a folder that you may write in\n"
            "  what to do: name another with --out"
        ) from refused


def told(diagnosis: Diagnosis) -> str:
    """What was found, for the screen: counts, then the gravest findings."""
    above = _several(diagnosis.rows_above, "row")
    lines = [
        f"{diagnosis.shown}: {_several(len(diagnosis.entries), 'row')} of schools "
        f"({above} above the header, {_several(diagnosis.blank_rows, 'blank row')})",
        "  " + ", ".join(f"{diagnosis.count(s)} {s}" for s in SEVERITIES),
    ]
    for severity in SEVERITIES[:3]:
        of_kind = [f for f in diagnosis.findings if f.severity == severity]
        lines += [_line(finding) for finding in of_kind[:SHOWN_EACH]]
        if len(of_kind) > SHOWN_EACH:
            lines.append(f"  and {len(of_kind) - SHOWN_EACH} more to '{severity}'")
    return "\n".join(lines)


def _several(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _line(finding: Finding) -> str:
    place = "whole list" if finding.row is None else f"row {finding.row}"
    if finding.column:
        place += f", {visible(finding.column)}"
    line = f"  [{finding.severity}] {place}: "
    if finding.found:
        line += f"found '{visible(finding.found)}'; "
    line += visible_why(finding.why)
    if finding.proposed:
        score = "" if finding.score is None else f" (score {finding.score:.0f})"
        line += f" -> {visible(finding.proposed)}{score}"
    return line


def visible_why(why: str) -> str:
    """A reason as it can safely be printed, however long."""
    return "".join(visible(part) for part in _pieces(why))


def _pieces(text: str) -> list[str]:
    return [text[at : at + 100] for at in range(0, len(text), 100)]
