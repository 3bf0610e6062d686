"""What so few members, or so few groups of them, can show of their growth."""

import numpy as np

from pipeline.estimators.equivalence import MARGIN_IN_PUPIL_SD, equivalence
from pipeline.estimators.growth import PartnerSlope
from pipeline.estimators.partner_panel import (
    CLUSTER,
    PARTNER,
    TIME,
    UNIT,
    VALUE,
    PartnerPanel,
    within_schools,
)
from pipeline.estimators.power import detectable_after
from pipeline.estimators.randomisation import randomise_members, weighted_gap
from pipeline.estimators.slopes_as_outcomes import own_slopes
from pipeline.estimators.starting_point import equal_groups
from pipeline.estimators.wild_bootstrap import wild_cluster_bootstrap
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import growth_panel
from pipeline.improvement.panel import PUPIL_SD

QUESTION = "few schools"
WILD = "difference in yearly rise, wild cluster bootstrap"
EXCHANGED = "difference in yearly rise among exchanged schools"
DETECTABLE_RISE = "smallest difference in yearly rise found four times in five"
RISE_OVER_ALL = "difference in rise over all years"
FEWEST_CLUSTERS = 40
"""Groups of members below which a clustered t is too often large."""
DRAWS = 999
SEED = 2019
"""Of the draws: fixed, so that a run can be repeated to the byte."""


def add_few_schools(found: Findings, slope: PartnerSlope) -> None:
    """Judge the difference in yearly rise without trust in many schools.

    The wild cluster bootstrap where members stand in few groups, the randomisation p, the
    smallest difference that could have been found, and the difference over all years
    against the margin.
    """
    panel = growth_panel(found)
    schools = (slope.partner_schools, slope.rest_schools)
    _add_wild(found, panel, schools)
    _add_exchanged(found, panel, schools)
    own = slope.clustered
    if own.standard_error is None or own.degrees_of_freedom is None:
        why = "members stand in too few groups for any error"
        found.cannot(QUESTION, DETECTABLE_RISE, why)
        return
    found.add(
        QUESTION,
        DETECTABLE_RISE,
        status="diagnostic",
        estimate=detectable_after(own.standard_error, own.degrees_of_freedom).effect,
        schools=schools,
        said="by the clustered error that was reached; 80% power at the 5% level",
    )
    # ASSUME: a difference in rise matters by what it comes to over all years seen.
    span = found.panel.years[-1] - found.panel.years[0]
    add_against_margin(
        found,
        RISE_OVER_ALL,
        own.estimate * span,
        own.standard_error * span,
        own.degrees_of_freedom,
        schools,
    )


def add_against_margin(
    found: Findings,
    quantity: str,
    estimate: float,
    standard_error: float,
    degrees_of_freedom: float,
    schools: tuple[int, int],
) -> None:
    """Test that a difference is small either way, and that it is not lower than that."""
    margin = MARGIN_IN_PUPIL_SD
    either, lower = f"within {margin} either way", f"no lower than {margin} below"
    if found.panel.unit != PUPIL_SD:
        why = "the margin is in SDs of pupils, and none is known for every year"
        for at in (either, lower):
            found.cannot(QUESTION, quantity, why, at=at)
        return
    tested = equivalence(estimate, standard_error, degrees_of_freedom)
    for at, p, shown in (
        (either, tested.p_value, tested.equivalent),
        (lower, tested.p_not_below, tested.non_inferior),
    ):
        found.add(
            QUESTION,
            quantity,
            at=at,
            status="diagnostic",
            estimate=estimate,
            standard_error=standard_error,
            low=tested.low,
            high=tested.high,
            p_value=p,
            schools=schools,
            said=f"{'shown' if shown else 'not shown'} at the 5% level; 90% interval",
        )


def _add_wild(found: Findings, panel: PartnerPanel, schools: tuple[int, int]) -> None:
    own = panel.table[PARTNER] == 1
    groups = panel.table.loc[own, CLUSTER].nunique()
    if groups >= FEWEST_CLUSTERS:
        return
    try:
        within = within_schools(panel)
        drawn = wild_cluster_bootstrap(
            within.design,
            within.value,
            None,
            within.cluster,
            np.eye(len(within.names))[-1],
            draws=DRAWS,
            confidence_level=found.panel.level,
            seed=SEED,
        )
    except ValueError as refused:
        found.cannot(QUESTION, WILD, str(refused))
        return
    ends = {"below": drawn.low, "above": drawn.high}
    missing = [side for side, end in ends.items() if end is None]
    bounded = f"; nothing bounds it {' or '.join(missing)}" if missing else ""
    found.add(
        QUESTION,
        WILD,
        status="diagnostic",
        estimate=drawn.estimate,
        standard_error=drawn.standard_error,
        low=drawn.low,
        high=drawn.high,
        p_value=drawn.p_value,
        schools=schools,
        said=(
            f"school and year effects; members in {groups} of {drawn.clusters:,} groups; "
            f"{drawn.draws:,} draws{bounded}"
        ),
    )


def _add_exchanged(found: Findings, panel: PartnerPanel, schools: tuple[int, int]) -> None:
    table = panel.table
    unit, time = table[UNIT].to_numpy(), table[TIME].to_numpy()
    # What moves all of England in a year is nobody's slope.
    rise = table[VALUE] - table.groupby(TIME)[VALUE].transform("mean")
    one = table.sort_values(TIME, kind="stable").drop_duplicates(UNIT).sort_values(UNIT)
    try:
        own = own_slopes(rise.to_numpy(), time, unit)
        member = one[PARTNER].to_numpy()[own.group] == 1
        # ASSUME: within a fifth of first results any school could as well have been a
        # member; schools are exchanged one by one, also where members stand in hubs.
        fifth = equal_groups(one[VALUE].to_numpy())[own.group]
        steady = float(own.variance.min()) / own.variance
        drawn = randomise_members(
            member,
            weighted_gap(own.slope, steady),
            strata=fifth,
            draws=DRAWS,
            seed=SEED,
        )
    except ValueError as refused:
        found.cannot(QUESTION, EXCHANGED, str(refused))
        return
    found.add(
        QUESTION,
        EXCHANGED,
        status="diagnostic",
        estimate=drawn.observed,
        p_value=drawn.p_value,
        schools=schools,
        said=(
            f"randomisation p; {drawn.draws:,} exchanges with schools of the same fifth of "
            f"first results, of which 95% lie between {drawn.low:.3f} and {drawn.high:.3f}"
        ),
    )
