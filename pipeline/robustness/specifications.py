"""The same question put in every defensible way, side by side."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.challenges.specification_curve import (
    PermutationTest,
    SpecificationCurve,
    curve,
    grid,
    permutation_test,
)
from pipeline.challenges.specification_sample import Estimand, Specification
from pipeline.contracts.specifications import CHOICES, MEDIAN, SPECIFICATIONS
from pipeline.improvement.event_study import Joined
from pipeline.improvement.findings import Findings
from pipeline.measures.catalogue import year_spans
from pipeline.robustness.placebos import workers_for
from pipeline.run.rounding import round_floats

QUESTION = "specification curve"
DRAWS = 99
COUNTS = "size of the median"
"""The statistic of the permutation test that counts: fixed before any result is seen."""
ESTIMANDS: dict[Estimand, str] = {
    "two_way": "difference in change",
    "gap": "difference in level",
}
FIELDS = {
    "scale": "outcome",
    "membership": "members",
    "comparison": "controls",
    "weights": "weights",
    "covariates": "covariates",
}
"""The columns of the table of fits, and the fields of a specification that they tell."""
WORDS: dict[str, dict[object, str]] = {
    column: dict(zip(names, CHOICES[column], strict=True))
    for column, names in {
        "scale": ("outcome", "rank"),
        "membership": ("joined", "a_year_later", "still_members"),
        "comparison": ("never_members", "like_at_the_start"),
        "weights": (None, "pupils"),
        "covariates": ((), ("size",)),
    }.items()
}
"""What the choices are called in the table of fits."""


CURVES = tuple(f"{MEDIAN}, {words}" for words in ESTIMANDS.values())


def add_specifications(
    found: Findings, joined: Joined | None, *, seed: int
) -> list[pd.DataFrame]:
    """Fit every specification, test each curve as a whole, and give the fits.

    The difference in change is asked for only where the power gate lets an impact be
    shown; the difference in level always, as a description. Members that joined before
    the first year of results show no change at joining: as in the event study, they are
    neither members nor comparisons of the difference in change.
    """
    fits = []
    for estimand, quantity in zip(ESTIMANDS, CURVES, strict=True):
        if estimand == "gap":
            fits += _fit(found, found.panel.frame, quantity, estimand, seed)
        elif joined is None:
            found.cannot(QUESTION, quantity, "no event study of this outcome")
        elif not joined.gate.impact_allowed:
            found.add(QUESTION, quantity, status="withheld", said=joined.gate.reason)
        else:
            fits += _fit(found, joined.joiners, quantity, estimand, seed)
    return fits


def _fit(
    found: Findings, rows: pd.DataFrame, quantity: str, estimand: Estimand, seed: int
) -> list[pd.DataFrame]:
    frame = laid_out(rows)
    asked = specifications(frame, estimand)
    try:
        fitted = curve(
            frame,
            asked,
            unit="school_key",
            time="year",
            cluster="cluster",
            confidence_level=found.panel.level,
        )
        tested = permutation_test(
            frame,
            asked,
            unit="school_key",
            time="year",
            # ASSUME: members' dates are exchanged school by school in the permutation test
            # of the curve, since a trust has few others of its size to change places with.
            cluster=None,
            draws=DRAWS,
            seed=seed,
            workers=workers_for(frame),
        )
    except ValueError as refused:
        found.cannot(QUESTION, quantity, str(refused))
        return []
    p = tested.table.set_index("statistic")["p_value"][COUNTS]
    found.add(
        QUESTION,
        quantity,
        estimate=fitted.median,
        low=fitted.smallest,
        high=fitted.largest,
        p_value=float(p),
        schools=(tested.partners, tested.schools - tested.partners),
        said=(
            f"{fitted.fitted} of {len(asked)} specifications; from the smallest to the "
            f"largest, {fitted.share_positive:.0%} above zero; p: {tested.draws} "
            "exchanges of members' dates with other schools, one by one"
        ),
    )
    return [_every_fit(found, asked, frame, fitted, tested)]


def _every_fit(
    found: Findings,
    asked: list[Specification],
    frame: pd.DataFrame,
    fitted: SpecificationCurve,
    tested: PermutationTest,
) -> pd.DataFrame:
    """Give the fits of one curve as they are promised, in the words of the choices."""
    table = fitted.table
    everything = frame["year"].unique().tolist()
    low, high = _chance(table["estimate"].to_numpy(float), tested.null_curve)
    return pd.DataFrame(
        found.panel.label
        | {"curve": ESTIMANDS[asked[0].estimand]}
        | {
            column: [said[getattr(one, FIELDS[column])] for one in asked]
            for column, said in WORDS.items()
        }
        | {
            "years": [year_spans(map(int, one.years or everything)) for one in asked],
            **{name: table[name] for name in ("estimate", "standard_error", "low", "high")},
            "p_value": table["p"],
            "chance_low": low,
            "chance_high": high,
            "partner_schools": table["partners"],
            "rest_schools": table["schools"] - table["partners"],
            "unit": found.panel.unit,
            "why_not": table["why_not"],
        }
    )


def _chance(estimate: np.ndarray, null: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give each estimate the band that exchanged labels give the estimate of its rank."""
    low, high = np.full((2, len(estimate)), np.nan)
    order = np.argsort(estimate, kind="stable")[: int(np.isfinite(estimate).sum())]
    if len(order) == len(null):
        low[order], high[order] = null["low"], null["high"]
    return low, high


