"""The drift doctor on real files: what it finds between years is what is there."""

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.drift import header, layouts, profile, tables
from pipeline.drift.examine import examine
from pipeline.drift.findings import Level
from pipeline.drift.names import years_back
from pipeline.drift.renames import LIKELY
from pipeline.sources import corrections, table_file

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "data" / "reference"
CENSUS_2019 = "2018-2019/england_census.csv"
CENSUS_2025 = "2024-2025/england_census.csv"
SURREY = "2018-2019/936_ks4final.csv"
NATIONAL_2016 = "2015-2016/england_ks4final.csv"
TABLES = (
    "2015-2016/england_ks4provisional.csv",
    "2016-2017/850_ks2final.csv",
    "2016-2017/850_ks4final.csv",
    "2016-2017/936_ks4final.csv",
    "2016-2017/england_ks5final.csv",
    "2017-2018/850_ks2final.csv",
    "2017-2018/850_ks4final.csv",
    "2017-2018/936_ks4final.csv",
    "2018-2019/850_ks2final.csv",
    SURREY,
    "2018-2019/england_abs.csv",
    CENSUS_2019,
    "2018-2019/england_ks4-pupdest.csv",
    "2018-2019/england_ks4provisional.csv",
    "2022-2023/england_ks4-mats-performance.csv",
    "2022-2023/england_ks5final.csv",
    "2023-2024/ks4_school_info_2024.csv",
    CENSUS_2025,
)


@pytest.fixture(scope="session")
def described(shared_data):
    """Describe one real file, once."""

    @cache
    def of(shown):
        return profile.of_file(shared_data / "dfe" / shown, shown)

    return of


@pytest.fixture(scope="session")
def declared():
    return corrections.load(REFERENCE / "corrections.yaml")


@pytest.fixture(scope="session")
def compared(described, declared):
    """Compare two real files, as they are or with what is declared of them."""

    @cache
    def of(before, now, corrected=False):
        known = declared if corrected else ()
        return examine(described(now), described(before), known)

    return of


def matters(diagnosis, *but):
    """List what is more than a note, as (level, topic, column or row)."""
    return [
        (f.level.name, f.topic, f.about)
        for f in diagnosis.findings
        if f.level > Level.NOTE and f.topic not in but
    ]


def columns(diagnosis, topic, level=Level.LOOK):
    return [f.about for f in diagnosis.findings if f.topic == topic and f.level == level]


def renamed(diagnosis):
    """List the likely matches that are no figures of earlier years."""
    year = diagnosis.now.identity.year
    return {m.gone: m.new for m in diagnosis.header.likely if not years_back(m.new, year)}


@pytest.mark.parametrize("shown", TABLES)
def test_a_file_against_itself_has_no_drift(described, shown):
    diagnosis = examine(described(shown), described(shown))
    assert diagnosis.exit_code == 0
    assert diagnosis.header.gone == diagnosis.header.new == ()


@pytest.mark.parametrize("shown", TABLES)
def test_a_file_with_declared_errors_is_as_its_own_layout(compared, shown):
    found = compared(shown, shown, corrected=True)
    assert matters(found) == []


def test_the_census_changed_units_and_misprinted_a_column(compared):
    found = compared(CENSUS_2019, CENSUS_2025)
    assert found.exit_code == 2
    assert renamed(found) == {"PNUMUNCFL": "PNUMUNCLF"}
    assert matters(found) == [
        ("BREAKING", "units", "PNUMUNCLF"),
        ("BREAKING", "units", "PNUMUNCLF"),
        ("BREAKING", "ranges", "PSENELSE"),
        ("LOOK", "renamed", "PNUMUNCFL"),
        ("LOOK", "units", "PNORG"),
        ("LOOK", "units", "PNORB"),
        ("LOOK", "units", "PSENELSE"),
        ("LOOK", "units", "PSENELK"),
        ("LOOK", "units", "PNUMEAL"),
        ("LOOK", "units", "PNUMENGFL"),
        ("LOOK", "units", "PNUMFSMEVER"),
        ("LOOK", "units", "PNUMUNCLF"),
        (
            "LOOK",
            "national",
            "Pupils with special educational needs support, all pupils; national, PRI",
        ),
        (
            "LOOK",
            "national",
            "Pupils with special educational needs support, all pupils; national, SEC",
        ),
    ]
    notes = {(f.topic, f.about, f.now) for f in found.of(Level.NOTE)}
    assert ("renamed", "ESTAB", "Estab") in notes
    assert ("new", "NORFSMEVER", "there") in notes
    assert ("file", "line ending", "CRLF") in notes
    (kinds,) = [f for f in found.findings if f.topic == "kinds"]
    assert kinds.said == "new: State-funded AP school; gone: Pupil referral unit"
    (schools,) = [f for f in found.findings if f.topic == "schools"]
    assert schools.said == "3,986 came, 3,455 left; 86% stay"


