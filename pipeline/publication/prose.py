"""What a report says about its method and its limits; figures come from the run."""

from typing import Any

from pipeline.comparison.compared import BY_HUB, BY_SCHOOL
from pipeline.evidence.facts import Fact
from pipeline.measures.catalogue import TABLES, academic_year
from pipeline.publication.tables import Table, table
from pipeline.run.parameters import Evaluation, Parameters

# ASSUME: fewer than 20 clusters make intervals rough (Cameron and Miller 2015, section VI,
# give 20 to 50 as the number from which cluster-robust errors may be relied on).
ROUGH_BELOW = 20


def method(
    facts: list[Fact], parameters: Parameters, asked: Evaluation, others: list[str]
) -> list[str]:
    """Say how the figures were made, in the words of this run."""
    level = f"{parameters.comparison.confidence_level:.0%}"
    by_other = [f for f in _gaps(facts) if f.schools_by_other_pupils]
    counting_entries = {f.about.label: None for f in _gaps(facts) if _counts_entries(f)}
    by_entries = " and ".join(counting_entries)
    return [
        "Who is compared. A school counts as a member in an academic year when it had "
        "joined by 1 September, the first day of that year, and had not left before its "
        f"end on 31 August. Members ({asked.called}) are compared with "
        f"{' or '.join(others)}; they are left out of the other side"
        + (
            ", which holds schools of the partnership outside the programme. "
            if asked.programme is not None
            else ". "
        )
        + "Both sides hold state-funded mainstream schools, by the same rule in every "
        "year: special schools, independent schools and colleges are left out; schools "
        "whose type is blank in the file, a few of which may be independent, are kept "
        "and counted.",
        "What is compared. The average over pupils: each school counts by its number of "
        "pupils. At key stage 2 these are the eligible pupils, as the number with a "
        "progress score is not published; for Attainment 8 and grade 5 the pupils at the "
        "end of the key stage; for Progress 8 the pupils with a score"
        + (
            ", and all at the end of the key stage where that number is blank in the file ("
            + _schools_by_other(by_other)
            + ")"
            if by_other
            else ""
        )
        + "; for disadvantaged pupils the number of them"
        + (f"; for {by_entries} the entries of their students" if by_entries else "")
        + ". Gaps are made from unrounded figures, so that one may lie a last digit off the "
        "difference of the two figures beside it.",
        f"How sure. The {level} interval of a gap is made from how much schools differ, "
        "since pupils of one school share teachers and leaders. "
        + clustering(facts)
        + " The variance is CR2, which corrects each cluster for the pull that it has on "
        "the mean of its side, and the interval uses t with Satterthwaite\u2019s degrees of "
        "freedom for the gap: they follow the side with few clusters. CR3 stands beside "
        "it. It leaves out each cluster in turn, uses the same degrees of freedom and errs "
        "on the wide side.",
        _random_sets(facts, parameters),
        "The department\u2019s convention beside the interval takes pupils for independent draws "
        "(pupil SD divided by the square root of pupils). It is printed for comparison "
        "with the department\u2019s tables and is no test: it finds a difference for a "
        "large share of groups of schools drawn at random. It is left out where no "
        "national SD is published or recovered from published bounds.",
        "Disadvantaged pupils. Their gap to other pupils is given on each side and split "
        "after Kitagawa. Within schools is what would be left if both groups went to the "
        "same schools; between schools is what comes of their being in different ones. "
        "The two add up; only the whole gap has an interval. Where the interval of members "
        "less others holds zero, we can\u2019t tell which gap is narrower. A narrow gap can "
        "come of other pupils doing worse: read both levels.",
        "A typical school. Each school counts nearly alike, not by its pupils. A school\u2019s "
        "figure is taken for its true value plus the luck of its pupils, of the national "
        "variance over their number, so that there is none where no national SD is known. "
        "The random-effects mean (Paule and Mandel) has an interval by Hartung and Knapp. "
        "The interval of another such school says where the true value of one more would "
        "lie. The share above zero takes true values for normal, and is left out for fewer "
        "than ten schools.",
        "Words. \u2018Higher than\u2019 and \u2018lower than\u2019 are used where the "
        "interval, as printed, lies on one side of zero, \u2018can\u2019t tell\u2019 where "
        "it does not. Figures on "
        f"{parameters.disclosure.suppress_pupils_up_to} pupils or fewer are withheld: "
        "members, others and gap together, and "
        "those of disadvantaged pupils where as few other pupils would be left over.",
    ]


def _random_sets(facts: list[Fact], parameters: Parameters) -> str:
    draws = parameters.comparison.draws
    if draws == 0:
        return "Random sets of schools were not drawn in this run."
    hubs = any(f.clustered_by == BY_HUB for f in _gaps(facts))
    return (
        f"Random sets. Each gap is put beside those of {draws:,} random sets of schools, as "
        "many as members from each region and third of size. The p is twice the smaller "
        "tail: how often a random set lies as far out. It asks whether any such schools "
        "could lie as far, and is no test of what membership did. Schools are drawn one by "
        "one"
        + (
            ", though members came in hubs: hubs are fewer pieces of evidence than their "
            "schools, so that the p is then too small. Read it beside the interval."
            if hubs
            else "."
        )
        + " It is left out where so few sets could be drawn that it could find nothing."
    )


