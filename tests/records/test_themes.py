import pytest

from pipeline.records.themes import read_themes

ROW = "trust-peer-review,2018,2019-02-05,interview,99001,shared-practice"


@pytest.fixture
def read(records):
    return lambda: read_themes(records.folder, "registers")


def test_themes_that_are_not_supplied_are_none(records, read):
    (records.folder / "themes.csv").unlink()
    assert read() is None


def test_two_people_who_say_the_same_are_counted_twice(records, read):
    records.rows("themes.csv", ROW, ROW)
    assert read().rows["code"].tolist() == ["shared-practice"] * 2


def test_a_code_is_spelt_as_in_the_codebook_and_a_programme_in_small_letters(records, read):
    row = ROW.replace("shared", "SHARED").replace("trust-peer", "Trust-Peer")
    records.rows("themes.csv", row)
    found = read().rows.iloc[0]
    assert found[["programme", "code"]].tolist() == ["trust-peer-review", "shared-practice"]


def test_a_theme_may_be_of_a_whole_cohort_and_of_no_cohort(records, read):
    records.rows("themes.csv", "trust-peer-review,,2019-02-05,review,,shared-practice")
    assert read().rows.iloc[0][["cohort", "unit"]].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trust-peer-review", "", "column programme: found nothing"),
        ("2019-02-05", "", "column date: found nothing"),
        ("interview", "chat", "column source: found 'chat'"),
        ("99001", "Hill Trust", "column unit: found 'Hill Trust'"),
        ("shared-practice", "", "column code: found nothing"),
        ("shared-practice", "sharedpractice", "column code: found 'sharedpractice', which "
         "codebook.csv for trust-peer-review does not list; did you mean 'shared-practice'?"),
        ("trust-peer-review", "other", "column code: found 'shared-practice', which "
         "codebook.csv for other does not list"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("themes.csv", ROW.replace(old, new, 1))
    assert f"registers/themes.csv, row 2, {said}" in refused(read_themes)


def test_every_theme_without_a_code_is_counted(records, refused):
    none = ROW.replace("shared-practice", "")
    records.rows("themes.csv", ROW, none, ROW, none)
    assert (
        "row 3, column code: found nothing (1 further row has such a fault: 5)"
        in refused(read_themes)
    )


def test_themes_without_a_codebook_are_refused(records, refused):
    (records.folder / "codebook.csv").unlink()
    assert "it is there, and codebook.csv is not" in refused(read_themes)


def test_a_code_stands_once_in_a_programme_and_again_in_another(records, read, refused):
    row = "{},shared-practice,Heading,Label"
    two = [row.format("trust-peer-review"), row.format("other")]
    records.rows("codebook.csv", *two)
    assert len(read().codebook) == 2
    records.rows("codebook.csv", *two, row.format("OTHER"))
    assert "row 4, column code: the code stands there twice, first in row 3" in refused(
        read_themes
    )


def test_each_programme_has_its_own_codebook(records, read, refused):
    records.rows("codebook.csv", "a,trust,H,Trust", "b,time,H,Time")
    a, b = "a,,2019-02-05,review,,{}", "b,,2019-02-05,review,,{}"
    records.rows("themes.csv", a.format("trust"), b.format("TIME"), a.format("Trust"))
    assert read().rows["code"].tolist() == ["trust", "time", "trust"]
    records.rows("themes.csv", a.format("trust"), b.format("trust"))
    said = refused(read_themes)
    assert "row 3, column code: found 'trust', which codebook.csv for b does not" in said
