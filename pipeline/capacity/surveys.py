"""What those asked in a survey answered, how many did, and how far that carries."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.capacity.few_persons import Sum, hidden_cells
from pipeline.capacity.tidy_rows import (
    Row,
    as_promised,
    bounds,
    cannot,
    not_supplied,
    share,
    suppressed,
)
from pipeline.contracts.capacity import FEW_PERSONS, SURVEY
from pipeline.estimators.finite_population import finite_population_share
from pipeline.records.surveys import FOLDER

RESPONSE = "people invited who answered the survey"
NON_RESPONSE = "people invited who did not answer"
ITEM_RESPONSE = "people invited who answered the item"
FAVOURABLE = "favourable answers"
ANSWER = "answers by the scale"
LEFT_OUT = "answered the survey and left the item out"
NO_INFERENCE = "no inference beyond those invited"
WHO_COUNTS = (
    "of those who answered the survey; who left the item out counts as not favourable"
)
ALL_ANSWERED = "all who were invited answered: there is nothing to estimate"
AS_BY_CHANCE = (
    "the interval takes those who answered as if by chance; who did not answer may differ"
)
FEW_DID_NOT = "few of those invited did not answer: the bounds hold whatever their number"
WIDEST = "the interval is the widest that the hidden number of them allows"
NOBODY = "nobody answered"
Cell = tuple[str, str]
ALL, YES, NO, NONE = ("all", ""), ("favourable", ""), ("not favourable", ""), ("none", "")


@dataclass(frozen=True)
class SurveyAnswers:
    """All surveys: response, and what was answered to each item."""

    table: pd.DataFrame
    """As SURVEY promises."""


@dataclass(frozen=True)
class _Response:
    """How many answered of how many, and what may be told of it."""

    answered: int
    invited: int
    up_to: int

    @property
    def is_small(self) -> bool:
        """Whether so few answered that nothing is shown."""
        return 1 <= self.answered <= self.up_to

    @property
    def is_nearly_all(self) -> bool:
        """Whether few did not answer: then how many were invited is hidden."""
        return 1 <= self.invited - self.answered <= self.up_to

    @property
    def invited_at_most(self) -> int:
        """How many were invited, or the most that a reader must reckon with."""
        return self.answered + self.up_to if self.is_nearly_all else self.invited


def survey_answers(
    surveys: pd.DataFrame | None,
    items: pd.DataFrame | None,
    options: pd.DataFrame | None,
    answers: pd.DataFrame | None,
    *,
    confidence_level: float = 0.95,
    up_to: int = FEW_PERSONS,
) -> SurveyAnswers:
    """Give, item by item, who answered, what, and the share that is favourable.

    The tables are as SURVEYS, ITEMS, OPTIONS and ANSWERS promise. Shares are of all who
    answered the survey: one denominator for every item, with those who left the item out
    as an answer of their own. The share that is favourable has Wilson's interval with
    finite-population correction (`finite_population_share`), for those who were invited
    and nobody else.

    Hidden are counts of 1 to `up_to` people and what would give them away: also of people
    who did not answer. Where these are few, the number invited is not shown, the rate has
    bounds only, and intervals are those of `up_to` people who did not answer.

    Raises ValueError where more people answered than were invited.
    """
    if surveys is None or items is None or options is None or answers is None:
        return SurveyAnswers(as_promised([not_supplied(FOLDER)], SURVEY))
    rows: list[Row] = []
    for survey in surveys.to_dict("records"):
        name = survey["survey"]
        own = answers[answers["survey"] == name]
        response = _Response(own["respondent"].nunique(), int(survey["invited"]), up_to)
        if response.answered > response.invited:
            raise ValueError(
                f"{name}: {response.answered:,} people answered and "
                f"{response.invited:,} were invited"
            )
        told = _response(response)
        of_survey = items[items["survey"] == name].sort_values("place")
        for item in of_survey["item"]:
            scale = options[(options["survey"] == name) & (options["item"] == item)]
            asked = _Item(
                scale.sort_values("place"),
                own.loc[own["item"] == item, "answer"].value_counts(),
                response,
            )
            told += [{"item": item} | row for row in asked.rows(confidence_level)]
        rows += [{"survey": name} | row for row in told]
    return SurveyAnswers(as_promised(rows, SURVEY))


def _response(response: _Response) -> list[Row]:
    answered, invited = response.answered, response.invited
    who = ("people invited", invited)
    is_hidden = response.is_small or response.is_nearly_all
    is_few = 1 <= invited <= response.up_to
    without: dict[str, Any] = {
        "hidden": is_hidden,
        "hide_denominator": response.is_nearly_all or is_few,
        "said": NO_INFERENCE,
    }
    did_not = share("people invited", invited - answered, *who, **without)
    if response.is_nearly_all and not response.is_small:
        did = _bounded(answered, response)
    else:
        did = share("respondents", answered, *who, **without)
    return [{"quantity": RESPONSE} | did, {"quantity": NON_RESPONSE} | did_not]


def _bounded(answered: int, response: _Response) -> Row:
    """The rate lies between that with one and that with `up_to` who did not answer."""
    fewest, most = response.answered + 1, response.invited_at_most
    return bounds(
        "respondents",
        answered,
        "people invited",
        answered / most,
        answered / fewest,
        said=f"{FEW_DID_NOT}; {NO_INFERENCE}",
    )


@dataclass(frozen=True)
class _Item:
    """One item: its scale in order, how often each answer was given, who responded."""

    scale: pd.DataFrame
    given: pd.Series
    response: _Response

    def rows(self, confidence_level: float) -> list[Row]:
        if self.response.answered == 0:
            return [row | cannot(NOBODY) for row in self._keys()]
        if self.response.is_small:
            return [row | suppressed("respondents") for row in self._keys()]
        counts, hidden = self._counts(), self._hidden()
        of_all = ("respondents", self.response.answered)
        told = [
            {"quantity": ITEM_RESPONSE} | self._item_response(NONE in hidden),
            {"quantity": FAVOURABLE} | self._favourable(YES in hidden, confidence_level),
        ]
        for answer in self.scale["answer"]:
            cell = ("answer", answer)
            figure = share("respondents", counts[cell], *of_all, hidden=cell in hidden)
            told.append({"quantity": ANSWER, "answer": answer} | figure)
        left_out = share("respondents", counts[NONE], *of_all, hidden=NONE in hidden)
        return [*told, {"quantity": LEFT_OUT} | left_out]

    def _keys(self) -> list[Row]:
        one = [{"quantity": q} for q in (ITEM_RESPONSE, FAVOURABLE)]
        scale = [{"quantity": ANSWER, "answer": a} for a in self.scale["answer"]]
        return [*one, *scale, {"quantity": LEFT_OUT}]

    def _counts(self) -> dict[Cell, int]:
        # ASSUME: who answered a survey and left an item out does not count as favourable
        # to it: the share is then the lowest that the answers allow, over one denominator.
        by_answer: dict[Cell, int] = {
            ("answer", answer): int(self.given.get(answer, 0))
            for answer in self.scale["answer"]
        }
        liked = sum(by_answer[cell] for cell in self._favourable_cells())
        answered = self.response.answered
        return {
            ALL: answered,
            YES: liked,
            NO: answered - liked,
            NONE: answered - sum(by_answer.values()),
        } | by_answer

    def _favourable_cells(self) -> tuple[Cell, ...]:
        liked = self.scale.loc[self.scale["is_favourable"], "answer"]
        return tuple(("answer", answer) for answer in liked)

    def _hidden(self) -> frozenset[Cell]:
        liked = self._favourable_cells()
        others = tuple(
            ("answer", answer)
            for answer in self.scale["answer"]
            if ("answer", answer) not in liked
        )
        sums: list[Sum[Cell]] = [
            Sum(ALL, (YES, NO)),
            Sum(YES, liked),
            Sum(NO, (*others, NONE)),
        ]
        return hidden_cells(
            self._counts(),
            sums,
            up_to=self.response.up_to,
            never_shown={NO},
            kept={ALL},
        )

    def _item_response(self, hide_left_out: bool) -> Row:
        response, answered = self.response, int(self.given.sum())
        if hide_left_out:
            return suppressed("people invited", NO_INFERENCE)
        if response.is_nearly_all:
            return _bounded(answered, response)
        return share(
            "respondents", answered, "people invited", response.invited, said=NO_INFERENCE
        )

    def _favourable(self, is_hidden: bool, confidence_level: float) -> Row:
        answered, liked = self.response.answered, self._counts()[YES]
        figure = share(
            "respondents", liked, "respondents", answered, hidden=is_hidden, said=WHO_COUNTS
        )
        if is_hidden:
            return figure
        found = finite_population_share(
            liked,
            answered,
            self.response.invited_at_most,
            confidence_level=confidence_level,
        )
        if self.response.answered == self.response.invited:
            how = ALL_ANSWERED
        else:
            how = AS_BY_CHANCE
            how += f"; {WIDEST}" if self.response.is_nearly_all else ""
        said = f"{WHO_COUNTS}; {how}; {NO_INFERENCE}"
        return figure | {"low": found.low, "high": found.high, "said": said}
