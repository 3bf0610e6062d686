"""Which tables stand in the folder of sources: loose, or inside the zip of a download."""

import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.measures import ees
from pipeline.measures.measure import KEY_STAGES, KeyStage
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import table_file

# SOURCE: the download site names a file england_ks4final.csv inside its zip, and
# 2018-2019_england_ks4final.csv where one file alone is saved.
FILE_NAME = re.compile(
    r"(?:(?P<year>20[0-9]{2}-20[0-9]{2})_)?"
    r"(?P<area>england|[0-9]{3})_(?P<key_stage>ks[245])(?P<release>final|revised|provisional)"
    r"\.csv",
    re.IGNORECASE,
)
FOLDER_NAME = re.compile(r"(?P<start>20[0-9]{2})-(?P<end>20[0-9]{2})")
RELEASES = ("final", "revised", "provisional")
_SAVE = "save the downloads there, or correct sources.folder"

# The largest table known has 96 MB (three years of key stage 4 by group of pupils), and
# tables of codes shrink to a thirtieth: more than this is no download of the department.
MOST_BYTES = 1_000_000_000
MOST_SHRUNK = 200
MOST_MEMBERS = 1_000
"""In one zip. The department's hold a few dozen."""
_START = 65_536
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
)
"""What reading a damaged zip may raise."""


@dataclass(frozen=True)
class Member:
    """One file inside a zip."""

    name: str
    crc: int
    size: int


@dataclass(frozen=True)
class Download:
    """One table of one year and release, as it was downloaded."""

    path: Path
    """The file, or the zip that holds it."""
    shown: str
    year: int
    area: str
    key_stage: KeyStage
    release: str
    """Empty for a table of school information, which has no release."""
    member: Member | None = None
    """Where in the zip it stands, if it is a zip."""
    is_ees: bool = False
    """Whether it has the layout of explore-education-statistics."""
    information: "Download | None" = None
    """The table of school information beside one of explore-education-statistics: school
    types and numbers of pupils, where the table of results has none."""
    superseded_by: str | None = None
    """The download-site table of England that holds the same year and release; then this
    one is not read."""


def find(folder: Path, shown_from: str) -> list[Download]:
    """List the performance tables in a folder of downloads, whatever their release.

    Tables of the download site are known by their name; their year is the folder's, or
    stands in the name. Tables of explore-education-statistics are known by their columns,
    and one file may hold several years, which are listed one by one. Zips are looked
    into and never unpacked. A table of school information of a year that has no results
    is listed too, without a release, so that it is told that it was found. Raises Fault
    when there is no such folder or no table in it, and InputFault for a table whose year
    cannot be told, for two different files of one table, and for a zip that cannot be
    trusted or read.
    """
    if not folder.is_dir():
        raise Fault(
            f"{shown_from}: no such folder\n"
            "  expected: the folder of downloads, with one folder for each academic "
            "year\n  what to do: correct sources.folder in params.yaml"
        )
    site: list[Download] = []
    published: list[Download] = []
    information: list[Download] = []
    for place in _places(folder):
        name = FILE_NAME.fullmatch(place.name)
        if name is not None:
            if place.is_at_the_top and name["year"] is None:
                continue
            site.append(_of_site(place, name))
        elif place.name.lower().endswith(".csv"):
            of_file = _of_ees(place)
            published += [d for d in of_file if d.release]
            information += [d for d in of_file if not d.release]
    tables = [*_once(site), *_with_information(_once(published), information)]
    found = [*_superseded(tables), *_beside_no_results(tables, information)]
    if not tables:
        raise Fault(
            f"{shown_from}: no performance table in this folder\n"
            "  expected: files such as 2018-2019/england_ks4final.csv\n"
            f"  what to do: {_SAVE}"
        )
    return sorted(found, key=lambda d: (d.is_ees, d.shown, d.year))


def overlooked(folder: Path, key_stage: KeyStage) -> list[str]:
    """List files that look like tables of a key stage and are not where or how named."""
    near = re.compile(rf".*_{key_stage}(final|revised|provisional).*", re.IGNORECASE)
    listed = []
    for place in _places(folder):
        name = FILE_NAME.fullmatch(place.name)
        is_table = name is not None and (not place.is_at_the_top or name["year"])
        is_nested = place.member is not None and place.name.lower().endswith(".zip")
        if (near.fullmatch(place.name) and not is_table) or is_nested:
            listed.append(place.shown)
    return sorted(listed)


