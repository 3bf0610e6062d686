"""How the file of each year is laid out: columns, encoding, line ends, decimals."""

from dataclasses import dataclass, field

from pipeline.measures.measure import KeyStage


@dataclass(frozen=True)
class Layout:
    """What is peculiar to one year's file of one key stage."""

    year: int
    prior: tuple[int, ...] = ()
    """Years whose figures stand beside this year's, with a suffix: READPROG_17."""
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    ends_with_line_end: bool = True
    shuffled: bool = False
    """Schools and authorities stand in no order; else by authority, its row last."""
    state_funded_first: bool = False
    """Which of the two national rows comes first."""
    trailing_zeros: bool = False
    """2.0 and not 2."""
    short_rows: bool = False
    """Every row stops at its last filled cell, not only those of new schools."""
    percent_decimals: int = 0
    percent_decimals_of_aggregates: int = 0
    padded: frozenset[str] = field(default_factory=frozenset)
    """Columns whose cells end in spaces."""
    capitals: bool = False
    """TNOTFSM6CLA1A, where other years write TNotFSM6CLA1A."""


_MARKED = "utf-8-sig"
"""UTF-8 with a byte order mark."""

# SOURCE: read off the real files: order of rows and of the national rows, rows that
# stop short, zeros and decimals (whole per cents for schools and 45.50% for the
# nation in one key stage 4 file). Which year has which encoding is spread at will.
LAYOUTS: dict[KeyStage, tuple[Layout, ...]] = {
    "ks2": (
        Layout(
            2016,
            encoding=_MARKED,
            shuffled=True,
            trailing_zeros=True,
            padded=frozenset({"NFTYPE", "PTRWM_EXP", "MATPROG"}),
        ),
        Layout(
            2017,
            prior=(2016,),
            encoding=_MARKED,
            shuffled=True,
            state_funded_first=True,
            trailing_zeros=True,
            short_rows=True,
        ),
        Layout(2018, prior=(2017, 2016), line_end="\n"),
        Layout(2019, prior=(2018, 2017), encoding="cp1252"),
        Layout(2023, encoding=_MARKED, capitals=True),
    ),
    "ks4": (
        Layout(2016, trailing_zeros=True, shuffled=True, ends_with_line_end=False),
        Layout(
            2017,
            prior=(2016,),
            encoding=_MARKED,
            shuffled=True,
            percent_decimals_of_aggregates=2,
            padded=frozenset({"TPUP", "ATT8SCR"}),
        ),
        Layout(
            2018,
            prior=(2016, 2017),
            encoding=_MARKED,
            state_funded_first=True,
            short_rows=True,
            percent_decimals_of_aggregates=2,
        ),
        Layout(2019, prior=(2017, 2018), encoding="cp1252", short_rows=True),
        Layout(
            2022,
            percent_decimals=1,
            percent_decimals_of_aggregates=1,
            state_funded_first=True,
        ),
        Layout(
            2023,
            encoding=_MARKED,
            percent_decimals=1,
            percent_decimals_of_aggregates=1,
        ),
    ),
}

SUBJECTS = {"READ": "reading", "WRIT": "writing", "MAT": "maths"}
_PLACE = "LEA ESTAB URN SCHNAME TOWN PCODE"
_PUPILS = "TFSM6CLA1A PTFSM6CLA1A TNotFSM6CLA1A PTNotFSM6CLA1A"


def columns(key_stage: KeyStage, layout: Layout) -> list[str]:
    """List the columns of one year's file, in order and spelled as there.

    A reasonable part of the real ones, chosen for what can go wrong: neighbours whose
    names begin alike, and the figures of other years.
    """
    names = _ks2(layout) if key_stage == "ks2" else _ks4(layout)
    return [name.upper() for name in names] if layout.capitals else names


def _ks2(layout: Layout) -> list[str]:
    names = f"RECTYPE ALPHAIND {_PLACE} NFTYPE ICLOSE AGERANGE TOTPUPS".split()
    names += f"TPUPYEAR TELIG {_PUPILS} PTRWM_EXP".split()
    for s in SUBJECTS:
        names += [f"{s}PROG", f"{s}PROG_LOWER", f"{s}PROG_UPPER", f"{s}COV"]
    halves = ("FSM6CLA1A", "NotFSM6CLA1A")
    names += [f"PTRWM_EXP_{half}" for half in halves] + ["DIFFN_RWM_EXP"]
    for s in SUBJECTS:
        for half in halves:
            names += [f"{s}PROG_{half}{end}" for end in ("", "_LOWER", "_UPPER")]
        names.append(f"DIFFN_{s}PROG")
    for year in layout.prior:
        end = f"_{year % 100}"
        names += [f"TELIG{end}"] if layout.year == 2019 else []
        names += [f"PTFSM6CLA1A{end}", f"PTNOTFSM6CLA1A{end}", f"PTRWM_EXP{end}"]
        names += [f"PTRWM_EXP_{half}{end}" for half in halves]
        for s in SUBJECTS:
            names += [f"{s}PROG{bound}{end}" for bound in ("", "_LOWER", "_UPPER")]
    if layout.year >= 2018:
        names += [f"{s}PROG_UNADJUSTED" for s in SUBJECTS]
    return names


def _ks4(layout: Layout) -> list[str]:
    capped = layout.year >= 2018
    names = ["RECTYPE"] + (["ALPHAIND"] if layout.year < 2019 else [])
    names += f"{_PLACE} ICLOSE NFTYPE ADMPOL AGERANGE TOTPUPS TPUP".split()
    names += (_PUPILS if layout.year == 2022 else _PUPILS.upper()).split()
    names += ["ATT8SCR", "P8PUP", "P8MEACOV", "P8MEA", "P8CILOW", "P8CIUPP"]
    names += [f"P8{n}_ORIG" for n in ("MEA", "CILOW", "CIUPP") if capped]
    # SOURCE: grade 5 came with the reformed papers of 2016/17; the table of 2015/16
    # has the grades A* to C instead, under another name.
    reformed = ["PTL2BASICS_94", "PTL2BASICS_95"]
    names += reformed if layout.year > 2016 else ["PTL2BASICS_LL_PTQ_EE"]
    for half in ("FSM6CLA1A", "NFSM6CLA1A"):
        names += [f"ATT8SCR_{half}", f"P8PUP_{half}"]
        names += [f"P8{n}_{half}" for n in ("MEA", "CILOW", "CIUPP")]
        names += [f"P8{n}_{half}_ORIG" for n in ("MEA", "CILOW", "CIUPP") if capped]
    names += ["DIFFN_ATT8", "DIFFN_P8MEA"]
    for year in layout.prior:
        for half in ("", "_FSM6CLA1A", "_NFSM6CLA1A"):
            stems = ("ATT8SCR", "P8PUP", "P8MEA", "P8CILOW", "P8CIUPP")
            names += [f"{stem}{half}_{year % 100}" for stem in stems]
    if layout.year > 2016:
        names += ["PTFSM6CLA1ABASICS_95", "PTNOTFSM6CLA1ABASICS_95"]
    for year in layout.prior:
        names += [f"TFSM6CLA1A_{year % 100}", f"TNOTFSM6CLA1A_{year % 100}"]
    return names + (["P8_BANDING"] if layout.year >= 2019 else [])
