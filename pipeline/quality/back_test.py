"""Every published figure of an authority or of England, computed again from its schools."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.contracts.quality import BACK_TEST
from pipeline.measures.catalogue import MEASURES, TABLES
from pipeline.measures.measure import GROUPS, KeyStage
from pipeline.quality.judged import judge
from pipeline.quality.promised import as_promised
from pipeline.quality.published import LOCAL_AUTHORITY, Published
from pipeline.quality.recomputed import COLUMNS, recompute
from pipeline.quality.weights import MEANS_OVER_ENTRIES
from pipeline.sources.suppression import REASONS

ALL_SCHOOLS = "national, all schools"
_KEY = ["record", "local_authority", "year", "measure", "group"]
_NO_ENGLAND = "these files do not hold all schools of England"
_NO_AUTHORITY = "these files do not hold all schools of the authority"
_NO_SCHOOL = "no school has a figure and a number of pupils"
_ENTRIES = "a mean over entries, whose number is not published"

Codes = npt.NDArray[np.int64]


def back_test(published: Published, *, suppress_pupils_up_to: int) -> pd.DataFrame:
    """Make every published figure of a local authority or of England again.

    The schools of an authority and of the state-funded row are the state-funded ones,
    special schools and colleges among them; the row of all schools counts every school.
    Each school weighs by its pupils. Every published row is in the result, with a figure
    or the reason why there is none.
    """
    measures = {m.code: m for m in MEASURES[published.key_stage]}
    rows = published.aggregates.sort_values(
        ["value", "source"], na_position="last", kind="stable"
    )
    rows = rows.drop_duplicates(_KEY).sort_values(_KEY, ignore_index=True)
    named = {*published.results["pupils_column"].cat.categories}
    columns = sorted(named | {*rows["pupils_column"].dropna()})
    rows["column"] = _coded(rows["pupils_column"], columns)
    schools = published.results.assign(
        column=_coded(published.results["pupils_column"], columns),
        suppressed=_is(published.results, "SUPP"),
        no_entries=_is(published.results, "NE"),
    )
    made = rows.join(_made_again(rows, schools, published.key_stage))
    made["spread"] = _spread(rows, schools, published.key_stage)
    made["why_not"] = _why_not(made, published)
    judged = judge(made, measures, up_to=suppress_pupils_up_to)
    return as_promised(judged.assign(key_stage=published.key_stage), BACK_TEST)


def _is(table: pd.DataFrame, code: str) -> npt.NDArray[np.bool_]:
    return (table["reason"] == REASONS[code]).to_numpy(dtype=bool)


def _coded(words: pd.Series, known: list[str]) -> Codes:
    codes = words.astype("category").cat.set_categories(known).cat.codes
    return codes.to_numpy().astype(np.int64)


def _made_again(
    rows: pd.DataFrame, schools: pd.DataFrame, key_stage: KeyStage
) -> pd.DataFrame:
    """Recompute the figures of each kind of row from the schools that it counts."""
    authorities = sorted(set(schools["local_authority"].dropna().astype("str")))
    row_cell, school_cell = (_cell(table, key_stage) for table in (rows, schools))
    row_area, school_area = (
        _coded(table["local_authority"], authorities) for table in (rows, schools)
    )
    funded = schools["state_funded"].to_numpy(dtype=bool)
    parts = []
    for record, of_record in rows.groupby("record").indices.items():
        counted = np.ones(len(schools), bool) if record == ALL_SCHOOLS else funded
        by_area = record == LOCAL_AUTHORITY
        asked = row_cell[of_record] * 1000 + (row_area[of_record] + 1 if by_area else 0)
        offered = school_cell * 1000 + (school_area + 1 if by_area else 0)
        places = np.unique(asked)
        at = np.searchsorted(places, offered).clip(max=len(places) - 1)
        chosen = counted & (places[at] == offered)
        found = recompute(schools.loc[chosen, COLUMNS], at[chosen], len(places))
        of_rows = found.iloc[np.searchsorted(places, asked)]
        parts.append(of_rows.set_index(rows.index[of_record]))
    made = pd.concat(parts) if parts else recompute(schools.iloc[:0], _NONE, 0)
    return made.rename(columns={n: f"made_{n}" for n in made.columns if n in rows.columns})


def _spread(
    rows: pd.DataFrame, schools: pd.DataFrame, key_stage: KeyStage
) -> npt.NDArray[np.float64]:
    """Give how far apart the middle nine tenths of schools lie, in each row's cell."""
    values = schools["value"].groupby(_cell(schools, key_stage))
    middle = values.quantile(0.95) - values.quantile(0.05)
    return middle.reindex(_cell(rows, key_stage)).to_numpy(dtype=float)


_NONE: Codes = np.array([], dtype=np.int64)


def _cell(table: pd.DataFrame, key_stage: KeyStage) -> Codes:
    """Number the cells of year, measure and group."""
    measures = [m.code for m in MEASURES[key_stage]]
    measure = _coded(table["measure"], measures)
    group = _coded(table["group"], list(GROUPS))
    year = table["year"].to_numpy(dtype=np.int64)
    cell: Codes = (year * len(measures) + measure) * len(GROUPS) + group
    return cell


def _why_not(made: pd.DataFrame, published: Published) -> pd.Series:
    """Say why a row cannot be computed again; empty where it can."""
    areas = {(f["year"], f["area"]) for f in published.files}
    england = made["year"].isin({year for year, area in areas if area == "england"})
    pairs = zip(made["year"], made["local_authority"], strict=True)
    own = pd.Series([pair in areas for pair in pairs], index=made.index)
    is_authority = made["record"] == LOCAL_AUTHORITY
    known = set(TABLES[published.key_stage].AGGREGATE_RECORDS.values())
    said = pd.Series(None, index=made.index, dtype=object)
    for why, applies in (
        (_NO_SCHOOL, made["mean"].isna()),
        (_ENTRIES, made["measure"].isin(MEANS_OVER_ENTRIES)),
        (_NO_AUTHORITY, is_authority & ~england & ~own),
        (_NO_ENGLAND, ~is_authority & ~england),
        ("no rule says which schools it counts", ~made["record"].isin(known)),
    ):
        said = said.mask(applies, why)
    return said