def content(download: Download) -> bytes:
    """Read the bytes of a table, as `opened` opens it."""
    with opened(download) as file:
        return table_file.read_whole(file)


def opened(download: Download) -> AbstractContextManager[IO[bytes]]:
    """Open a table for reading its bytes, from its file or from its zip.

    Raises InputFault for a file that cannot be read and for a zip that is broken.
    """
    return _opened(_Place(download.path, download.shown, download.member))


@dataclass(frozen=True)
class _Place:
    """Where one file stands: in the folder, or as a member of a zip in it."""

    path: Path
    shown: str
    member: Member | None = None
    is_at_the_top: bool = False
    archive: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)
    """The zip, while its files are gone through: it is opened once for all of them."""

    @property
    def name(self) -> str:
        return PurePosixPath(self.member.name).name if self.member else self.path.name


def _places(folder: Path) -> Iterator[_Place]:
    """Walk through all files of a folder and of the zips in it, in the order of names."""
    for path in _files(folder):
        shown = path.relative_to(folder).as_posix()
        if path.suffix.lower() == ".zip":
            with _zip(path, shown) as archive:
                for member in _members(archive, path, shown):
                    yield _Place(path, f"{shown}/{member.name}", member, archive=archive)
        else:
            yield _Place(path, shown, is_at_the_top=path.parent == folder)


def _files(folder: Path) -> list[Path]:
    """List every file below a folder; a folder that cannot be read is a fault.

    A folder that is silently passed over would read as a year that was not supplied.
    """

    def refuse(unreadable: OSError) -> None:
        raise InputFault(
            Path(unreadable.filename).relative_to(folder).as_posix(),
            f"the folder cannot be read ({unreadable.strerror})",
            expected="a folder of downloads that you may read",
            mend="give yourself the right to read it",
        ) from unreadable

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        tables = [name for name in folders if FILE_NAME.fullmatch(name)]
        found += [Path(parent) / name for name in (*names, *tables)]
    return sorted(found)


def _of_site(place: _Place, name: re.Match[str]) -> Download:
    return Download(
        path=place.path,
        shown=place.shown,
        year=_year_of(place, name["year"]),
        area=name["area"].lower(),
        key_stage=_key_stage(name["key_stage"]),
        release=name["release"].lower(),
        member=place.member,
    )


def _key_stage(name: str) -> KeyStage:
    return next(stage for stage in KEY_STAGES if stage == name.lower())


def _year_of(place: _Place, in_name: str | None) -> int:
    """Tell the year from the name of the file and from the folders it stands in.

    A zip's own folder counts where the folders inside the zip name no year.
    """
    folders = []
    if place.member is not None:
        folders.append(PurePosixPath(place.member.name).parent.name)
    if not place.is_at_the_top:
        folders.append(place.path.parent.name)
    named = [in_name, *folders] if in_name else folders
    years = {text: year for text in named if (year := _academic_year(text)) is not None}
    if len(set(years.values())) > 1:
        raise InputFault(
            place.shown,
            f"its name and its folders name two years ({' and '.join(sorted(years))})",
            expected="one year",
            mend="look which year the table is of, and save it in that year's folder",
        )
    if years and (in_name is None or in_name in years):
        return next(iter(years.values()))
    wrong = in_name or (folders[0] if folders and folders[0] else place.path.parent.name)
    raise InputFault(
        place.shown,
        f"the folder {wrong!r} names no academic year"
        if in_name is None
        else f"its name begins with {wrong!r}, which is no academic year",
        expected="a folder such as 2018-2019",
        mend="rename the folder" if in_name is None else "rename the file",
    )


def _academic_year(folder: str) -> int | None:
    years = FOLDER_NAME.fullmatch(folder)
    if years is None or int(years["end"]) != int(years["start"]) + 1:
        return None
    return int(years["end"])


