"""How the file of each year is laid out: columns, encoding, line ends, decimals."""

from dataclasses import dataclass, field

from pipeline.measures.measure import KeyStage


@dataclass(frozen=True)
class Layout:
    """What is peculiar to one year's file of one key stage."""

    year: int
    prior: tuple[int, ...] = ()
    """Years whose figures stand beside this year's, with a suffix: READPROG_17."""
    blank_prior: tuple[int, ...] = ()
    """Years that have such columns, and nothing in them."""
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    ends_with_line_end: bool = True
    shuffled: bool = False
    """Schools and authorities stand in no order; else by authority, its row last."""
    nation_first: bool = False
    """The national rows stand before all others, and not behind them."""
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

    @property
    def capped(self) -> bool:
        """Whether extreme scores of pupils are limited, from 2017/18 on."""
        return self.year >= 2018

    @property
    def progress(self) -> bool:
        """Whether key stage 2 has progress and prior attainment: not without key stage 1."""
        return self.year < 2024

    @property
    def value_added(self) -> bool:
        """Whether key stage 5 has value added: not without examined GCSEs before."""
        return self.year not in (2022, 2023)


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
        Layout(2024, prior=(2023,), encoding=_MARKED, capitals=True),
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
        Layout(
            2024,
            prior=(2023,),
            encoding=_MARKED,
            percent_decimals=1,
            percent_decimals_of_aggregates=1,
        ),
    ),
    # SOURCE: england_ks5final.csv of 2016/17 (national rows first, 9.0%) and of 2022/23
    # (rows stop short, 9.00%, columns for two years without tables).
    "ks5": (
        Layout(2016, encoding="cp1252", percent_decimals=1, nation_first=True),
        Layout(2017, encoding=_MARKED, percent_decimals=1, nation_first=True),
        Layout(
            2018,
            prior=(2017,),
            encoding=_MARKED,
            percent_decimals=1,
            line_end="\n",
            state_funded_first=True,
        ),
        Layout(2019, prior=(2018, 2017), encoding="cp1252", percent_decimals=1),
        Layout(
            2022,
            blank_prior=(2021, 2020),
            encoding=_MARKED,
            percent_decimals=2,
            short_rows=True,
            padded=frozenset({"AGERANGE"}),
        ),
        Layout(
            2023,
            prior=(2022,),
            blank_prior=(2021, 2020),
            encoding=_MARKED,
            percent_decimals=2,
            shuffled=True,
            short_rows=True,
            padded=frozenset({"AGERANGE"}),
        ),
        Layout(
            2024,
            prior=(2023, 2022),
            blank_prior=(2021,),
            encoding=_MARKED,
            percent_decimals=2,
            short_rows=True,
        ),
    ),
}

SUBJECTS = {"READ": "reading", "WRIT": "writing", "MAT": "maths"}
_PLACE = "LEA ESTAB URN SCHNAME TOWN PCODE"
_PUPILS = "TFSM6CLA1A PTFSM6CLA1A TNotFSM6CLA1A PTNotFSM6CLA1A"
_ELIGIBLE = "AGERANGE TOTPUPS TPUPYEAR TELIG BELIG GELIG PBELIG PGELIG"
_SIXTH_FORM = """RECTYPE ALPHAIND REGION LASORT LEA ESTAB URN SCHNAME_AC SCHNAME TOWN PCODE
CONTFLAG NFTYPE/FESITYPE ADMPOL GEND1618 FEEDER AGERANGE ICLOSE TPUP1618 TALLPUP_1618"""


def columns(key_stage: KeyStage, layout: Layout) -> list[str]:
    """List the columns of one year's file, in order and spelled as there.

    A reasonable part of the real ones, chosen for what can go wrong: neighbours whose
    names begin alike, groups of pupils, and the figures of other years.
    """
    listed = {"ks2": _ks2, "ks4": _ks4, "ks5": _ks5}[key_stage](layout)
    return [name.upper() for name in listed] if layout.capitals else listed


def _ks2(layout: Layout) -> list[str]:
    names = f"RECTYPE ALPHAIND {_PLACE} URN_AC SCHNAME_AC OPEN_AC NFTYPE ICLOSE".split()
    names += _ELIGIBLE.split()
    if layout.progress:
        for band in "LMH":
            names += [f"TKS1GROUP_{band}", f"PTKS1GROUP_{band}"]
        names.append("TKS1GROUP_NA")
    names += f"{_PUPILS} PTRWM_EXP".split()
    subjects = list(SUBJECTS) if layout.progress else []
    for s in subjects:
        names += [f"{s}PROG", f"{s}PROG_LOWER", f"{s}PROG_UPPER", f"{s}COV"]
    names += ["READ_AVERAGE", "MAT_AVERAGE"]
    bands = ("L", "M", "H") if layout.progress else ()
    groups = ("B", "G", *bands, "FSM6CLA1A", "NotFSM6CLA1A")
    names += [f"PTRWM_EXP_{group}" for group in groups] + ["DIFFN_RWM_EXP"]
    for s in subjects:
        for group in groups:
            names += [f"{s}PROG_{group}{end}" for end in ("", "_LOWER", "_UPPER")]
        names.append(f"DIFFN_{s}PROG")
    for score in ("READ_AVERAGE", "MAT_AVERAGE"):
        names += [f"{score}_{group}" for group in groups]
    halves = ("FSM6CLA1A", "NotFSM6CLA1A")
    for year in layout.prior:
        end = f"_{year % 100}"
        names += [f"TELIG{end}"] if layout.year == 2019 else []
        names += [f"PTFSM6CLA1A{end}", f"PTNOTFSM6CLA1A{end}", f"PTRWM_EXP{end}"]
        names += [f"PTRWM_EXP_{half}{end}" for half in halves]
        for s in SUBJECTS:
            names += [f"{s}PROG{bound}{end}" for bound in ("", "_LOWER", "_UPPER")]
        names += [f"READ_AVERAGE{end}", f"MAT_AVERAGE{end}"]
    if layout.capped:
        names += [f"{s}PROG_UNADJUSTED" for s in subjects]
    return names


