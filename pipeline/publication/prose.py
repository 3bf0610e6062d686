"""What a report says about its method and its limits; figures come from the run."""

from typing import Any

from pipeline.evidence.facts import Fact
from pipeline.measures.catalogue import academic_year
from pipeline.run.parameters import Parameters


def method(facts: list[Fact], parameters: Parameters, others: list[str]) -> list[str]:
    """Say how the figures were made, in the words of this run."""
    level = f"{parameters.comparison.confidence_level:.0%}"
    clusters = sorted({f.interval.rsplit(" ", 1)[-1] for f in _gaps(facts)})
    by_other = [f for f in _gaps(facts) if f.schools_by_other_pupils]
    return [
        "Who is compared. A school counts as a partner in an academic year when it had "
        "joined by 1 September, the first day of that year, and had not left before its "
        "end on 31 August. Partners are compared with "
        f"{' or '.join(others)}; they are left out of the other side. Both sides hold "
        "state-funded mainstream schools, the same in every year: special schools, "
        "independent schools and colleges are left out, schools whose type is blank in "
        "the file are kept and counted.",
        "What is compared. The average over pupils: each school counts by the number of "
        "its pupils that the figure rests on. At key stage 2 these are the eligible "
        "pupils; for Progress 8 the pupils with a score"
        + (
            ", and the whole cohort where that number is blank in the file ("
            + _schools_by_other(by_other)
            + ")."
            if by_other
            else "."
        ),
        f"How sure. The {level} interval of a gap is made from how much schools differ, "
        "since pupils of one school share teachers and leaders. Errors of partners are "
        f"clustered by {' or '.join(clusters) or 'school'}"
        + (
            ", those of other schools by school, as their groups are not known here. "
            if clusters != ["school"]
            else ", as are those of the others: a partnership that is one group, or whose "
            "groups are not known, has no larger clusters. "
        )
        + "The correction for few clusters is made on each side, and the interval uses "
        "t with the Welch-Satterthwaite degrees of freedom.",
        "The department\u2019s convention beside it takes pupils for independent draws "
        "(pupil SD divided by the square root of pupils). It is printed for comparison "
        "with the department\u2019s tables and is no test: it finds a difference for "
        "most groups of schools drawn at random. It is left out where the national SD "
        "is neither published nor recovered from published bounds.",
        "Words. \u2018Higher than\u2019 and \u2018lower than\u2019 are used where the "
        "interval lies on one side of zero, \u2018can\u2019t tell\u2019 where it does not. "
        f"Figures on {parameters.disclosure.suppress_pupils_up_to} pupils or fewer are "
        "withheld: partners, rest and gap together.",
    ]


def limits(facts: list[Fact], inventories: list[dict[str, Any]]) -> list[str]:
    """Say what a reader must not take from the figures."""
    said = [
        "A gap is no effect. Schools choose to join and are invited; those that do may "
        "have differed before. Nothing here separates the partnership from that.",
        "Progress measures are centred on the nation every year: a rising line means a "
        "better relative position, not that pupils attain more than before.",
        "Schools that joined later add to the partners of later years: part of a change "
        "between years is a change of who is counted.",
        "Figures are of schools, not pupils: pupils who moved, or whom no table covers, "
        "are not followed.",
        "Many comparisons stand side by side; at this confidence level about one in "
        "twenty would miss zero by chance alone.",
        "The one independent estimate of a Challenge Partners programme, the EEF\u2019s "
        "evaluation of Challenge the Gap (104 schools, 2017), found no difference in "
        "average attainment.",
    ]
    if any(not f["rows"].get("special") for i in inventories for f in i["files"]):
        said.append(
            "Some files hold no special schools, so that our national figures there are "
            "those of mainstream schools and lie above the published ones."
        )
    return said


def lacks(inventories: list[dict[str, Any]]) -> list[str]:
    """List what the sources do not hold: years, columns, files left out."""
    said: list[str] = []
    for inventory in inventories:
        stage = inventory["key_stage"].upper()
        for year, entry in inventory["years"].items():
            if entry["state"] != "supplied":
                said.append(f"{stage} {academic_year(int(year))}: {entry['reason']}.")
        for file in inventory["files"]:
            if file["columns_absent"]:
                columns = ", ".join(file["columns_absent"])
                said.append(f"{file['file']} lacks the columns {columns}.")
            if not any(n for kind, n in file["rows"].items() if "national" in kind):
                said.append(
                    f"{file['file']} holds no national row, so nothing shows whether it "
                    "is whole."
                )
        said += [
            f"{entry['file']} was left out: {entry['why']}."
            for entry in inventory["left_out"]
        ]
    return said


def _gaps(facts: list[Fact]) -> list[Fact]:
    return [f for f in facts if f.quantity == "gap" and f.value is not None]


def _schools_by_other(gaps: list[Fact]) -> str:
    shown = [f for f in gaps if f.measure == "progress_8" and f.group == "all"] or gaps
    return "; ".join(
        f"{f.schools_by_other_pupils:,} of {f.schools:,} schools in {academic_year(f.year)}"
        for f in shown
    )