def _of_ees(place: _Place) -> list[Download]:
    """List the tables of one file of explore-education-statistics, by year and release.

    A table of school information describes whatever stands beside it: its `release` is
    empty.
    """
    with _opened(place) as file:
        columns = frozenset(table_file.first_columns(file.read(_START)))
    layout, information = ees.layout_of(columns), ees.information_of(columns)
    about = layout or information
    if about is None:
        return []
    if layout and ees.VERSION not in columns:
        raise InputFault(
            place.shown,
            f"the column {ees.VERSION.lower()} is missing",
            expected="the whole data set, which says of each row whether it is "
            "provisional, revised or final",
            mend="download the data set's CSV; do not choose columns",
            row=1,
        )
    changed = place.path.stat().st_mtime_ns
    slices = {
        (_period(period, place), _version(version, place) if layout else "")
        for period, version in _periods_and_versions(place, changed)
    }
    return [
        Download(
            path=place.path,
            shown=place.shown,
            year=year,
            area="england",
            key_stage=about.key_stage,
            release=release,
            member=place.member,
            is_ees=True,
        )
        for year, release in sorted(slices)
    ]


@lru_cache(maxsize=64)
def _periods_and_versions(place: _Place, changed: int) -> frozenset[tuple[str, str]]:
    """Give each pair that the rows of a file hold; `changed` is when it was written."""
    del changed
    found: set[tuple[str, str]] = set()

    def note(header: tuple[str, ...]) -> Callable[[list[str]], bool]:
        found.clear()
        period = header.index(ees.PERIOD)
        version = header.index(ees.VERSION) if ees.VERSION in header else None

        def wanted(row: list[str]) -> bool:
            found.add((row[period], "" if version is None else row[version]))
            return False

        return wanted

    table_file.read_part(lambda: _opened(place), place.shown, lambda _: set(), note)
    return frozenset(found)


def _period(text: str, place: _Place) -> int:
    """Read a time period: 202324 is the academic year 2023/24, told by its end."""
    digits = text.strip()
    if not re.fullmatch(r"20[0-9]{4}", digits) or (
        int(digits[4:]) != (int(digits[:4]) + 1) % 100
    ):
        raise InputFault(
            place.shown,
            f"found {text[:40]!r}",
            expected="an academic year such as 202324",
            mend="download the data set again; calendar years belong to other tables",
            column=ees.PERIOD.lower(),
        )
    return int(digits[:4]) + 1


def _version(text: str, place: _Place) -> str:
    release = text.strip().lower()
    if release not in RELEASES:
        raise InputFault(
            place.shown,
            f"found {text[:40]!r}",
            expected=f"one of {', '.join(RELEASES)}",
            mend="download the data set again",
            column=ees.VERSION.lower(),
        )
    return release


def _once(tables: list[Download]) -> list[Download]:
    """Keep each table once where it was saved twice; refuse two that differ."""
    kept: dict[tuple[object, ...], Download] = {}
    # A loose file is kept before one in a zip: it is the one that people look at.
    for table in sorted(tables, key=lambda d: (d.member is not None, d.shown)):
        key = (table.key_stage, table.year, table.area, table.release)
        first = kept.setdefault(key, table)
        if first is not table and _mark(first) != _mark(table):
            raise Fault(
                f"{first.shown} and {table.shown}: two different files of one table\n"
                "  expected: every table once, or the same file twice\n"
                "  what to do: keep the one that was downloaded last"
            )
    return list(kept.values())


def _mark(table: Download) -> tuple[int, int]:
    """Tell a file by its length and checksum, which a zip states without unpacking."""
    if table.member is not None:
        return table.member.size, table.member.crc
    loose = content(table)
    return len(loose), zlib.crc32(loose)


def _with_information(
    tables: list[Download], information: list[Download]
) -> list[Download]:
    beside = {(d.key_stage, d.year): d for d in reversed(information)}
    return [replace(t, information=beside.get((t.key_stage, t.year))) for t in tables]


def _beside_no_results(
    tables: list[Download], information: list[Download]
) -> list[Download]:
    """Give the tables of school information of years that have no results."""
    with_results = {(t.key_stage, t.year) for t in tables}
    return [d for d in information if (d.key_stage, d.year) not in with_results]


