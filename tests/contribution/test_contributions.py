import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.records import CONTRIBUTION_KINDS, CONTRIBUTIONS, as_promised
from pipeline.contribution import contributions as asked
from pipeline.contribution.contributions import contributions_found
from pipeline.records.contributions import read_contributions

EXAMPLE = Path(__file__).parents[2] / "data" / "reference" / "contributions_2018_19.csv"
YEARS = range(2018, 2021)
LINK = "https://www.example.org/report.pdf"


def entry(name, kind="publication", started="2018-11-01", **known):
    row = {
        "id": name,
        "kind": kind,
        "title": name.title(),
        "started": pd.Timestamp(started),
        "ended": pd.NaT,
        "partners": None,
        "evidence": None,
        "said": None,
    }
    return row | known


def found(*entries, years=YEARS):
    table = pd.DataFrame(list(entries)).assign(row=range(2, len(entries) + 2))
    table["ended"] = pd.to_datetime(table["ended"])
    given = promise.check(as_promised(table, CONTRIBUTIONS), CONTRIBUTIONS)
    return contributions_found(given, years)


def number(counts, quantity, kind="all", year=None):
    own = counts[(counts["quantity"] == quantity) & (counts["kind"] == kind)]
    own = own[own["year"].isna() if year is None else own["year"] == year]
    assert len(own) == 1
    return own["numerator"].iloc[0]


def test_entries_count_in_the_year_in_which_they_began():
    counts = found(
        entry("a", started="2018-08-31"),
        entry("b", started="2018-09-01", ended=pd.Timestamp("2020-07-01")),
        entry("c", kind="event"),
    ).counts
    assert number(counts, asked.BEGAN, year=2018) == 1
    assert number(counts, asked.BEGAN, year=2019) == 2
    assert number(counts, asked.BEGAN, kind="event", year=2019) == 1
    assert number(counts, asked.BEGAN, year=2020) == 0
    assert number(counts, asked.BEGAN) == 3


def test_a_third_of_the_entries_has_evidence_and_the_rest_is_shown_to_have_none():
    results = found(entry("a", evidence=LINK), entry("b"), entry("c"))
    assert number(results.counts, asked.WITH_EVIDENCE) == 1
    assert number(results.counts, asked.WITHOUT_EVIDENCE) == 2
    assert results.timeline["standing"].tolist() == [
        "evidenced",
        "unevidenced",
        "unevidenced",
    ]


def test_a_kind_without_an_entry_is_none_on_record_and_has_no_share():
    counts = found(entry("a")).counts
    assert number(counts, asked.BEGAN, kind="pilot") == 0
    own = counts[(counts["kind"] == "pilot") & (counts["quantity"] == asked.WITH_EVIDENCE)]
    assert (own["status"] == "not possible").all()


def test_the_timeline_is_in_order_whatever_the_order_of_the_file():
    timeline = found(
        entry("late", started="2019-06-01"),
        entry("early", started="2018-09-01"),
        entry("beside", started="2018-09-01"),
    ).timeline
    assert timeline["id"].tolist() == ["early", "beside", "late"]
    assert timeline["place"].tolist() == [1, 2, 3]


def test_a_role_reaches_over_its_years_and_one_without_an_end_goes_on():
    results = found(
        entry("ended", kind="role", ended=pd.Timestamp("2018-12-01")),
        entry("held", kind="role", started="2017-09-01"),
        entry("a talk", kind="event"),
    )
    spans = results.roles.set_index("id")
    assert spans.loc["ended", ["first_year", "last_year"]].tolist() == [2019, 2019]
    assert spans.loc["held", ["first_year", "last_year"]].tolist() == [2018, 2020]
    assert spans["goes_on"].to_dict() == {"ended": False, "held": True}
    held = [number(results.counts, asked.HELD, "role", year) for year in YEARS]
    assert held == [1, 2, 1]


def test_entries_before_the_years_asked_of_still_stand_in_the_timeline():
    results = found(entry("old", started="2011-09-01"))
    assert results.timeline["year"].tolist() == [2012]
    assert number(results.counts, asked.BEGAN) == 1
    assert sum(number(results.counts, asked.BEGAN, year=year) for year in YEARS) == 0


def test_records_that_were_not_supplied_are_said_to_be():
    results = contributions_found(None, YEARS)
    assert results.counts["status"].tolist() == ["not supplied"]
    assert results.timeline.empty
    assert results.roles.empty


def test_a_text_that_would_be_markup_is_kept_as_it_is():
    title = "<script>alert(1)</script>"
    assert found(entry("a", title=title)).timeline["title"].tolist() == [title]


@pytest.fixture
def example(tmp_path):
    shutil.copy(EXAMPLE, tmp_path / "contributions.csv")
    read = read_contributions(tmp_path, "registers")
    return contributions_found(read.rows, range(2019, 2020))


def test_the_example_of_2018_19_has_every_kind(example):
    began = {k: number(example.counts, asked.BEGAN, k) for k in CONTRIBUTION_KINDS}
    assert began == {
        "publication": 2,
        "pilot": 3,
        "evaluation": 3,
        "role": 8,
        "advice": 2,
        "event": 2,
    }
    assert number(example.counts, asked.BEGAN) == sum(began.values()) == 20


def test_the_example_invents_no_evidence(example):
    assert number(example.counts, asked.WITH_EVIDENCE) == 0
    assert example.timeline["evidence"].isna().all()


@pytest.mark.parametrize(
    "named",
    [
        "Principles of Effective School-to-School Peer Review",
        "National Association of Head Teachers",
        "National Foundation for Educational Research",
        "Growing the Top",
        "Trust Peer Review",
        "academy trusts",
        "Royal Society",
        "Teacher Development Trust",
        "Sutton Trust",
        "Brilliant Club",
        "Leading Women's Alliance",
        "Headship",
        "Ofqual",
        "British Council",
        "Secretary of State for Education",
        "Shadow Schools Minister",
        "EdFest",
        "Inspiring Leadership",
    ],
)
def test_what_the_aims_name_stands_in_the_example(example, named):
    cells = example.timeline[["title", "partners"]].fillna("")
    assert cells.apply(lambda column: column.str.contains(named, regex=False)).any(
        axis=None
    )


def test_all_entries_of_the_example_began_in_2018_19(example):
    assert (example.timeline["year"] == 2019).all()
    assert number(example.counts, asked.HELD, "role", 2019) == 8
    # Nothing is said of later years: the roles must not go on by themselves.
    assert not example.roles["goes_on"].any()


def test_a_second_run_gives_the_same_bytes(example, tmp_path):
    read = read_contributions(tmp_path, "registers")
    again = contributions_found(read.rows, range(2019, 2020))
    assert again.timeline.to_csv() == example.timeline.to_csv()
    assert again.counts.to_csv() == example.counts.to_csv()
