import pytest

from pipeline.contracts.records import OPTIONS
from pipeline.records.bounds import Bounds
from pipeline.records.surveys import BLANK, read_surveys

CSV, YAML = "surveys/example.csv", "surveys/example.yaml"


@pytest.fixture
def read(records):
    return lambda *bounds: read_surveys(records.folder, "registers", *bounds)


def test_surveys_that_are_not_supplied_are_none(records, read):
    for name in (CSV, YAML):
        (records.folder / name).unlink()
    assert read() is None
    (records.folder / "surveys").rmdir()
    assert read() is None


def test_a_survey_is_read_as_written(read):
    found = read()
    about = found.surveys.iloc[0]
    assert about[["survey", "programme", "invited", "respondents"]].tolist() == [
        "example", "trust-peer-review", 24, 1,
    ]  # fmt: skip
    assert found.items["item"].tolist() == ["worth"]
    assert found.options["place"].tolist() == [1, 2, 3, 4, 5]
    assert found.options["is_favourable"].tolist() == [False] * 3 + [True] * 2
    assert found.answers["answer"].tolist() == ["agree"]
    assert [file.file for file in found.files] == [YAML, CSV]


def test_answers_take_the_spelling_of_the_scale(records, read):
    records.rows(CSV, "R001, Worth ,Strongly  AGREE")
    row = read().answers.iloc[0]
    assert row[["item", "answer"]].tolist() == ["worth", "strongly agree"]


def test_yes_and_no_and_numbers_are_answers_as_any_other(records, read):
    records.replace(YAML, "[strongly disagree, disagree, neither, agree, strongly agree]",
                    "[no, yes, 1.10]")  # fmt: skip
    records.replace(YAML, "[agree, strongly agree]", "[yes]")
    records.rows(CSV, "R001,worth,yes", "R002,worth,No", "R003,worth,1.10")
    assert read().answers["answer"].tolist() == ["yes", "no", "1.10"]


def test_rows_without_an_answer_are_left_out_and_counted(records, read):
    records.rows(CSV, "R001,worth,agree", "R002,worth,", "R003,worth, ")
    found = read()
    assert found.answers["row"].tolist() == [2]
    assert found.surveys[["respondents", "blank_answers"]].to_numpy().tolist() == [[1, 2]]
    assert found.exclusions.to_dict("records") == [
        {"file": "surveys/example.csv", "reason": BLANK, "excluded": 2}
    ]


def test_a_survey_that_nobody_answered_has_no_answers_and_no_respondents(records, read):
    records.rows(CSV, "R001,worth,")
    found = read()
    assert found.answers.empty
    assert found.surveys["respondents"].item() == 0


def test_a_survey_of_the_whole_partnership_has_no_programme(records, read):
    records.replace(YAML, "programme: trust-peer-review", "programme: null")
    assert read().surveys["programme"].isna().all()


def test_two_surveys_stand_in_the_order_of_their_ids(records, read):
    yaml = (records.folder / YAML).read_text(encoding="utf-8")
    records.write("surveys/a-survey.yaml", yaml)
    records.rows("surveys/example.csv", "R001,worth,agree")
    records.write("surveys/a-survey.csv", "respondent,item,answer", "R001,worth,disagree")
    found = read()
    assert found.surveys["survey"].tolist() == ["a-survey", "example"]
    assert found.answers["answer"].tolist() == ["disagree", "agree"]
    assert len(found.options) == 10
    assert list(found.options.columns) == list(OPTIONS.columns)


def test_more_respondents_than_people_invited_are_refused(records, read, refused):
    records.replace(YAML, "invited: 24", "invited: 2")
    records.rows(CSV, "R001,worth,agree", "R002,worth,agree", "r002x,worth,")
    said = refused(read_surveys)
    assert "registers/surveys/example.csv, column respondent: 3 people answered, and 2 were " \
        "invited" in said  # fmt: skip
    records.rows(CSV, "R001,worth,agree", "R002,worth,agree")
    assert read().surveys["respondents"].item() == 2


