"""The pupil SDs in data/reference, recovered again from the raw files by plain Python."""

import math
from pathlib import Path

import pytest
import yaml

REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "national_pupil_sds.yaml"
SDS = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))
RECOVERED = [
    (code, year)
    for code, years in SDS.items()
    for year, entry in years.items()
    if entry["kind"] == "recovered"
]
CHECKED = [(code, year) for code, years in SDS.items() for year in years if year <= 2019]
KS2_COLUMNS = {"reading_progress": "READ", "writing_progress": "WRIT",
               "maths_progress": "MAT"}  # fmt: skip


def numbers_with_a_score(pupils, coverage):
    """Give the fewest and the most pupils whose share rounds to the published coverage."""
    fits = [k for k in range(int(pupils) + 1) if abs(100 * k / pupils - coverage) <= 0.5]
    return fits[0], fits[-1]


@pytest.fixture(scope="module")
def schools(raw, plain):
    """Give fewest and most pupils, low, score and high of schools with bounds."""

    def rows_of(code, year):
        folder = f"dfe/{year - 1}-{year}"
        if code != "progress_8":
            subject = KS2_COLUMNS[code]
            columns = ("PROG_LOWER", "PROG", "PROG_UPPER")
            for row in raw(f"{folder}/850_ks2final.csv"):
                # The number with a score is not published: all pupils times coverage.
                eligible, covered = plain(row["TELIG"]), plain(row[f"{subject}COV"])
                few = many = None
                if eligible and covered:
                    few, many = numbers_with_a_score(eligible, covered)
                yield row, few, many, *(plain(row[subject + c]) for c in columns)
            return
        suffix = ""
        if year == 2016:  # that year's bounds stand in the next year's file
            folder, suffix = "dfe/2016-2017", "_16"
        for area in ("936",) if year == 2019 else ("850", "936"):
            for row in raw(f"{folder}/{area}_ks4final.csv"):
                cells = (plain(row[f"{c}{suffix}"]) for c in
                         ("P8PUP", "P8CILOW", "P8MEA", "P8CIUPP"))  # fmt: skip
                pupils, *bounds = cells
                yield row, pupils, pupils, *bounds

    def usable(code, year):
        return [
            (few, many, low, score, high)
            for row, few, many, low, score, high in rows_of(code, year)
            if row["RECTYPE"].strip() in ("1", "2")
            and None not in (few, many, low, score, high)
            and few > 0
        ]

    return usable


@pytest.mark.parametrize(("code", "year"), RECOVERED)
def test_each_recovered_sd_lies_in_the_only_range_that_fits_every_school(
    schools, code, year
):
    """Half an interval is 1.96 * SD / sqrt(n), and each bound is rounded by half a unit."""
    unit = 0.01 if code == "progress_8" else 0.1
    least, most = 0.0, math.inf
    for few, many, low, _, high in schools(code, year):
        half = (high - low) / 2
        least = max(least, (half - unit / 2) * math.sqrt(few) / 1.96)
        most = min(most, (half + unit / 2) * math.sqrt(many) / 1.96)
    assert least <= SDS[code][year]["sd"] <= most
    assert most - least < (0.006 if code == "progress_8" else 0.03)
    assert f"({len(schools(code, year))} schools)" in SDS[code][year]["source"]


@pytest.mark.parametrize(("code", "year"), CHECKED)
def test_each_sd_reproduces_the_published_bounds_of_schools(schools, code, year):
    """Score and bound are each rounded, so they may lie one unit of the last digit apart.

    At key stage 2 pupils are themselves rounded, which the published digit allows for.
    """
    sd = SDS[code][year]["sd"]
    unit = 0.01 if code == "progress_8" else 0.1
    found = schools(code, year)
    assert len(found) > 60
    agree = [
        abs(score - 1.96 * sd / math.sqrt((few + many) / 2) - low) <= unit + 1e-4
        and abs(score + 1.96 * sd / math.sqrt((few + many) / 2) - high) <= unit + 1e-4
        for few, many, low, score, high in found
    ]
    assert sum(agree) / len(agree) >= 0.99


@pytest.mark.parametrize("year", [2016, 2017, 2018, 2019])
def test_half_the_width_of_progress_8_agrees_to_its_own_rounding(schools, year):
    """Half the distance of two rounded bounds is right to half of the last digit.

    Only Progress 8 publishes its pupils to the pupil, so only it can be held to that.
    """
    sd = SDS["progress_8"][year]["sd"]
    found = schools("progress_8", year)
    agree = [
        abs(1.96 * sd / math.sqrt(n) - (high - low) / 2) <= 0.0051
        for n, _, low, _, high in found
    ]
    assert sum(agree) / len(agree) >= 0.99
