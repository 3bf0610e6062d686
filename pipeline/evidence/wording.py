"""Words for numbers: fixed verdicts that never outrun the interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.evidence.facts import Fact, Quantity
from pipeline.measures.catalogue import academic_year, year_spans
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
_NOT_SUPPLIED = "not supplied"
_NOT_PUBLISHED = "not published"


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
    return verdict_of_interval(fact.low, fact.high, fact.about.decimals)


def verdict_of_interval(low: float | None, high: float | None, decimals: int) -> Verdict:
    """Say what the interval of a difference, printed with `decimals`, allows."""
    if low is None or high is None:
        return "can't tell"
    # Judged as printed: a reader who sees '0.0 to 10.8' must not be told 'higher'.
    low, high = round(low, decimals), round(high, decimals)
    if low <= 0.0 <= high:
        return "can't tell"
    return "higher than" if low > 0.0 else "lower than"


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
    return span(fact.low, fact.high, fact.about.decimals, signed=signed)


def span(
    low: float | None, high: float | None, decimals: int, *, signed: bool = False
) -> str:
    """Write two ends: '0.02 to 0.10', or that there is no interval."""
    if low is None or high is None:
        return "no interval"
    return (
        f"{number(low, decimals, signed=signed)} to {number(high, decimals, signed=signed)}"
    )


def p_value(p: float | None) -> str:
    """Write a p value: '0.012', and the smallest as 'under 0.001'."""
    if p is None:
        return "none"
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def headlines(
    facts: list[Fact],
    *,
    others: Mapping[KeyStage, str],
    confidence_level: float,
    members: str = "partner schools",
) -> list[Headline]:
    """Write six sentences, each one number of the latest year that has it, or why none.

    Where all six have none, a seventh leads to what these files do hold. `members` names
    whose pupils are compared, `others` with whom, at each key stage ('the rest of
    England').
    """
    told = [
        _headline(facts, *key, members, others[key[0]], confidence_level)
        for key in HEADLINES
    ]
    if any(headline.fact_id for headline in told):
        return told
    return told + _elsewhere(facts)


def _elsewhere(facts: list[Fact]) -> list[Headline]:
    """Lead to the measures that have figures, where none of the six has."""
    gaps = [f for f in facts if f.quantity == "gap" and f.value is not None]
    if not gaps:
        return []
    years: dict[str, set[int]] = {}
    for fact in gaps:
        years.setdefault(fact.about.label, set()).add(fact.year)
    named = "; ".join(f"{label} ({year_spans(held)})" for label, held in years.items())
    sentence = f"Below stand figures of {named}."
    return [Headline(sentence, None, gaps[0].id, "figures that these files do hold")]


def why_none(gaps: list[Fact]) -> str:
    """Say in short why no year has a figure: what holds in the years that have tables.

    The reasons are those of the facts themselves. Years whose tables were not supplied or
    not published are named together.
    """
    years: dict[str, list[int]] = {}
    for fact in gaps:
        kind, _, rest = str(fact.reason).partition(": ")
        of_year = kind in (_NOT_SUPPLIED, _NOT_PUBLISHED) and "column" not in rest
        said = kind if of_year else str(fact.reason).removeprefix(f"{_NOT_SUPPLIED}: ")
        years.setdefault(said, []).append(fact.year)
    order = sorted(years, key=lambda said: said in (_NOT_SUPPLIED, _NOT_PUBLISHED))
    return "; ".join(f"{said} ({year_spans(years[said])})" for said in order)


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
    members: str,
    others: str,
    level: float,
) -> Headline:
    fact = latest(facts, key_stage, measure, group, "gap")
    if fact is None or fact.value is None:
        asked = (key_stage, measure, group, "gap")
        gaps = [f for f in facts if (f.key_stage, f.measure, f.group, f.quantity) == asked]
        label = gaps[0].label
        sentence = f"{label}: no figure to compare; {why_none(gaps)}."
        return Headline(sentence, None, None, label)
    said = verdict(fact)
    places = fact.about.decimals
    size = number(abs(fact.value), places)
    # 'Progress 8, 2018/19: 0.18 points' says it once.
    unit = fact.unit.removeprefix(f"{fact.about.label} ")
    if round(fact.value, places) == 0:
        place = "level with"
    else:
        place = f"{size} {unit} {'above' if fact.value > 0 else 'below'}"
    sentence = (
        f"{fact.about.label}, {academic_year(fact.year)}: {SUBJECTS[group]} in "
        f"{members} were {place} {SUBJECTS[group]} in {others} "
    )
    if fact.low is None or fact.high is None:
        sentence += "(no interval): we can't tell"
    else:
        sentence += f"({level:.0%} interval {interval(fact, signed=True)})"
        if said == "can't tell":
            sentence += ", which includes no difference: we can't tell"
    return Headline(sentence + ".", said, fact.id, fact.label)


def active_title(facts: list[Fact], key_stage: KeyStage, measure: str) -> str:
    """Write a chart's title: at most ten words that say what it shows.

    Every group that is published is named, the disadvantaged above all: a title on all
    pupils alone would hide half of what the chart shows.
    """
    found = {
        group: latest(facts, key_stage, measure, group, "gap")
        for group in ("all", "disadvantaged")
    }
    shown = {group: fact for group, fact in found.items() if fact is not None}
    if not shown:
        return "No figures to compare"
    year = academic_year(max(fact.year for fact in shown.values()))
    said = {group: _VERDICT_IN_TITLE[str(verdict(fact))] for group, fact in shown.items()}
    if len(said) == 2 and len(set(said.values())) == 1:
        return f"All and disadvantaged pupils: {said['all']}, {year}"
    words = [f"{_GROUP_IN_TITLE[group]}: {text}" for group, text in said.items()]
    title = "; ".join(words)
    return f"{title[0].upper()}{title[1:]}, {year}"


_GROUP_IN_TITLE = {"all": "all pupils", "disadvantaged": "disadvantaged"}
_VERDICT_IN_TITLE = {
    "higher than": "higher than others",
    "lower than": "lower than others",
    "can't tell": "can't tell",
}
