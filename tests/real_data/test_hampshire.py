"""Hampshire's own row (RECTYPE 3) again, from the rows of its schools at key stage 2."""

import numpy as np
import pytest

YEARS = (2017, 2018, 2019)
# Half of the last published digit, and what suppressed schools may move: they hold 9 to
# 68 of about 14,400 pupils.
WITHIN = {
    "rwm_expected": 0.5,
    "reading_progress": 0.05,
    "writing_progress": 0.05,
    "maths_progress": 0.05,
}
SUPPRESSED = 0.005


def recomputed(results, measure, group, year):
    rows = results[
        (results["measure"] == measure)
        & (results["group"] == group)
        & (results["year"] == year)
        & results["value"].notna()
        & (results["pupils"] > 0)
    ]
    return np.average(rows["value"], weights=rows["pupils"].astype(float))


def published(aggregates, measure, group, year):
    rows = aggregates[
        (aggregates["record"] == "local authority")
        & (aggregates["measure"] == measure)
        & (aggregates["group"] == group)
        & (aggregates["year"] == year)
    ]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("measure", WITHIN)
def test_all_pupils_agree_to_the_published_digit(real_run, measure, year):
    cleaned = real_run("dfe")[0]["ks2"]
    row = published(cleaned.aggregates, measure, "all", year)
    found = recomputed(cleaned.results, measure, "all", year)
    assert found == pytest.approx(row["value"], abs=WITHIN[measure] + SUPPRESSED)


@pytest.mark.parametrize("year", YEARS)
def test_pupils_of_its_schools_add_up_to_its_own_number(real_run, year):
    """To the pupil: TELIG is never suppressed."""
    cleaned = real_run("dfe")[0]["ks2"]
    row = published(cleaned.aggregates, "rwm_expected", "all", year)
    of_year = cleaned.results[
        (cleaned.results["measure"] == "rwm_expected")
        & (cleaned.results["group"] == "all")
        & (cleaned.results["year"] == year)
    ]
    assert of_year["pupils"].sum() == row["pupils"]