def _superseded(tables: list[Download]) -> list[Download]:
    """Mark tables of explore-education-statistics that the download site has too."""
    # ASSUME: the download site's table is preferred where both hold a year and release,
    # since it states school types and the pupils behind each figure at every key stage.
    whole = {
        (t.key_stage, t.year, t.release): t.shown
        for t in tables
        if not t.is_ees and t.area == "england"
    }
    return [
        replace(t, superseded_by=whole.get((t.key_stage, t.year, t.release)))
        if t.is_ees
        else t
        for t in tables
    ]


def _members(archive: zipfile.ZipFile, path: Path, shown: str) -> list[Member]:
    """List the files of a zip, having looked whether it can be trusted."""
    listed = [e for e in archive.infolist() if not e.filename.endswith("/")]
    if len(listed) > MOST_MEMBERS:
        raise _untrusted(
            shown, f"it holds {len(listed):,} files", f"at most {MOST_MEMBERS:,} files"
        )
    for entry in listed:
        _refuse_untrusted(entry, shown)
    if sum(entry.compress_size for entry in listed) > path.stat().st_size:
        raise _untrusted(shown, "its files overlap", "files one after the other")
    return [Member(entry.filename, entry.CRC, entry.file_size) for entry in listed]


def _refuse_untrusted(entry: zipfile.ZipInfo, shown: str) -> None:
    name = entry.filename
    parts = PurePosixPath(name).parts
    if not parts:
        raise _untrusted(shown, "it holds a file without a name", "files with names")
    wrong = "\\" in name or ":" in name or not name.isprintable()
    if wrong or name.startswith("/") or ".." in parts:
        raise _untrusted(
            shown,
            f"it holds a file named {name[:60]!r}, which leads out of the zip",
            "plain names such as 2018-2019/england_ks4final.csv",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _untrusted(shown, f"{name!r} is a link", "files only")
    if entry.flag_bits & 0x1:
        raise _untrusted(shown, f"{name!r} is locked with a password", "an open zip")
    if entry.file_size > MOST_BYTES:
        raise _untrusted(
            shown,
            f"{name!r} would be {entry.file_size:,} bytes",
            f"at most {MOST_BYTES:,} bytes",
        )
    if entry.file_size > MOST_SHRUNK * max(entry.compress_size, 1) + _START:
        raise _untrusted(
            shown,
            f"{name!r} would grow from {entry.compress_size:,} bytes to "
            f"{entry.file_size:,}",
            f"at most {MOST_SHRUNK} times its length",
        )


def _untrusted(shown: str, problem: str, expected: str) -> InputFault:
    return InputFault(
        shown,
        problem,
        expected=f"a zip as the department's site gives it: {expected}",
        mend="download the zip again; do not use one from elsewhere",
    )


@contextmanager
def _zip(path: Path, shown: str) -> Iterator[zipfile.ZipFile]:
    try:
        file = table_file.open_file(path)
    except OSError as unreadable:
        raise table_file.cannot_read(shown, unreadable) from unreadable
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as broken:
            # A zip with hostile bytes in its list of files raises errors of many kinds.
            raise _broken(shown, broken) from broken
        with archive, _damage_told(shown):
            yield archive


@contextmanager
def _damage_told(shown: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as broken:
        raise _broken(shown, broken) from broken


def _broken(shown: str, why: Exception) -> InputFault:
    return InputFault(
        shown,
        f"the zip cannot be read ({str(why)[:100]})",
        expected="a whole zip, as downloaded",
        mend="download it again; it may have been cut off",
    )


@contextmanager
def _opened(place: _Place) -> Iterator[IO[bytes]]:
    """Open a file, loose or in a zip, for reading its bytes."""
    if place.member is None:
        try:
            file = table_file.open_file(place.path)
        except OSError as unreadable:
            raise table_file.cannot_read(place.shown, unreadable) from unreadable
        with file:
            yield file
        return
    if place.archive is not None:
        with _damage_told(place.shown), _unpacked(place.archive, place.member) as file:
            yield file
        return
    with _zip(place.path, place.shown) as archive, _unpacked(archive, place.member) as file:
        yield file


def _unpacked(archive: zipfile.ZipFile, member: Member) -> IO[bytes]:
    # Two members may bear one name: the checksum tells which was meant.
    meant = member.name, member.crc, member.size
    for entry in archive.infolist():
        if (entry.filename, entry.CRC, entry.file_size) == meant:
            return archive.open(entry)
    raise zipfile.BadZipFile(f"{member.name} is no longer in it")