def test_what_is_declared_of_the_census_is_settled_and_the_rest_stays(compared):
    found = compared(CENSUS_2019, CENSUS_2025, corrected=True)
    assert found.exit_code == 1
    assert Counter(f.topic for f in found.of(Level.LOOK)) == {"units": 8, "national": 2}
    assert all("percent sign is new" in f.said for f in found.findings[:8])
    mended = {f.about for f in found.of(Level.NOTE) if "mended by" in f.said}
    assert mended == {"PNUMUNCFL", "PNUMUNCLF", "PSENELSE"}


def test_key_stage_2_of_2017_to_2018_repeats_one_more_year_and_loses_nothing(compared):
    found = compared("2016-2017/850_ks2final.csv", "2017-2018/850_ks2final.csv")
    assert found.exit_code == 1
    assert len(found.header.pairs) == 290
    assert found.header.gone == found.header.likely == ()
    assert columns(found, "new") == [
        "TELIG_3YR",
        "PTRWM_EXP_3YR",
        "PTRWM_HIGH_3YR",
        "READ_AVERAGE_3YR",
        "MAT_AVERAGE_3YR",
        "READPROG_UNADJUSTED",
        "WRITPROG_UNADJUSTED",
        "MATPROG_UNADJUSTED",
        "READPROG_DESCR",
        "WRITPROG_DESCR",
        "MATPROG_DESCR",
    ]
    assert len(columns(found, "new", Level.NOTE)) == 25
    # Disadvantaged pupils' average reading score rose from 101 to 103.
    assert {(f.before, f.now) for f in found.findings if f.topic == "national"} == {
        ("101", "103")
    }
    assert matters(found, "new", "national") == []


def test_key_stage_2_of_2018_to_2019_drops_old_special_needs_columns(compared):
    found = compared("2017-2018/850_ks2final.csv", "2018-2019/850_ks2final.csv")
    assert found.exit_code == 1
    assert found.header.likely == ()
    assert len(columns(found, "gone")) == 14
    assert {"TSENELSE", "PSENELSE", "PTREADTA_EXP", "SENELN"} <= set(found.header.gone)
    assert columns(found, "new") == ["PCON_CODE", "PCON_NAME", "TSENELEK", "PSENELEK"]
    assert matters(found, "new", "gone", "national") == [("LOOK", "types", "TELNUM")]


def test_englands_bounds_of_zero_are_found_in_every_year(compared):
    shown = "2018-2019/850_ks2final.csv"
    found = compared("2017-2018/850_ks2final.csv", shown)
    bounds = [f for f in found.findings if f.topic == "bounds"]
    # Two national rows, four groups with a figure that is not zero, three subjects.
    assert len(bounds) == 12
    assert {f.now for f in bounds} == {"2 rows"}
    assert {f.before for f in bounds} == {"as before"}
    settled = compared("2017-2018/850_ks2final.csv", shown, corrected=True)
    assert not [
        f for f in settled.findings if f.topic == "bounds" and "mended" not in f.said
    ]


@pytest.mark.parametrize("area", ["850", "936"])
def test_key_stage_4_of_2017_to_2018_turns_to_grades_9_to_1(compared, area):
    found = compared(f"2016-2017/{area}_ks4final.csv", f"2017-2018/{area}_ks4final.csv")
    assert found.exit_code == 1
    assert renamed(found) == {
        "TEBAC2SCI_PTQ_EE": "TEBAC2SCI_94",
        "TEBACHUM_PTQ_EE": "TEBACHUM_94",
        "TEBACLAN_PTQ_EE": "TEBACLAN_94",
        "PTEBAC2SCI_PTQ_EE": "PTEBAC2SCI_94",
        "PTEBACHUM_PTQ_EE": "PTEBACHUM_94",
        "PTEBACLAN_PTQ_EE": "PTEBACLAN_94",
        "TEBAC2SCIAG_PTQ_EE": "TEBAC2SCI91",
        "TEBACHUMAG_PTQ_EE": "TEBACHUM91",
        "TEBACLANAG_PTQ_EE": "TEBACLAN91",
        "PTEBACHUMAG_PTQ_EE": "PTEBACHUM91",
    }
    assert columns(found, "gone") == [
        "PTEBAC2SCIAG_PTQ_EE",
        "PTEBACLANAG_PTQ_EE",
        "AC5EM14_PTQ",
        "AC5EM15_PTQ_EE",
    ]
    new = columns(found, "new")
    assert len(new) == 76
    assert {"P8MEA_ORIG", "P8MEA_GIRLS_ORIG", "TP8ADJ"} <= set(new)
    assert matters(found, "renamed", "gone", "new") == []