def _ks4(layout: Layout) -> list[str]:
    names = ["RECTYPE"] + (["ALPHAIND"] if layout.year < 2019 else [])
    names += f"{_PLACE} SCHNAME_AC ICLOSE NFTYPE ADMPOL EGENDER AGERANGE TOTPUPS".split()
    names += ["TPUP", "BPUP", "PBPUP", "GPUP", "PGPUP"]
    for band in ("LO", "AV", "HI"):
        names += [f"TPRIOR{band}", f"PTPRIOR{band}"]
    names += (_PUPILS if layout.year == 2022 else _PUPILS.upper()).split()
    names += ["ATT8SCR", "P8PUP", "P8MEACOV", *_progress_8("", layout)]
    # SOURCE: grade 5 came with the reformed papers of 2016/17; the table of 2015/16
    # has the grades A* to C instead, under another name. The point score of the English
    # Baccalaureate came in 2017/18.
    reformed = ["PTL2BASICS_94", "PTL2BASICS_95"]
    names += reformed if layout.year > 2016 else ["PTL2BASICS_LL_PTQ_EE"]
    halves = ("_FSM6CLA1A", "_NFSM6CLA1A")
    groups = (*halves, "_LO", "_AV", "_HI", "_GIRLS", "_BOYS")
    if layout.year >= 2018:
        names += [f"EBACCAPS{group}" for group in ("", *groups)]
    for group in halves:
        names += [f"ATT8SCR{group}", f"P8PUP{group}", *_progress_8(group, layout)]
    names += ["DIFFN_ATT8", "DIFFN_P8MEA"]
    for group in groups[2:]:
        names += [f"ATT8SCR{group}", f"P8PUP{group}", *_progress_8(group, layout)]
    for year in layout.prior:
        for half in ("", *halves):
            stems = ("ATT8SCR", "P8PUP", "P8MEA", "P8CILOW", "P8CIUPP")
            names += [f"{stem}{half}_{year % 100}" for stem in stems]
    if layout.year > 2016:
        parts = ("PTFSM6CLA1A", "PTNOTFSM6CLA1A")
        for grade in (4, 5):
            names += [f"{part}BASICS_9{grade}" for part in parts]
            names += [f"PTBASICS{band}_9{grade}" for band in ("LO", "AV", "HI")]
            names += [f"PBL2BASICS_9{grade}", f"PGL2BASICS_9{grade}"]
    for year in layout.prior:
        names += [f"TFSM6CLA1A_{year % 100}", f"TNOTFSM6CLA1A_{year % 100}"]
    return names + (["P8_BANDING"] if layout.year >= 2019 else [])


def _progress_8(group: str, layout: Layout) -> list[str]:
    stems = ("MEA", "CILOW", "CIUPP")
    names = [f"P8{stem}{group}" for stem in stems]
    return names + [f"P8{stem}{group}_ORIG" for stem in stems if layout.capped]


def _ks5(layout: Layout) -> list[str]:
    names = _SIXTH_FORM.split()
    stems = ("TALLPUP", "TALLPPE", "TALLPPEGRD")
    names += [f"{stem}_ALEV_1618" for stem in stems]
    names += ["TINCLUDE_B3", "TB3PTSE", "TB3PTSE_GRD", "PTAAB_2FAC"]
    names += [f"{stem}_ACAD_1618" for stem in stems] + [f"{stem}_AGEN" for stem in stems]
    for half in ("_DIS", "_NOTDIS"):
        for end in ("ALEV_1618", "ACAD_1618", "AGEN"):
            names += [f"{stem}_{end}{half}" for stem in stems[:2]]
            names.append(f"TALLPPEGRD_{end.removesuffix('_1618')}{half}")
    if layout.value_added:
        for half in ("", "_DIS", "_NOTDIS"):
            names.append(f"ENTRIES_ALEV{half}")
            names += [f"{stem}_INS_ALEV{half}" for stem in ("VA", "UCI", "LCI")]
    years = [*layout.prior, *layout.blank_prior]
    for stem in ("TALLPUP_ALEV_1618", "TALLPPE_ALEV_1618", "TALLPPE_AGEN"):
        names += [f"{stem}_{year % 100}" for year in years]
    for stem in ("VA_INS_ALEV", "UCI_INS_ALEV", "LCI_INS_ALEV"):
        names += [f"{stem}_{year % 100}" for year in years]
    return names
