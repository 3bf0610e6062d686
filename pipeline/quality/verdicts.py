"""Each file that was read: fit for use, fit with reservations, or not, and why."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EXPLAINED,
    FAULT,
    FILES,
    FIT,
    NOT_FIT,
    RESERVATION,
    RESERVATIONS,
)
from pipeline.quality.bounds import TRUSTS
from pipeline.quality.promised import as_promised
from pipeline.quality.published import Published

# ASSUME: two cases at fault in a hundred make a file unfit, and what is to be borne in mind
# counts from one case in a hundred; a single case among many is told by neither.
UNFIT = 0.02
MATERIAL = 0.01


def checks_of_back_test(back_test: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Count, file by file, the published totals that schools do not explain."""
    judged = back_test[back_test["verdict"].isin([AGREES, EXPLAINED, DIFFERS])]
    is_national = judged["record"].str.startswith("national")
    for whose, rows in (
        ("England", judged[is_national]),
        ("authorities", judged[~is_national]),
    ):
        for key, of_file in rows.groupby(["key_stage", "year", "source"]):
            yield dict(zip(("key_stage", "year", "file"), key, strict=True)) | {
                "check": f"figures of {whose} computed again from schools",
                "about": "the file",
                "examined": len(of_file),
                "failed": int((of_file["verdict"] == DIFFERS).sum()),
                "weight": FAULT,
                "if_failed": f"figures of {whose} differ from what their schools give",
            }


def checks_of_intervals(judged: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Count, file by file, the published intervals that value, pupils and SD do not give."""
    counted = judged[judged["in_target"].astype(bool) & (judged["record"] != TRUSTS)]
    for key, of_file in counted.groupby(["key_stage", "year", "source"], observed=True):
        yield dict(zip(("key_stage", "year", "file"), key, strict=True)) | {
            "check": "confidence intervals computed again",
            "about": "the file",
            "examined": len(of_file),
            "failed": int((~of_file["reproduced"].astype(bool)).sum()),
            "weight": FAULT,
            "if_failed": "published intervals do not follow from value, pupils and national SD",
        }


def files_of(table: Published) -> list[dict[str, Any]]:
    """List the files of one year, as the verdict on each names them."""
    return [
        {
            "key_stage": table.key_stage,
            "year": file["year"],
            "file": file["file"],
            "release": table.release,
            "area": file["area"],
            "sha256": file["sha256"],
        }
        for file in table.files
    ]


def verdicts(files: Iterable[dict[str, Any]], checks: pd.DataFrame) -> pd.DataFrame:
    """Give the verdict on each file, with every reservation and how much of it there is.

    A file is not fit for use where two in a hundred of what a check examined are at
    fault. It has reservations where anything is at fault, or where one in a hundred of
    what a check examined, and more than one case, is to be borne in mind.
    """
    return as_promised(
        [file | _verdict(checks[checks["file"] == file["file"]]) for file in files], FILES
    )


def _verdict(checks: pd.DataFrame) -> dict[str, str | None]:
    failed = checks[checks["failed"] > 0]
    share = failed["failed"] / failed["examined"]
    at_fault = failed["weight"] == FAULT
    more_than_one = (failed["failed"] > 1) | (failed["examined"] == 1)
    material = (failed["weight"] == RESERVATION) & (share >= MATERIAL) & more_than_one
    counts = at_fault | material
    if not counts.any():
        return {"verdict": FIT, "why": None}
    verdict = NOT_FIT if (at_fault & (share >= UNFIT)).any() else RESERVATIONS
    return {"verdict": verdict, "why": "; ".join(_told(failed[counts]))}


def _told(failed: pd.DataFrame) -> list[str]:
    """Tell each reservation once, with how much of what it concerns."""
    told = []
    for said, rows in failed.groupby("if_failed", sort=False):
        examined, count = int(rows["examined"].sum()), int(rows["failed"].sum())
        size = "" if examined == 1 else f" ({count:,} of {examined:,})"
        told.append(f"{said}{size}")
    return told
