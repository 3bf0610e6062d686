from datetime import date

import yaml

from pipeline.drift.examine import examine
from pipeline.drift.proposal import proposals
from pipeline.measures.measure import PublishedColumns
from pipeline.sources import corrections

TODAY = date(2026, 11, 23)
ATT8SRC = {"ATT8SCR": None, "ATT8SRC": lambda n: 31 + n}


def proposed(diagnosis):
    return {(p.where, p.why): p.text for p in proposals(diagnosis, TODAY)}


def test_a_misprint_is_proposed_as_a_correction_that_can_be_pasted(folder):
    texts = proposed(folder.ks4(**ATT8SRC))
    text = texts[("data/reference/corrections.yaml", "if ATT8SRC is a misprint of ATT8SCR")]
    (correction,) = corrections.check(yaml.safe_load(text))
    assert (correction.found, correction.instead) == ("ATT8SRC", "ATT8SCR")
    assert (correction.file, correction.year) == ("england_ks4final.csv", 2019)


def test_the_pasted_correction_settles_the_finding(folder):
    texts = proposed(folder.ks4(**ATT8SRC))
    (text,) = [t for (where, _), t in texts.items() if where.endswith(".yaml")]
    declared = corrections.check(yaml.safe_load(text))
    settled = folder.ks4(declared=declared, **ATT8SRC)
    assert settled.exit_code == 0
    assert not any(where.endswith(".yaml") for where, _ in proposed(settled))


def test_a_name_that_stays_is_proposed_as_an_entry_of_the_catalogue(folder):
    texts = proposed(folder.ks4(**ATT8SRC))
    (text,) = [t for (where, _), t in texts.items() if where.endswith("attainment_8")]
    group, _, entry = text.strip().rstrip(",").partition(": ")
    assert group == '"all"'
    columns = eval(entry, {"PublishedColumns": PublishedColumns})
    assert columns.value == "ATT8SCR"
    assert columns.value_of(2018) == "ATT8SCR"
    assert columns.value_of(2019) == "ATT8SRC"


def test_a_renamed_number_of_pupils_is_added_and_the_old_name_stays(folder):
    diagnosis = folder.ks4(P8PUP=None, P8PUPS=lambda n: 90 + n)
    texts = proposed(diagnosis)
    (text,) = [t for (where, _), t in texts.items() if where.endswith("progress_8")]
    assert '("P8PUPS", "P8PUP", "TPUP")' in text


def test_a_hostile_column_name_stays_a_text_where_it_is_pasted(folder):
    hostile = """ATT8SCR"}))#'"""
    diagnosis = folder.ks4(ATT8SCR=None, **{hostile: lambda n: 30 + n})
    (text,) = [
        t for (where, _), t in proposed(diagnosis).items() if where.endswith("attainment_8")
    ]
    entry = text.strip().rstrip(",").partition(": ")[2]
    columns = eval(entry, {"PublishedColumns": PublishedColumns})
    assert columns.value_of(2019) == hostile


def test_fractions_are_proposed_with_the_two_numbers_they_are_made_of(folder):
    def census(year, writes):
        rows = [
            {"URN": 100001 + n, "NOR": 200, "NORG": 80 + n, "PNORG": writes(80 + n)}
            for n in range(30)
        ]
        return folder.profile(f"{year - 1}-{year}/england_census.csv", rows)

    now = census(2025, lambda girls: girls / 200)
    diagnosis = examine(now, census(2024, lambda girls: girls / 2))
    texts = proposed(diagnosis)
    (text,) = [t for (_, why), t in texts.items() if "NORG divided by NOR" in why]
    (correction,) = corrections.check(yaml.safe_load(text))
    file, applied = corrections.apply(now.file, [correction])
    assert applied[0].cells == 30
    assert file.cells["PNORG"].iloc[0] == "40%"


def test_codes_and_records_that_nobody_knows_are_asked_for(folder):
    diagnosis = folder.ks4(
        ATT8SCR=lambda n: "SUPPMAT" if n == 3 else 30 + n,
        RECTYPE=lambda n: 9 if n == 0 else 1,
    )
    texts = [*proposed(diagnosis).values()]
    assert '"SUPPMAT": "SAY WHAT IT MEANS",\n' in texts
    assert '"9": "SAY WHAT THE ROW IS",\n' in texts


def test_a_measure_without_any_column_is_proposed_as_not_published(folder):
    texts = proposed(folder.ks4(P8MEA=None, P8PUP=None))
    (text,) = [t for (where, _), t in texts.items() if "not_published" in where]
    assert text == '2019: "SAY WHY: no Progress 8 for 2018/19",\n'


def test_a_new_year_without_drift_is_proposed_to_be_kept(folder):
    assert [*proposed(folder.ks4()).values()] == [
        "python -m pipeline.drift.layouts 2018-2019/england_ks4final.csv\n"
    ]
