"""School-level tables in the layout of explore-education-statistics, as tidy rows.

Such a table has one row for each school, year and group of pupils, and at key stages 2
and 5 for each subject or kind of qualification. Its columns are in `pipeline.measures.ees`.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.measures import ees
from pipeline.measures.catalogue import MEASURES, academic_year
from pipeline.measures.ees import EesColumns, Information, Layout
from pipeline.measures.measure import Group
from pipeline.measures.school_types import (
    code_of_type_group,
    place_in_comparison,
    record_type_of,
)
from pipeline.run.faults import InputFault
from pipeline.sources import table_file
from pipeline.sources.downloads import Download, opened
from pipeline.sources.published_cells import Block, Cells, Table, is_urn, spread, stack
from pipeline.sources.suppression import REASONS
from pipeline.sources.table_file import TableFile

# ASSUME: a school whose type is given nowhere is not compared in these tables, which mix
# special and independent schools among the others without a record type.
TYPE_NOT_GIVEN = "school type not given"
_MOST_LABELS = 40
"""Labels of rows left out that are told one by one."""


def read(download: Download) -> Table:
    """Read one year and release of a school-level table into tidy rows.

    Only rows of schools, about one group of pupils that the catalogue knows, and about
    one of its subjects are results; all others are counted in `rows` under what they are
    about. A row about two groups at once (girls who are disadvantaged) is counted, too.
    Raises InputFault for a cell that is neither a number nor a known code, for a school
    without a six-digit URN, and where two rows say the same of one school.
    """
    sorted_out = _Sorting(download)
    file = table_file.read_part(
        lambda: opened(download), download.shown, _columns, sorted_out.rows
    )
    layout = sorted_out.layout
    _refuse_without_schools(file, sorted_out)
    cells = Cells(file)
    urns = cells.texts(ees.URN)
    for place in np.flatnonzero(~is_urn(urns))[:1]:
        cells.refuse(int(place), ees.URN.lower(), "six digits")
    known = _Known.of(download)
    blocks, absent = _blocks(cells, download, layout, sorted_out.group, known)
    everything = np.ones(len(file.cells), dtype=np.bool_)
    results, place = stack(blocks, cells, everything, download)
    results["urn"] = spread(urns, place)
    _refuse_repeated(results, file)
    return Table(
        download=download,
        sha256=file.sha256,
        rows=sorted_out.told(),
        absent=absent,
        schools=_schools(cells, download, urns, known),
        results=results,
        aggregates=_no_aggregates(results),
    )


def _columns(header: tuple[str, ...]) -> set[str]:
    """Keep what tells of schools and pupils, and every measure of the layout."""
    layout = ees.layout_of(frozenset(header))
    about = {ees.URN, ees.NAME, ees.AUTHORITY, ees.TYPE}
    if layout is None:
        return about
    if layout.part is not None:
        about.add(layout.part)
    for columns in layout.columns.values():
        named = {columns.value, *columns.pupils, columns.low, columns.high}
        about |= {name for name in named if name is not None}
    return about


class _Sorting:
    """Which rows of a file are results of schools, and what the others are about."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._left_out: Counter[str] = Counter()
        self.group: list[Group] = []
        """What each row that is kept is about."""
        self.levels: set[str] = set()

    def rows(self, header: tuple[str, ...]) -> Callable[[list[str]], bool]:
        """Tell which rows to keep, for a file with these columns.

        A file in Windows-1252 is begun twice; what was noted the first time goes.
        """
        self.group.clear()
        self.levels.clear()
        self._left_out.clear()
        layout = ees.layout_of(frozenset(header))
        if layout is None:
            raise InputFault(
                self._download.shown,
                "this is no table of results of explore-education-statistics any more",
                expected="the file that was there when the folder was looked through",
                mend="do not change files while the pipeline runs",
                row=1,
            )
        self.layout = layout
        start = self._download.year - 1
        period = f"{start}{(start + 1) % 100:02d}"
        at = {name: place for place, name in enumerate(header)}
        filters = [(name, at[name]) for name in ees.FILTERS if name in at]
        parts = {columns.part for columns in layout.columns.values()}

        def is_wanted(row: list[str]) -> bool:
            if (
                row[at[ees.PERIOD]].strip() != period
                or row[at[ees.VERSION]].strip().lower() != self._download.release
            ):
                return False
            level = row[at[ees.LEVEL]].strip()
            if level.lower() not in ees.SCHOOL_LEVELS:
                self.levels.add(level)
                return self._leave_out(f"not of a school: {level}")
            if layout.part is not None and row[at[layout.part]].strip() not in parts:
                return self._leave_out(f"{layout.part}: {row[at[layout.part]].strip()}")
            group = self._group_of(row, filters, at)
            if group is None:
                return False
            if row[at[ees.URN]].strip().upper() in REASONS:
                return self._leave_out("a school without a number")
            self.group.append(group)
            return True

        return is_wanted

    def _group_of(
        self, row: list[str], filters: list[tuple[str, int]], at: dict[str, int]
    ) -> Group | None:
        """Tell which pupils a row is about; None, and counted, if no one known group."""
        labels = {
            name: label
            for name, place in filters
            if (label := row[place].strip().lower()) != ees.TOTAL
        }
        if len(labels) > 1:
            self._leave_out(f"two groups at once: {' and '.join(sorted(labels))}")
            return None
        of_filter = next(iter(labels.values()), ees.TOTAL)
        if ees.BREAKDOWN not in at:
            label, topic = of_filter, next(iter(labels), "")
        else:
            label = row[at[ees.BREAKDOWN]].strip().lower()
            topic = row[at[ees.TOPIC]].strip() if ees.TOPIC in at else ees.BREAKDOWN
        group = ees.GROUP_OF_LABEL.get(label)
        if group is None:
            self._leave_out(f"{topic}: {label}")
        elif labels and ees.GROUP_OF_LABEL.get(of_filter) != group:
            self._leave_out(f"two groups at once: {label} and {of_filter}")
            return None
        return group

    def _leave_out(self, what: str) -> bool:
        self._left_out[what[:100]] += 1
        return False

    def told(self) -> dict[str, int]:
        """Count all rows of the year and release by what they are about."""
        told = {"results of schools": len(self.group)}
        for what, rows in self._left_out.most_common(_MOST_LABELS):
            told[f"left out, {what}"] = rows
        rest = sum(self._left_out.values()) - (sum(told.values()) - len(self.group))
        return told | ({"left out, of many other labels": rest} if rest else {})


