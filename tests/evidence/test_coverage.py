import pandas as pd
import pytest

from pipeline.evidence.coverage import OTHER_SCHOOLS, REST_OF_ENGLAND, others


def inventories(*, ks4_whole):
    years = {
        "2018": {"state": "supplied", "all_of_england": True},
        "2019": {"state": "supplied", "all_of_england": ks4_whole},
        "2020": {"state": "not published", "reason": "pandemic"},
    }
    whole = {"2019": {"state": "supplied", "all_of_england": True}}
    return {"ks2": {"years": whole}, "ks4": {"years": years}}


def national(pupils, published):
    return pd.DataFrame(
        {"key_stage": "ks4", "group": "all", "pupils": [pupils],
         "published_pupils": [published]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("whole", "pupils", "said"),
    [
        (True, 95, REST_OF_ENGLAND),
        (True, 90, REST_OF_ENGLAND),
        (True, 89, OTHER_SCHOOLS),
        (False, 100, OTHER_SCHOOLS),
    ],
)
def test_schools_are_called_england_where_the_files_hold_nine_tenths(whole, pupils, said):
    told = others(inventories(ks4_whole=whole), national(pupils, 100))
    assert told == {"ks2": REST_OF_ENGLAND, "ks4": said}


def test_a_file_named_england_without_national_row_is_taken_at_its_word():
    told = others(inventories(ks4_whole=True), national(None, None))
    assert told["ks4"] == REST_OF_ENGLAND
