"""What statsmodels makes of the growth of a registered primary."""

from pipeline.estimators.growth import (
    RANDOM,
    PartnerSlope,
    check_with_mixedlm,
)
from pipeline.estimators.partner_panel import UNIT, VALUE
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import QUESTION, growth_panel
from pipeline.improvement.registered import is_primary

CHECK = "difference in yearly rise, by statsmodels' MixedLM"
DECIMALS = 6
"""Its optimisers agree with one another to about so many."""
NOT_ASKED = (
    "asked of the registered primary of each phase alone: it takes a minute and more for "
    "all primary schools of England"
)


def add_mixedlm_check(found: Findings, slope: PartnerSlope) -> None:
    """Fit the two-level model by statsmodels too, or say that it was not asked."""
    if not is_primary(found.panel):
        found.cannot(QUESTION, CHECK, NOT_ASKED)
        return
    panel = growth_panel(found)
    check = check_with_mixedlm(panel.table, VALUE, panel.fixed, UNIT, RANDOM)
    ended = [name for name, value in check.criteria.items() if value is not None]
    if check.coefficients is None or check.standard_errors is None:
        found.cannot(QUESTION, CHECK, "none of its optimisers came to an end")
        return
    said = f"optimisers that ended: {', '.join(ended)}; "
    if check.agrees:
        said += "two agree with one another and with our fit to 0.001 in the criterion"
    else:
        # A variance at its bound is where statsmodels cannot confirm a fit at all.
        said += f"NOT CONFIRMED: our criterion less its best is {check.difference:.4f}"
        said += "; a variance lies at its bound" if check.ours.on_boundary else ""
    found.add(
        QUESTION,
        CHECK,
        status="diagnostic",
        estimate=round(float(check.coefficients[-1]), DECIMALS),
        standard_error=round(float(check.standard_errors[-1]), DECIMALS),
        schools=(slope.partner_schools, slope.rest_schools),
        said=said,
    )