class _Known:
    """What the table of school information beside a table of results says of schools."""

    def __init__(self, cells: Cells, about: Information) -> None:
        urns = cells.texts(ees.URN).tolist()
        self._place = {urn: place for place, urn in reversed(list(enumerate(urns)))}
        codes = cells.texts(about.type_code) if about.type_code else None
        labels = cells.texts(ees.TYPE)
        self.types = [
            code or code_of_type_group(label)
            for code, label in zip(
                codes if codes is not None else [""] * len(labels), labels, strict=True
            )
        ]
        self.authorities = cells.texts(ees.AUTHORITY).tolist()
        self.names = cells.texts(ees.NAME).tolist()
        self._pupils = {
            group: (column.lower(), cells.pupils((column.lower(),))[0])
            for group, column in about.pupils.items()
            if column in cells
        }

    @classmethod
    def of(cls, download: Download) -> "_Known | None":
        """Read the information of the year, None where there is none."""
        beside = download.information
        if beside is None:
            return None
        about = next(i for i in ees.INFORMATION if i.key_stage == download.key_stage)
        start = download.year - 1
        period = f"{start}{(start + 1) % 100:02d}"

        def rows(header: tuple[str, ...]) -> Callable[[list[str]], bool]:
            at, level = header.index(ees.PERIOD), header.index(ees.LEVEL)
            return lambda row: (
                row[at].strip() == period
                and row[level].strip().lower() in ees.SCHOOL_LEVELS
            )

        wanted = {ees.URN, ees.NAME, ees.AUTHORITY, ees.TYPE, *about.pupils.values()}
        wanted |= {about.type_code} if about.type_code else set()
        file = table_file.read_part(
            lambda: opened(beside), beside.shown, lambda _: wanted, rows
        )
        return cls(Cells(file), about)

    def place(self, urns: pd.Series) -> NDArray[np.int64]:
        """Say where each school stands in the table; -1 where it does not."""
        return np.array([self._place.get(urn, -1) for urn in urns], dtype=np.int64)

    def pupils(
        self, group: Group, urns: pd.Series
    ) -> tuple[str, NDArray[np.float64]] | None:
        """Give the column and the numbers of pupils of a group, for these schools."""
        if group not in self._pupils:
            return None
        column, numbers = self._pupils[group]
        place = self.place(urns)
        return column, np.where(place < 0, np.nan, numbers[place])


