"""Whether members' schools changed, or other schools and pupils came."""

import pandas as pd

from pipeline.challenges.composition import Composition, decompose_gap
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import LEAST_SCHOOLS

QUESTION = "composition"
CHANGE_OF_GAP = "change of the gap, from the first to the last year"
PART = "part of that change"


def add_composition(found: Findings) -> None:
    """Split the change of the pupil-weighted gap into parts that add up to it.

    Members are those of each year: a school that joins leaves the others, and counts as
    both. The parts are of schools that stayed on their side, of pupils that moved between
    those, and of schools that came to a side or went.
    """
    panel = found.panel
    if len(panel.years) < 2:
        found.cannot(QUESTION, CHANGE_OF_GAP, "results of fewer than two years")
        return
    first, last = panel.years[0], panel.years[-1]
    sides = {
        (year, member): _side(panel.frame, year, member)
        for year in (first, last)
        for member in (True, False)
    }
    stayed = set(sides[first, True]["school"]) & set(sides[last, True]["school"])
    if len(stayed) < LEAST_SCHOOLS:
        found.cannot(
            QUESTION,
            CHANGE_OF_GAP,
            f"{len(stayed)} schools were members with results in both {first} and {last}; "
            f"needed: {LEAST_SCHOOLS}",
        )
        return
    try:
        split = decompose_gap(
            sides[first, True], sides[last, True], sides[first, False], sides[last, False]
        )
    except ValueError as refused:
        found.cannot(QUESTION, CHANGE_OF_GAP, str(refused))
        return
    schools = (split.partners.continuing, split.rest.continuing)
    found.add(
        QUESTION,
        CHANGE_OF_GAP,
        at=f"{first} to {last}",
        estimate=split.change,
        schools=schools,
        said=f"weighted by pupils; members: {_said(split.partners)}; others: "
        f"{_said(split.rest)}",
    )
    for at, part in (
        ("schools that stayed", split.within),
        ("pupils that moved between them", split.reweighting),
        ("schools that came", split.entry),
        ("schools that went", split.exit),
    ):
        found.add(QUESTION, PART, at=at, estimate=part, schools=schools)


def _side(frame: pd.DataFrame, year: int, member: bool) -> pd.DataFrame:
    rows = frame[(frame["year"] == year) & (frame["is_member"] == member)]
    return pd.DataFrame(
        {
            "school": rows["school_key"],
            "value": rows["outcome"],
            "pupils": rows["pupils"],
        }
    )


def _said(side: Composition) -> str:
    return (
        f"{side.entered:,} came with {side.entered_share:.0%} of the pupils, "
        f"{side.left:,} went with {side.left_share:.0%}"
    )
