"""How secure the EEF would call a finding: what its padlocks rest on."""

from dataclasses import dataclass

from pipeline.estimators.causal_design import Design, require_causal_design
from pipeline.estimators.settings import finite_number, whole_number

# ASSUME: padlocks are those of the EEF's classification of security of findings as
# remembered: its own document could not be had when this was written.
PADLOCKS_OF_DESIGN: dict[Design, int] = {
    "randomised controlled trial": 5,
    "regression discontinuity": 4,
    "difference in differences": 4,
    "matched difference in differences": 4,
    "matched comparison": 3,
}
PADLOCKS_OF_DETECTABLE_EFFECT = ((0.2, 5), (0.3, 4), (0.4, 3), (0.5, 2))
"""Smallest effect in pupil SDs that the study could detect, at most; else 1 padlock."""
PADLOCKS_OF_ATTRITION = ((10.0, 5), (20.0, 4), (30.0, 3), (40.0, 2))
"""Per cent of pupils lost, at most; else 1 padlock."""


@dataclass(frozen=True)
class SecurityRating:
    """Padlocks from 0 to 5: the lowest of three, less those lost to threats."""

    padlocks: int
    by_design: int
    by_detectable_effect: int
    by_attrition: int
    lost_to_threats: int


def security_rating(
    *,
    design: str,
    detectable_effect: float,
    attrition: float,
    lost_to_threats: int = 0,
) -> SecurityRating:
    """Rate the security of a finding as the EEF does: the chain is as strong as its links.

    `detectable_effect` is the minimum detectable effect size at randomisation or protocol
    in pupil SDs (80% power, 5% level), `attrition` the per cent of pupils without an
    outcome. `lost_to_threats` is a reader's judgement of threats to validity: padlocks to
    take off, 0 or more. These are inputs to a rating; the EEF's own is made by two peer
    reviewers.

    Raises ValueError for a design that is not causal, an effect that is not positive,
    attrition outside 0 to 100, or threats that are not a whole number of 0 or more.
    """
    causal = require_causal_design(design, "padlocks")
    if not finite_number(detectable_effect, "detectable_effect") > 0:
        raise ValueError(f"a detectable effect above 0 expected, found {detectable_effect}")
    if not 0 <= finite_number(attrition, "attrition") <= 100:
        raise ValueError(f"attrition from 0 to 100 per cent expected, found {attrition}")
    whole_number(lost_to_threats, "lost_to_threats")
    parts = (
        PADLOCKS_OF_DESIGN[causal],
        _padlocks(detectable_effect, PADLOCKS_OF_DETECTABLE_EFFECT),
        _padlocks(attrition, PADLOCKS_OF_ATTRITION),
    )
    return SecurityRating(
        padlocks=max(0, min(parts) - int(lost_to_threats)),
        by_design=parts[0],
        by_detectable_effect=parts[1],
        by_attrition=parts[2],
        lost_to_threats=int(lost_to_threats),
    )


def _padlocks(found: float, table: tuple[tuple[float, int], ...]) -> int:
    # 1 - 0.9 is not 0.1 to the last bit: what is read off a computed share is rounded.
    rounded = round(found, 10)
    return next((padlocks for most, padlocks in table if rounded <= most), 1)
