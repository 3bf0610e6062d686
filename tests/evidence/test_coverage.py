import pandas as pd
import pytest

from pipeline.comparison.compared import Compared
from pipeline.evidence.coverage import (
    OTHER_SCHOOLS,
    OTHERS_IN_ENGLAND,
    REST_OF_ENGLAND,
    others,
)


def compared(*files, pupils=None, published=None):
    """A comparison of Progress 8 in 2019 that rests on these files."""
    cell = {"key_stage": "ks4", "measure": "progress_8", "group": "all", "year": 2019}
    return Compared(
        gaps=pd.DataFrame(),
        national=pd.DataFrame([cell | {"pupils": pupils, "published_pupils": published}]),
        lineage=pd.DataFrame(
            [cell | {"file": name} for name in files],
            columns=[*cell, "file"],
        ),
    )


@pytest.mark.parametrize(
    ("file", "pupils", "said"),
    [
        ("2018-2019/england_ks4final.csv", 95, REST_OF_ENGLAND),
        ("2018-2019/england_ks4final.csv", 90, REST_OF_ENGLAND),
        ("2018-2019/england_ks4final.csv", 89, OTHER_SCHOOLS),
        ("2018-2019/850_ks4final.csv", 100, OTHER_SCHOOLS),
    ],
)
def test_schools_are_called_england_where_the_files_hold_nine_tenths(file, pupils, said):
    assert others(compared(file, pupils=pupils, published=100))["ks4"] == said


def test_a_file_named_england_without_national_row_is_taken_at_its_word():
    told = others(compared("2018-2019/ENGLAND_ks4final.csv"))
    assert told["ks4"] == REST_OF_ENGLAND


def test_a_measure_that_only_an_authoritys_file_holds_is_not_of_england():
    both = compared("2018-2019/england_ks4final.csv")
    other = {"key_stage": "ks4", "measure": "english_maths_5", "group": "all", "year": 2019}
    rows = pd.DataFrame([other | {"file": "2018-2019/850_ks4final.csv"}])
    mixed = Compared(both.gaps, both.national, pd.concat([both.lineage, rows]))
    assert others(mixed)["ks4"] == OTHER_SCHOOLS


def test_without_any_file_nothing_is_called_england():
    assert others(compared())["ks2"] == OTHER_SCHOOLS


def test_the_others_of_a_programme_are_no_rest_since_partners_are_among_them():
    told = others(compared("2018-2019/england_ks4final.csv"), of_programme=True)
    assert told["ks4"] == OTHERS_IN_ENGLAND
