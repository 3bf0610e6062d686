"""Words for numbers: fixed verdicts that never outrun the interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.evidence.facts import Fact, Quantity
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import Group, KeyStage

Verdict = Literal["higher than", "lower than", "can't tell"]

# ASSUME: these six answer Aim 1 best: progress and attainment at both key stages, with
# disadvantaged pupils wherever they are published. They are fixed here, before any
# result is seen, and are the same in every report.
HEADLINES: tuple[tuple[KeyStage, str, Group], ...] = (
    ("ks4", "progress_8", "all"),
    ("ks4", "progress_8", "disadvantaged"),
    ("ks2", "reading_progress", "disadvantaged"),
    ("ks2", "maths_progress", "disadvantaged"),
    ("ks2", "rwm_expected", "all"),
    ("ks2", "rwm_expected", "disadvantaged"),
)
SUBJECTS: dict[Group, str] = {
    "all": "pupils",
    "disadvantaged": "disadvantaged pupils",
    "others": "other pupils",
}
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Headline:
    """One sentence, and the fact it says."""

    sentence: str
    verdict: Verdict | None
    fact_id: str | None
    about: str
    """What the sentence is about, for a link that has to make sense by itself."""


def verdict(fact: Fact) -> Verdict | None:
    """Say what a gap's interval allows to be said; None where there is no gap.

    An interval that includes zero says 'can't tell', never 'the same': it holds gaps of
    either sign.
    """
    if fact.value is None:
        return None
    if fact.low is None or fact.high is None or fact.low <= 0.0 <= fact.high:
        return "can't tell"
    return "higher than" if fact.low > 0.0 else "lower than"


def number(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """Write a number as British statistics do: a true minus sign, fixed decimals."""
    if value is None:
        return "not available"
    # 0.04 at one decimal must not read as a negative or signed zero.
    shown = round(value, decimals) + 0.0
    if shown == 0:
        return f"{0:.{decimals}f}"
    text = f"{abs(shown):,.{decimals}f}"
    if shown < 0:
        return MINUS + text
    return "+" + text if signed else text


def interval(fact: Fact, *, signed: bool = False) -> str:
    """Write an interval: '0.02 to 0.10'."""
    if fact.low is None or fact.high is None:
        return "no interval"
    places = fact.about.decimals
    return (
        f"{number(fact.low, places, signed=signed)} to "
        f"{number(fact.high, places, signed=signed)}"
    )


def headlines(
    facts: list[Fact], *, others: Mapping[KeyStage, str], confidence_level: float
) -> list[Headline]:
    """Write at most six sentences, each one number of the latest year that has it.

    `others` names whom the partners are compared with at each key stage ('the rest of
    England').
    """
    return [_headline(facts, *key, others[key[0]], confidence_level) for key in HEADLINES]


def latest(
    facts: list[Fact], key_stage: KeyStage, measure: str, group: Group, quantity: Quantity
) -> Fact | None:
    """Find the latest year's fact that has a value."""
    having = [
        fact
        for fact in facts
        if (fact.key_stage, fact.measure, fact.group, fact.quantity)
        == (key_stage, measure, group, quantity)
        and fact.value is not None
    ]
    return max(having, key=lambda fact: fact.year, default=None)


def _headline(
    facts: list[Fact],
    key_stage: KeyStage,
    measure: str,
    group: Group,
    others: str,
    level: float,
) -> Headline:
    fact = latest(facts, key_stage, measure, group, "gap")
    if fact is None or fact.value is None:
        about = next(
            f for f in facts if (f.measure, f.group, f.quantity) == (measure, group, "gap")
        )
        return Headline(
            f"{about.label}: no figure in these files.", None, None, about.label
        )
    said = verdict(fact)
    places = fact.about.decimals
    size = number(abs(fact.value), places)
    direction = "above" if fact.value >= 0 else "below"
    # 'Progress 8, 2018/19: 0.18 points' says it once.
    unit = fact.unit.removeprefix(f"{fact.about.label} ")
    sentence = (
        f"{fact.about.label}, {academic_year(fact.year)}: {SUBJECTS[group]} in "
        f"partner schools were {size} {unit} {direction} {SUBJECTS[group]} in "
        f"{others} "
    )
    if fact.low is None or fact.high is None:
        sentence += "(no interval): we can't tell"
    else:
        sentence += f"({level:.0%} interval {interval(fact, signed=True)})"
        if said == "can't tell":
            sentence += ", which includes no difference: we can't tell"
    return Headline(sentence + ".", said, fact.id, fact.label)


def active_title(facts: list[Fact], key_stage: KeyStage, measure: str) -> str:
    """Write a chart's title: at most ten words that say what it shows."""
    fact = latest(facts, key_stage, measure, "all", "gap")
    if fact is None:
        return "No figures in these files"
    year = academic_year(fact.year)
    said = verdict(fact)
    if said == "can't tell":
        return f"Partners and the rest can't be told apart in {year}"
    assert said is not None
    return f"Partners {said} the rest in {year}"