def clustering(facts: list[Fact]) -> str:
    """Say which schools were taken to depend on each other, and what that leaves out."""
    clusters = sorted({str(f.clustered_by) for f in _gaps(facts) if f.low is not None})
    if clusters == [BY_HUB]:
        return (
            "Errors of members are clustered by hub, those of other schools by school, as "
            "their groups are not known here."
        )
    if clusters == [BY_SCHOOL]:
        return (
            "Errors are clustered by school, since the members are one group or their "
            "groups are not known. Schools of one group are not fully independent, so "
            "these intervals are likely too narrow."
        )
    if not clusters:
        return "No figure here has an interval."
    return "Errors of members are clustered by hub where there is more than one, else by school."


def cautions(facts: list[Fact], asked: Evaluation) -> list[str]:
    """Say beside the headlines what a reader must know before reading them."""
    said = [] if asked.chosen is None else [asked.chosen]
    gaps = _gaps(facts)
    if any(f.clustered_by == BY_SCHOOL for f in gaps if f.low is not None):
        said.append(
            "Intervals take schools for independent, which schools of one group are not: "
            "they are likely too narrow."
        )
    if any((f.partner_clusters or 0) < ROUGH_BELOW for f in gaps):
        said.append(
            f"Some comparisons rest on fewer than {ROUGH_BELOW} independent groups of "
            "members: their intervals are rough, or left out."
        )
    return said


def limits(
    inventories: list[dict[str, Any]],
    parameters: Parameters,
    asked: Evaluation,
    *,
    supplied: bool,
) -> list[str]:
    """Say what a reader must not take from the figures."""
    missed = 1 / (1 - parameters.comparison.confidence_level)
    said = [
        "A gap is no effect. Schools join by choice, by invitation or by direction, and "
        "may have differed before. Nothing here separates the partnership from that.",
        "Progress measures are centred on the nation every year: a rising line means a "
        "better relative position, not that pupils attain more than before.",
        "Schools that joined later add to the members of later years: part of a change "
        "between years is a change of who is counted.",
        "Figures are of schools, not pupils: pupils who moved, or whom no table covers, "
        "are not followed.",
        "Many comparisons stand side by side: if there were no true difference at all, "
        f"about one in {missed:.0f} intervals would still miss zero by chance.",
    ]
    if asked.chosen is not None and supplied:
        said.insert(0, asked.chosen)
    with_special = [
        i
        for i in inventories
        if "special" in TABLES[i["key_stage"]].SCHOOL_RECORDS.values()
    ]
    without = {
        f["file"]: None
        for i in with_special
        for f in i["files"]
        if not f["rows"].get("special")
    }
    if without:
        said.append(
            f"{' and '.join(without)} {'hold' if len(without) > 1 else 'holds'} no special "
            "school: no whole table of the department\u2019s. Our national figures there are "
            "those of the schools that it does hold and differ from the published ones. If "
            "it was put together after its year, it holds only schools that were still open "
            "then; those that closed or changed their number before are missing from both "
            "sides of its comparisons."
        )
    return said


_WITHOUT = {
    "gias": (
        "The register of schools was not supplied: each number counts as a school of its "
        "own, one that became an academy is split in two, and trusts and dates of "
        "opening are not known."
    ),
    "ofsted": "Outcomes of inspections were not supplied.",
    "context": "Census, absence, destinations and tables of trusts were not supplied.",
}


def lacks(inventories: list[dict[str, Any]], not_supplied: list[str]) -> list[str]:
    """List what the sources do not hold: sources, years, columns, files left out."""
    said = [_WITHOUT[name] for name in not_supplied]
    for inventory in inventories:
        stage = inventory["key_stage"].upper()
        for year, entry in inventory["years"].items():
            if entry["state"] != "supplied":
                said.append(f"{stage} {academic_year(int(year))}: {entry['reason']}.")
        for file in inventory["files"]:
            if file["columns_absent"]:
                lacking = len(file["columns_absent"])
                said.append(
                    f"{file['file']} lacks {lacking:,} of the columns that this project "
                    "reads of that year, listed below."
                )
            if not any(n for kind, n in file["rows"].items() if "national" in kind):
                said.append(
                    f"{file['file']} holds no national row, so nothing shows whether it "
                    "is whole."
                )
        if inventory["schools_in_two_files"]:
            said.append(
                f"{stage}: {inventory['schools_in_two_files']:,} schools stand in two files "
                "that agree, and were kept once."
            )
        said += [
            f"{entry['file']} was left out: {entry['why']}."
            for entry in inventory["left_out"]
        ]
    return list(dict.fromkeys(said))


def columns_absent(inventories: list[dict[str, Any]]) -> Table | None:
    """List the columns that each file lacks, folded away beside the sentences."""
    rows = [
        [
            file["file"],
            f"{len(file['columns_absent']):,}",
            ", ".join(file["columns_absent"]),
        ]
        for inventory in inventories
        for file in inventory["files"]
        if file["columns_absent"]
    ]
    heads = {"File": False, "Number": True, "Columns": False}
    return table("Columns that files lack", heads, rows, stacks=True) if rows else None


def _gaps(facts: list[Fact]) -> list[Fact]:
    return [f for f in facts if f.quantity == "gap" and f.value is not None]


def _counts_entries(fact: Fact) -> bool:
    return fact.about.counted == "entries"


def _schools_by_other(gaps: list[Fact]) -> str:
    shown = [f for f in gaps if f.measure == "progress_8" and f.group == "all"] or gaps
    return "; ".join(
        f"{f.schools_by_other_pupils:,} of {f.schools:,} schools in {academic_year(f.year)}"
        for f in shown
    )
