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
        sentence = f"No published figure {whose} can be made again from these files."
        return Fact(f"quality.{name}", sentence, None, 0, "back_test")
    sentence = (
        f"Of {judged:,} published figures {whose} that were made again from schools, "
        f"{agree:,} agree to rounding, {explained:,} are explained by pupils in no "
        f"school\u2019s figure or by weights, and {differ:,} "
        f"{'differs' if differ == 1 else 'differ'}."
    )
    return Fact(f"quality.{name}", sentence, 1 - differ / judged, judged, "back_test")


def _intervals(intervals: pd.DataFrame) -> Fact:
    counted = intervals[intervals["in_target"]]
    of, met = int(counted["intervals"].sum()), int(counted["reproduced"].sum())
    if of == 0:
        sentence = "These files hold no published interval with its number of pupils."
        return Fact("quality.intervals", sentence, None, 0, "intervals")
    sentence = (
        f"{met:,} of {of:,} published confidence intervals ({_share(met, of)}) follow from "
        "the figure, its pupils and the national SD, to rounding."
    )
    return Fact("quality.intervals", sentence, met / of, of, "intervals")


def _sds(recovered: pd.DataFrame) -> Fact:
    whole = recovered[recovered["group"] == EVERY_GROUP]
    known = whole[whole["known"].notna()]
    allowed = known["known"].between(known["low"], known["high"])
    if whole.empty:
        sentence = "No national SD could be recovered from these files."
        return Fact("quality.sds", sentence, None, 0, "recovered_sds")
    sentence = (
        f"{len(whole):,} national SDs were recovered from published intervals; of the "
        f"{len(known):,} kept with the project, {int(allowed.sum()):,} lie where these "
        "intervals allow."
    )
    share = float(allowed.mean()) if len(known) else None
    return Fact("quality.sds", sentence, share, len(known), "recovered_sds")


def _missing(missing: pd.DataFrame) -> Fact:
    of, lacking, suppressed = (
        int(missing[name].sum()) for name in ("cells", "missing", "suppressed")
    )
    if of == 0:
        sentence = "These files hold no state-funded mainstream school."
        return Fact("quality.missing", sentence, None, 0, "missing")
    sentence = (
        f"State-funded mainstream schools lack {_share(lacking, of)} of {of:,} figures; "
        f"the department suppressed {_share(suppressed, of)}."
    )
    return Fact("quality.missing", sentence, lacking / of, of, "missing")


def _files(files: pd.DataFrame) -> Fact:
    counts = files["verdict"].value_counts()
    fit, some, none = (int(counts.get(v, 0)) for v in (FIT, RESERVATIONS, NOT_FIT))
    if files.empty:
        return Fact("quality.files", "No file was read.", None, 0, "files")
    sentence = (
        f"Of {len(files):,} files, {fit:,} {'is' if fit == 1 else 'are'} fit for use, "
        f"{some:,} with reservations, and {none:,} {'is' if none == 1 else 'are'} not fit."
    )
    return Fact("quality.files", sentence, (fit + some) / len(files), len(files), "files")


def _share(part: int, whole: int) -> str:
    """Write a share so that 99.97 in a hundred does not become all of them."""
    text = f"{part / whole:.1%}"
    if text == "100.0%" and part < whole:
        return "over 99.9%"
    if text == "0.0%" and part > 0:
        return "under 0.1%"
    return text
