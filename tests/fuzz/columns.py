"""Which columns of a file are read, so that spoiling hits what matters."""

from functools import cache

from pipeline.measures import context, ees
from pipeline.measures.catalogue import MEASURES
from pipeline.sources.trust_tables import TABLES as TRUST_TABLES
from tests.fuzz.cases import Start
from tests.fuzz.grids import Rows, Sheet, rows_of_workbook, sheet_of

_ABOUT = [
    "RECTYPE",
    "URN",
    "LEA",
    "LA",
    "NFTYPE",
    "ESTAB",
    "SCHOOL_URN",
    "TIME_PERIOD",
    "VERSION",
    "GEOGRAPHIC_LEVEL",
    "BREAKDOWN",
    "SUBJECT",
    "EXAM_COHORT",
    "SEX",
    "DISADVANTAGE_STATUS",
    "LINKURN",
    "LINKTYPE",
    "LINKESTABLISHEDDATE",
    "GROUP UID",
    "JOINED DATE",
    "CLOSED DATE",
    "DATE JOINED GROUP",
    "DATE LEFT GROUP",
    "GROUP CLOSED DATE",
    "LA (CODE)",
    "ESTABLISHMENTNUMBER",
    "OPENDATE",
    "CLOSEDATE",
    "STATUTORYLOWAGE",
    "STATUTORYHIGHAGE",
    "AGEL",
    "AGEH",
    "INSPECTION DATE",
    "PUBLICATION DATE",
    "OVERALL EFFECTIVENESS",
    "TRUST_UID",
    "JOINED",
    "LEFT",
    "COHORT",
    "PROGRAMME",
    "SCHOOL URN",
    "DATE JOINED",
    "DATE LEFT",
    "HUB",
    "TRIO",
]


@cache
def figures() -> frozenset[str]:
    """Columns with published figures, numbers of pupils and bounds, in capitals."""
    found: set[str | None] = set()
    for measures in MEASURES.values():
        for measure in measures:
            for columns in measure.columns.values():
                found |= {columns.value, *columns.value_in.values(), *columns.pupils}
                found |= {columns.low, columns.high}
    for layout in ees.LAYOUTS:
        for of_ees in layout.columns.values():
            found |= {of_ees.value, *of_ees.pupils, of_ees.low, of_ees.high}
    for table in context.TABLES:
        for item in table.items:
            for of_item in item.columns.values():
                found |= {*of_item.value, *of_item.counted, *of_item.pupils}
    for trusts in TRUST_TABLES.values():
        found |= {trusts.pupils, "NUMINST_MATPTINC", "PFSM6CLA1A_MATPTINC"}
        for of_trust in trusts.columns.values():
            found |= {of_trust.value, of_trust.coverage, of_trust.low, of_trust.high}
    return frozenset(name.upper() for name in found if name)


_SHEETS: dict[str, Sheet] = {}


def sheet(start: Start) -> Sheet:
    """The start as rows; nothing may change them in place."""
    if start.name not in _SHEETS:
        _SHEETS[start.name] = (
            Sheet(rows_of_workbook(start.content))
            if start.is_workbook
            else sheet_of(start.content)
        )
    return _SHEETS[start.name]


def top(start: Start) -> int:
    """The place of the header: below titles in some files."""
    rows = sheet(start).rows
    if start.reader not in ("ofsted", "list"):
        return 0
    known = {"URN", "SCHOOL URN"}
    return next(n for n, row in enumerate(rows) if known & {c.strip().upper() for c in row})


def header(start: Start) -> list[str]:
    return [name.strip().upper() for name in sheet(start).rows[top(start)]]


def read_places(start: Start) -> list[int]:
    """Places of the columns that are read; of all where any is."""
    names = header(start)
    if start.reader in ("plain", "workbook", "drift", "corrections"):
        return list(range(len(names)))
    wanted = figures() | set(_ABOUT)
    return [at for at, name in enumerate(names) if name in wanted]


def figure_places(start: Start) -> list[int]:
    """Places of figures; of whatever is read where a file holds none."""
    wanted = figures()
    found = [at for at, name in enumerate(header(start)) if name in wanted]
    return found or read_places(start)


def text_places(start: Start) -> list[int]:
    """Places of names; the second column where none is known to hold them."""
    names = header(start)
    found = [names.index(name.upper()) for name in start.texts if name.upper() in names]
    return found or [min(1, len(names) - 1)]


def body(start: Start) -> Rows:
    return sheet(start).rows[top(start) + 1 :]