def as_promised(fits: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Give the fits of all curves as the contract promises them."""
    types = {name: c.dtype.type for name, c in SPECIFICATIONS.columns.items()}
    blank = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    if not fits:
        return blank
    return round_floats(pd.concat(fits, ignore_index=True)[[*types]].astype(types))


def laid_out(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns between which the specifications choose.

    `rank` is the normal score of a school's rank in its year, times the outcome's SD over
    all rows: in the unit of the outcome, so that one median of both has a meaning.
    """
    place = frame.groupby("year")["outcome"].rank(pct=False)
    count = frame.groupby("year")["outcome"].transform("size")
    last = frame.sort_values("year").drop_duplicates("school_key", keep="last")
    stays = last.loc[last["is_member"], "school_key"]
    start = frame.sort_values("year").drop_duplicates("school_key")
    own = start.loc[start["ever_member"], "outcome"]
    low, high = own.quantile([0.05, 0.95])
    near = start.loc[start["outcome"].between(low, high), "school_key"]
    cohort = frame["cohort"].astype(float)
    return frame.assign(
        rank=stats.norm.ppf((place - 0.5) / count) * frame["outcome"].std(),
        joined=cohort,
        a_year_later=np.where(cohort > 0, cohort + 1, 0.0),
        still_members=np.where(frame["school_key"].isin(stays), cohort, 0.0),
        never_members=~frame["ever_member"],
        like_at_the_start=frame["school_key"].isin(near) & ~frame["ever_member"],
        size=np.log(frame["pupils"]),
    )


def specifications(frame: pd.DataFrame, estimand: Estimand) -> list[Specification]:
    """List the choices: outcome, weights, comparison schools, covariates, years, rule."""
    years = sorted(frame["year"].unique().tolist())
    spans: list[tuple[float, ...] | None] = [None]
    for chosen in (years[1:], [y for y in years if y <= 2019]):
        span = tuple(map(float, chosen))
        if 2 <= len(span) < len(years) and span not in spans:
            spans.append(span)
    return grid(
        outcome=[*WORDS["scale"]],
        members=[*WORDS["membership"]],
        estimand=[estimand],
        weights=[*WORDS["weights"]],
        # A member that left is no comparison where only those that stayed are members.
        controls=[*WORDS["comparison"]],
        covariates=[*WORDS["covariates"]],
        years=spans,
    )