def test_one_who_answers_an_item_twice_is_refused(records, refused):
    records.rows(CSV, "R001,worth,agree", "R002,worth,agree", "r001,Worth,")
    said = refused(read_surveys)
    assert "row 4, column item: this respondent's answer stands there twice, first in row 2" \
        in said  # fmt: skip


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",worth,agree", "column respondent: found nothing"),
        ("Jo Smith,worth,agree", "column respondent: found what looks like a person's own"),
        ("R001,,agree", "column item: found nothing"),
        ("R001,wrth,agree", "column item: found 'wrth', which example.yaml does not list; did "
         "you mean 'worth'?"),
        ("R001,worth,maybe", "column answer: found 'maybe'"),
        ("R001,worth,4", "column answer: found '4'"),
    ],
)  # fmt: skip
def test_an_answer_that_is_wrong_is_refused(records, refused, row, said):
    records.rows(CSV, row)
    assert f"registers/surveys/example.csv, row 2, {said}" in refused(read_surveys)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("title: What reviewers took from their training", "title:", "title", "a text"),
        ("date: 2019-07-01", "date: July 2019", "date", "a date such as 2018-09-01"),
        ("date: 2019-07-01\n", "", "date", "the key is missing"),
        ("invited: 24", "invited: 0", "invited", "greater than or equal to 1"),
        ("invited: 24", "invited: many", "invited", "a valid integer"),
        ("invited: 24", "asked: 24", "invited", "also at fault: asked"),
        ("[agree, strongly agree]", "[]", "items 1, favourable", "at least 1 item"),
        ("[agree, strongly agree]", "[yes]", "items 1", "some of the scale, not all"),
        ("[agree, strongly agree]", "agree", "items 1, favourable", "a valid tuple"),
        ("disagree, neither", "Agree, neither", "items 1", "every answer of the scale once"),
        ("  - id: worth", "  - name: worth", "items 1, id", "the key is missing"),
    ],
)  # fmt: skip
def test_a_description_that_is_wrong_is_refused(records, refused, old, new, place, said):
    records.replace(YAML, old, new)
    found = refused(read_surveys)
    assert f"registers/surveys/example.yaml, key {place}: " in found
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "row 2: not readable as YAML"),
        ("title: a\ntitle: b", "row 2: not readable as YAML (a key stands there twice"),
        ("- a", "it holds no keys"),
        ("", "it holds no keys"),
        ("[" * 5000, "not readable as YAML"),
    ],
)
def test_what_is_no_description_is_refused(records, refused, text, said):
    records.write(YAML, text)
    assert said in refused(read_surveys)


@pytest.mark.parametrize("lacking", [CSV, YAML])
def test_a_survey_has_two_files(records, refused, lacking):
    (records.folder / lacking).unlink()
    assert f"registers/{lacking}: no such file" in refused(read_surveys)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leaders.xlsx", "no comma-separated file"),
        ("example.yml", "no part of a survey"),
        ("leaders 2019.csv", "letters, digits and hyphens"),
        ("<b>.csv", "letters, digits and hyphens"),
    ],
)
def test_a_file_that_is_no_part_of_a_survey_is_not_passed_over(
    records, refused, name, said
):
    records.write(f"surveys/{name}", "x")
    assert said in refused(read_surveys)


def test_notes_and_hidden_files_are_no_surveys(records, read):
    for name in ("README.md", "SYNTHETIC.md", ".DS_Store", "._example.csv"):
        records.write(f"surveys/{name}", "x")
    assert len(read().surveys) == 1


def test_bounds_hold_for_surveys_too(records, read, refused):
    known = frozenset({"trust-peer-review"})
    assert len(read(Bounds(last_year=2019, programmes=known)).surveys) == 1
    assert "key date: found 2019-07-01" in refused(read_surveys, Bounds(last_year=2018))
    said = refused(read_surveys, Bounds(programmes=frozenset({"other"})))
    assert "key programme: found 'trust-peer-review'" in said
