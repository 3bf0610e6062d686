"""Which choice moves the answer: the specification curve, choice by choice."""

import pandas as pd

from pipeline.contracts.specifications import CHOICES

COLUMNS = (*CHOICES, "years")


def by_choice(fits: pd.DataFrame) -> pd.DataFrame:
    """Sum up the fits of one curve that share a choice, for every choice that was open.

    One row for each choice: dimension, choice, specifications (with an estimate), median,
    smallest, largest, above_zero, and clear_above and clear_below (intervals that lie
    wholly on one side). The first row is of all fits. A dimension in which only one
    choice was to be had has no row.
    """
    held = fits[fits["estimate"].notna()]
    rows = [_summed("all", "all specifications", held)]
    for name in COLUMNS:
        order = CHOICES.get(name) or tuple(held["years"].drop_duplicates())
        taken = [choice for choice in order if (held[name] == choice).any()]
        if len(taken) > 1:
            rows += [_summed(name, one, held[held[name] == one]) for one in taken]
    return pd.DataFrame(rows)


def _summed(dimension: str, choice: str, fits: pd.DataFrame) -> dict[str, object]:
    estimate = fits["estimate"]
    return {
        "dimension": dimension,
        "choice": choice,
        "specifications": len(fits),
        "median": estimate.median(),
        "smallest": estimate.min(),
        "largest": estimate.max(),
        "above_zero": int((estimate > 0).sum()),
        "clear_above": int((fits["low"] > 0).sum()),
        "clear_below": int((fits["high"] < 0).sum()),
    }


def shown(fits: pd.DataFrame) -> pd.DataFrame:
    """Show every curve of every outcome choice by choice, each row with its curve."""
    keys = ["key_stage", "measure", "group", "curve"]
    parts = [
        by_choice(rows).assign(
            **{key: str(name) for key, name in zip(keys, names, strict=True)}
        )
        for names, rows in fits.groupby(keys, sort=False)
    ]
    if not parts:
        return pd.DataFrame(columns=keys)
    table = pd.concat(parts, ignore_index=True)
    return table[[*keys, *table.columns.drop(keys)]].round(3)
