"""What the checks found, in at most six sentences, each bound to one number."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EVERY_GROUP,
    EXPLAINED,
    FIT,
    NOT_FIT,
    RESERVATIONS,
)


@dataclass(frozen=True)
class Fact:
    """One number of the data-quality report, and the sentence that says it."""

    id: str
    sentence: str
    value_is: str
    """What the value is: 'share_missing'."""
    value: float | None
    of: int
    table: str
    """The table that the number is counted from."""

    def as_record(self) -> dict[str, Any]:
        """The fact as it stands in `results.json`."""
        return asdict(self)


def headlines(tables: dict[str, pd.DataFrame]) -> list[Fact]:
    """Write the sentences at the top of the report; the same six in every run."""
    is_national = tables["back_test"]["record"].str.startswith("national")
    return [
        _made_again("national", "of England", tables["back_test"][is_national]),
        _made_again(
            "authorities", "of local authorities", tables["back_test"][~is_national]
        ),
        _intervals(tables["intervals"]),
        _sds(tables["recovered_sds"]),
        _missing(tables["missing"]),
        _files(tables["files"]),
    ]


def _made_again(name: str, whose: str, rows: pd.DataFrame) -> Fact:
    counts = rows["verdict"].value_counts()
    agree, explained, differ = (int(counts.get(v, 0)) for v in (AGREES, EXPLAINED, DIFFERS))
    judged = agree + explained + differ
    if judged == 0:
        sentence = f"No published figure {whose} can be computed again from these files."
        return Fact(f"quality.{name}", sentence, "share_agreeing", None, 0, "back_test")
    sentence = (
        f"Of {judged:,} published figures {whose} that were computed again from schools, "
        f"{agree:,} {_agree(agree)} to rounding; {explained:,} {_differ(explained)} by no "
        "more than pupils missing from the schools\u2019 figures, or weights that are not "
        f"published, could cause; {differ:,} {_differ(differ)} by more."
    )
    return Fact(
        f"quality.{name}", sentence, "share_agreeing", agree / judged, judged, "back_test"
    )


def _agree(count: int) -> str:
    return "agrees" if count == 1 else "agree"


def _differ(count: int) -> str:
    return "differs" if count == 1 else "differ"


def _intervals(intervals: pd.DataFrame) -> Fact:
    counted = intervals[intervals["in_target"]]
    of, met = int(counted["intervals"].sum()), int(counted["reproduced"].sum())
    if of == 0:
        sentence = "These files hold no published interval with its number of pupils."
        return Fact("quality.intervals", sentence, "share_reproduced", None, 0, "intervals")
    sentence = (
        f"{met:,} of {of:,} published confidence intervals ({_share(met, of)}) follow from "
        "the figure, its pupils and the national SD, to rounding."
    )
    return Fact(
        "quality.intervals", sentence, "share_reproduced", met / of, of, "intervals"
    )


def _sds(recovered: pd.DataFrame) -> Fact:
    whole = recovered[recovered["group"] == EVERY_GROUP]
    known = whole[whole["known"].notna()]
    allowed = known["known"].between(known["low"], known["high"])
    if whole.empty:
        sentence = "No national SD could be recovered from these files."
        return Fact("quality.sds", sentence, "share_allowed", None, 0, "recovered_sds")
    sentence = (
        f"{len(whole):,} national SDs were recovered from published intervals; of the "
        f"{len(known):,} kept with the project, {int(allowed.sum()):,} lie where these "
        "intervals allow."
    )
    share = float(allowed.mean()) if len(known) else None
    return Fact(
        "quality.sds", sentence, "share_allowed", share, len(known), "recovered_sds"
    )


def _missing(missing: pd.DataFrame) -> Fact:
    of, lacking, suppressed, undecided = (
        int(missing[name].sum()) for name in ("cells", "missing", "suppressed", "undecided")
    )
    if of == 0:
        sentence = "These files hold no state-funded mainstream school."
        return Fact("quality.missing", sentence, "share_missing", None, 0, "missing")
    lack = f"State-funded mainstream schools lack {_share(lacking, of)} of {of:,} figures"
    if not undecided:
        said = f"the department suppressed {_share(suppressed, of)}"
    elif not suppressed:
        said = (
            "how many of them the department suppressed is not known, as these files hold "
            "no code of suppression and leave cells blank"
        )
    else:
        said = (
            f"the department suppressed {_share(suppressed, of)} at least; of "
            f"{_share(undecided, of)} it is not known, as their files hold no code of "
            "suppression and leave cells blank"
        )
    return Fact(
        "quality.missing", f"{lack}; {said}.", "share_missing", lacking / of, of, "missing"
    )


def _files(files: pd.DataFrame) -> Fact:
    counts = files["verdict"].value_counts()
    fit, some, none = (int(counts.get(v, 0)) for v in (FIT, RESERVATIONS, NOT_FIT))
    if files.empty:
        sentence = "No file was read."
        return Fact("quality.files", sentence, "share_fit", None, 0, "files")
    sentence = (
        f"Of {len(files):,} files, {fit:,} {'is' if fit == 1 else 'are'} fit for use "
        f"without reservations, {some:,} with reservations, and {none:,} "
        f"{'is' if none == 1 else 'are'} not fit."
    )
    return Fact(
        "quality.files",
        sentence,
        "share_fit",
        fit / len(files),
        len(files),
        "files",
    )


def _share(part: int, whole: int) -> str:
    """Write a share so that 99.97 in a hundred does not become all of them."""
    text = f"{part / whole:.1%}"
    if text == "100.0%" and part < whole:
        return "over 99.9%"
    if text == "0.0%" and part > 0:
        return "under 0.1%"
    return text