def _blocks(
    cells: Cells,
    download: Download,
    layout: Layout,
    group_of_row: list[Group],
    known: _Known | None,
) -> tuple[list[Block], tuple[str, ...]]:
    groups = np.array(group_of_row, dtype=object)
    urns = cells.texts(ees.URN)
    parts = cells.texts(layout.part).to_numpy() if layout.part else None
    blocks: list[Block] = []
    absent: list[str] = []
    for measure in MEASURES[download.key_stage]:
        columns = layout.columns.get(measure.code)
        if columns is None or measure.why_not_published(download.year):
            continue
        columns = columns.as_written()
        if columns.value not in cells:
            absent.append(columns.value)
            continue
        figures = cells.measured(columns.value, measure)
        pupils, pupils_column = cells.pupils(columns.pupils)
        low, high = cells.bounds(columns.low), cells.bounds(columns.high)
        about_part = (
            np.ones(len(groups), dtype=np.bool_) if parts is None else parts == columns.part
        )
        for group in measure.columns:
            if measure.why_not_published(download.year, group):
                continue
            place = np.flatnonzero(about_part & (groups == group))
            block = Block(
                measure=measure.code,
                group=group,
                place=place,
                value=figures.value[place],
                explanation=figures.explanation[place],
                pupils=pupils[place],
                pupils_column=pupils_column[place],
                low=low[place],
                high=high[place],
            )
            blocks.append(_with_pupils(block, cells, columns, urns.iloc[place], known))
    if not blocks:
        raise InputFault(
            download.shown,
            f"no school-level figures of {academic_year(download.year)} that the "
            "catalogue knows",
            expected="a table of a year in which the department published one",
            mend="take the file away, if it is not meant to be read",
        )
    return blocks, tuple(absent)


def _with_pupils(
    block: Block, cells: Cells, columns: EesColumns, urns: pd.Series, known: _Known | None
) -> Block:
    """Add numbers of pupils from the table of information, where results have no column.

    SOURCE: the table of key stage 2 has no number of pupils; TELIG and the others stand
    in the table of school information of the same release.
    """
    if known is None or any(name in cells for name in columns.pupils):
        return block
    beside = known.pupils(block.group, urns)
    if beside is None:
        return block
    column, pupils = beside
    if column not in cells.pupils_columns:
        cells.pupils_columns.append(column)
    source = np.where(np.isnan(pupils), -1, cells.pupils_columns.index(column))
    return Block(
        measure=block.measure,
        group=block.group,
        place=block.place,
        value=block.value,
        explanation=block.explanation,
        pupils=pupils,
        pupils_column=source.astype(np.int16),
        low=block.low,
        high=block.high,
    )


def _schools(
    cells: Cells, download: Download, urns: pd.Series, known: _Known | None
) -> pd.DataFrame:
    """List each school once, from the first row about it."""
    first = ~urns.duplicated()
    urns = urns[first]
    names = cells.texts(ees.NAME)[first].tolist()
    authorities = cells.texts(ees.AUTHORITY)[first].tolist()
    types = [code_of_type_group(label) for label in cells.texts(ees.TYPE)[first]]
    if known is not None:
        for at, place in enumerate(known.place(urns).tolist()):
            if place >= 0:
                names[at] = names[at] or known.names[place]
                authorities[at] = authorities[at] or known.authorities[place]
                types[at] = types[at] or known.types[place]
    records = [record_type_of(code) for code in types]
    if download.key_stage == "ks5":
        records = ["1"] * len(types)
    return pd.DataFrame(
        {
            "urn": urns.to_numpy(),
            "year": download.year,
            "name": names,
            "local_authority": authorities,
            "record_type": records,
            "school_type": types,
            "place": [
                place_in_comparison(record, code, download.key_stage)
                if code
                else TYPE_NOT_GIVEN
                for record, code in zip(records, types, strict=True)
            ],
            "release": download.release,
            "source": download.shown,
            "row": urns.index.to_numpy(),
        }
    )


def _no_aggregates(results: pd.DataFrame) -> pd.DataFrame:
    """Give no totals: the school-level tables hold none."""
    none = results.iloc[:0].drop(columns="urn")
    blank = pd.Series(dtype=object)
    return none.assign(record=blank, local_authority=blank)


def _refuse_without_schools(file: TableFile, sorted_out: _Sorting) -> None:
    if file.cells.empty:
        levels = ", ".join(sorted(sorted_out.levels)[:5]) or "none"
        raise InputFault(
            file.shown,
            f"no row is a result of a school (geographic levels: {levels[:100]})",
            expected="rows whose geographic_level is School and whose breakdown is Total, "
            "or another group that the catalogue knows",
            mend="download the school-level data set",
            column=ees.LEVEL.lower(),
        )


def _refuse_repeated(results: pd.DataFrame, file: TableFile) -> None:
    key = ["urn", "measure", "group"]
    repeated = results[results.duplicated(key, keep=False)]
    if not repeated.empty:
        urn, measure, group = repeated.iloc[0][key]
        same = (repeated[key] == [urn, measure, group]).all(axis=1)
        rows = repeated.loc[same, "row"].tolist()
        raise InputFault(
            file.shown,
            f"rows {' and '.join(map(str, rows[:5]))} both give {measure} ({group}) of "
            f"the school {urn}",
            expected="one row for each school and group of pupils",
            mend="download the data set again; if it says the same, its layout is new: "
            "tell the maintainers",
            row=rows[-1],
        )