def test_key_stage_4_of_2018_to_2019_has_percentages_that_became_one(compared):
    found = compared("2017-2018/936_ks4final.csv", SURREY)
    assert found.exit_code == 1
    assert renamed(found) == {"ADMPOL_2017": "ADMPOL_PT"}
    assert columns(found, "gone") == ["ALPHAIND", "AC5EM16_PTQ_EE", "PT5EM_94_18"]
    assert columns(found, "new") == ["PCON_CODE", "PCON_NAME", "SEN_ALL", "PSEN_ALL"]
    assert matters(found, "renamed", "gone", "new") == [
        ("LOOK", "units", "PT5EM_94_18"),
        ("LOOK", "types", "TELNUM"),
        ("LOOK", "repeated", "PT5EM_94_18"),
    ]
    (repeated,) = [f for f in found.findings if f.topic == "repeated"]
    assert (repeated.before, repeated.now) == ("63%", "1%")
    settled = compared("2017-2018/936_ks4final.csv", SURREY, corrected=True)
    assert matters(settled, "renamed", "gone", "new") == [("LOOK", "types", "TELNUM")]


def test_key_stage_5_of_2017_to_2023_lost_value_added_as_the_catalogue_says(compared):
    found = compared("2016-2017/england_ks5final.csv", "2022-2023/england_ks5final.csv")
    assert found.exit_code == 1
    assert renamed(found) == {"ADMPOL_2017": "ADMPOL_PT", "EXAMCONF": "CONFEXAM"}
    assert columns(found, "new") == [
        "PCON_CODE",
        "PCON_NAME",
        "TALLPUP_TLEVDENOM",
        "TLEV_PER",
        "TALLPUP_AGENDENOM",
        "AGEN_PER",
        "ENTRY_PER_E",
        "ENTRY_PER_M",
    ]
    said = {f.about: f.said for f in found.findings if f.topic == "gone"}
    assert said["VA_INS_ALEV"] == "the catalogue expects none in this year"
    empty = [f for f in found.findings if f.topic == "types" and f.now == "nothing"]
    assert len(empty) == 16
    assert {"PROGEX_E", "PROGEX_M", "L3M_PER"} <= {f.about for f in empty}
    assert len(columns(found, "new", Level.NOTE)) == 381


def test_the_new_layout_is_told_and_no_gap_is_taken_for_progress_8(compared):
    found = compared(SURREY, "2023-2024/ks4_school_info_2024.csv")
    assert found.exit_code == 2
    assert found.findings[0].about == "layout"
    assert renamed(found) == {
        "TPUP": "T_PUPILS",
        "TPRIORLO": "T_PRIOR_LO",
        "TPRIORAV": "T_PRIOR_AV",
        "TPRIORHI": "T_PRIOR_HI",
        "PTPRIORLO": "PT_PRIOR_LO",
        "PTPRIORHI": "PT_PRIOR_HI",
        "TNMOB": "T_NOT_MOBILE",
        "NUMGIRLS": "T_ALLKS_GIRLS",
        "SCHNAME": "SCHOOL_NAME",
    }
    gone = columns(found, "gone", Level.BREAKING)
    assert {"P8MEA", "ATT8SCR", "P8MEA_FSM6CLA1A"} <= set(gone)
    # The gap between groups bears its old name; it is no figure of theirs.
    both = {pair.now.name for pair in found.header.pairs}
    assert "diffn_p8mea" in both


@cache
def read_columns(table, year):
    return tuple(sorted(tables.uses(table, year)))


def misprint(name, kind):
    """Spoil a name as a person or a new layout might."""
    if kind == "two letters exchanged":
        return name[:-3] + name[-2] + name[-3] + name[-1]
    if kind == "a letter left out":
        return name[:-2] + name[-1]
    if kind == "a letter doubled":
        return name[:3] + name[2] + name[3:]
    if kind == "another ending":
        return f"{name}_PTQ_EE"
    return name.replace("_", "") if "_" in name else f"{name[:2]}_{name[2:]}"


KINDS = (
    "two letters exchanged",
    "a letter left out",
    "a letter doubled",
    "another ending",
    "underscores come or go",
)


