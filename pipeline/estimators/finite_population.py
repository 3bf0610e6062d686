"""What share of those who were asked say something, when not all of them answered."""

from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint


@dataclass(frozen=True)
class FiniteShare:
    """A share of those who answered, and where that of all who were asked may lie.

    `share`, `low` and `high` are 0 to 1. `effective_answers` is how many answers out of
    an endless population would tell as much; None where all who were asked answered.
    """

    share: float
    low: float
    high: float
    answered: int
    invited: int
    effective_answers: float | None
    confidence_level: float


def finite_population_share(
    favourable: int, answered: int, invited: int, *, confidence_level: float = 0.95
) -> FiniteShare:
    """Give the share of `answered` that is favourable, with Wilson's interval.

    The more of those invited have answered, the less is left to luck. Wilson's interval
    takes the answers for n draws out of an endless population; n draws without
    replacement out of N have (N - n)/(N - 1) of that variance, so that they tell as much
    as n (N - 1)/(N - n) draws. The interval is Wilson's for so many. Where all answered
    there is nothing left to estimate, and it is the share itself.

    The interval is for all who were invited, as if chance had picked who answered. It
    tells nothing of anybody else, nor of how those who did not answer differ.

    Raises ValueError for counts that cannot be, and where nobody answered.
    Sources: Wilson (1927); O'Neill (2021), whose R function `CONF.prop` it equals.
    """
    if not 0 < confidence_level < 1:
        raise ValueError(f"a level between 0 and 1 expected, found {confidence_level}")
    if not 0 < answered <= invited:
        raise ValueError(
            f"from 1 answer to as many as were invited expected, found {answered:,} of "
            f"{invited:,}"
        )
    if not 0 <= favourable <= answered:
        raise ValueError(
            f"no more favourable answers than answers expected, found {favourable:,} of "
            f"{answered:,}"
        )
    share = favourable / answered
    if answered == invited:
        low, high, effective = share, share, None
    else:
        effective = answered * (invited - 1) / (invited - answered)
        low, high = proportion_confint(
            share * effective, effective, alpha=1 - confidence_level, method="wilson"
        )
    return FiniteShare(
        share=share,
        # Rounding may put an end beside the share that it is, as at 0 and 1.
        low=min(max(float(low), 0.0), share),
        high=max(min(float(high), 1.0), share),
        answered=answered,
        invited=invited,
        effective_answers=effective,
        confidence_level=confidence_level,
    )