def with_name(of, old, new):
    """Give a profile in which one column has another name."""
    held = {
        (new if name == old else name): (replace(c, name=new) if name == old else c)
        for name, c in of.columns.items()
    }
    labels = {name: said for name, said in of.labels.items() if name != old}
    return replace(
        of, columns=held, labels=labels, cells=of.cells.rename(columns={old: new})
    )


def found_again(before, now, old, kind):
    new = misprint(old, kind)
    assert new not in now.columns
    likely = header.compare(before, with_name(now, old, new)).likely
    return any((m.gone, m.new) == (old, new) and m.score >= LIKELY for m in likely)


@pytest.mark.parametrize("kind", KINDS)
def test_every_misprinted_column_of_the_catalogue_is_found_again(described, kind):
    now = described(SURREY)
    read = [name for name in read_columns("ks4", 2019) if name in now.columns]
    assert len(read) >= 75
    missed = [name for name in read if not found_again(now, now, name, kind)]
    assert missed == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_misprint_is_found_again_from_one_year_to_the_next(described, data):
    before, now = described("2017-2018/936_ks4final.csv"), described(SURREY)
    both = [
        n
        for n in read_columns("ks4", 2019)
        if n in now.columns and n in before.columns and now.columns[n].kind == "numbers"
    ]
    name = data.draw(st.sampled_from(both))
    # With another ending, one of the 75 names is too far from what it was.
    kinds = [kind for kind in KINDS if kind != "another ending"]
    assert found_again(before, now, name, data.draw(st.sampled_from(kinds)))


@pytest.mark.parametrize(
    "shown", ["2016-2017/850_ks4final.csv", "2017-2018/850_ks4final.csv"]
)
def test_another_authoritys_file_is_judged_by_the_layout_of_its_year(described, shown):
    kept = layouts.read(REFERENCE / "layouts" / f"{shown[:9]}_ks4final.json")
    assert "936" in kept.shown
    assert examine(described(shown), kept).exit_code == 0


def test_kept_layouts_are_those_of_the_real_files(shared_data):
    kept = sorted((REFERENCE / "layouts").glob("*.json"))
    assert len(kept) == 14
    for path in kept:
        layout = layouts.read(path)
        shown = layout.shown.partition("made from ")[2]
        again = layouts.written(profile.of_file(shared_data / "dfe" / shown, shown))
        assert again == path.read_text(encoding="utf-8"), path.name


def test_every_declared_correction_meets_its_error(shared_data, declared):
    done = Counter()
    places = [("dfe", shown) for shown in TABLES] + [("dfe_national", NATIONAL_2016)]
    for place, shown in places:
        file = table_file.read(shared_data / place / shown, shown)
        _, applied = corrections.apply(file, declared)
        done.update({entry.name: entry.cells for entry in applied})
    assert [done[correction.name] for correction in declared] == [
        1,
        22_014,
        2_887,
        1,
        1,
        132,
        108,
        108,
        108,
        3,
    ]
    assert corrections.not_met(declared, [shown for _, shown in places]) == []


def test_the_percentages_made_of_fractions_are_those_of_the_two_numbers(
    shared_data, declared, plain
):
    file = table_file.read(shared_data / "dfe" / CENSUS_2025, CENSUS_2025)
    cells = corrections.apply(file, declared)[0].cells
    away = [
        abs(plain(share) - 100 * plain(part) / plain(whole))
        for share, part, whole in zip(
            cells["PNUMUNCFL"], cells["NUMUNCFL"], cells["NOR"], strict=True
        )
        if plain(share) is not None and plain(part) is not None and plain(whole)
    ]
    assert len(away) == 21_979
    assert max(away) <= 0.0501


def test_the_misprinted_key_stage_4_column_holds_the_figures_of_2017(
    shared_data, declared, plain
):
    file = table_file.read(shared_data / "dfe" / SURREY, SURREY)
    now = corrections.apply(file, declared)[0].cells.set_index("URN")
    earlier = "2016-2017/936_ks4final.csv"
    then = table_file.read(shared_data / "dfe" / earlier, earlier).cells.set_index("URN")
    both = [urn for urn in then.index if urn.strip() and urn in now.index]
    pairs = [
        (plain(then.loc[u, "PTNOTFSM6CLA1ABASICS_94"]),
         plain(now.loc[u, "PTNOTFSM6CLA1ABASICS_94_17"]))
        for u in both
    ]  # fmt: skip
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    assert len(known) == 50
    assert all(abs(a - b) <= 0.5 for a, b in known)
