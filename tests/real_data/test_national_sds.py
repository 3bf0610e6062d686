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


@pytest.fixture(scope="module")
def schools(raw, plain):
    """Give pupils, low, score and high of every school with published bounds."""

    def rows_of(code, year):
        folder = f"dfe/{year - 1}-{year}"
        if code != "progress_8":
            subject = KS2_COLUMNS[code]
            columns = ("PROG_LOWER", "PROG", "PROG_UPPER")
            for row in raw(f"{folder}/850_ks2final.csv"):
                # The number with a score is not published: all pupils times coverage.
                eligible, covered = plain(row["TELIG"]), plain(row[f"{subject}COV"])
                pupils = None
                if eligible is not None and covered is not None:
                    pupils = eligible * covered / 100
                yield row, pupils, *(plain(row[subject + c]) for c in columns)
            return
        suffix = ""
        if year == 2016:  # that year's bounds stand in the next year's file
            folder, suffix = "dfe/2016-2017", "_16"
        for area in ("936",) if year == 2019 else ("850", "936"):
            for row in raw(f"{folder}/{area}_ks4final.csv"):
                cells = (plain(row[f"{c}{suffix}"]) for c in
                         ("P8PUP", "P8CILOW", "P8MEA", "P8CIUPP"))  # fmt: skip
                yield row, *cells

    def usable(code, year):
        return [
            (pupils, low, score, high)
            for row, pupils, low, score, high in rows_of(code, year)
            if row["RECTYPE"].strip() in ("1", "2")
            and None not in (pupils, low, score, high)
            and pupils > 0
        ]

    return usable


@pytest.mark.parametrize(("code", "year"), RECOVERED)
def test_each_recovered_sd_is_recovered_again_to_the_digits_given(schools, code, year):
    """sum(x * w) / sum(x^2), where x = 2 * 1.96 / sqrt(n) and w is the interval's width."""
    entry = SDS[code][year]
    found = schools(code, year)
    x = [2 * 1.96 / math.sqrt(n) for n, *_ in found]
    widths = [high - low for _, low, _, high in found]
    recovered = sum(a * w for a, w in zip(x, widths, strict=True)) / sum(a * a for a in x)
    digits = len(str(entry["sd"]).split(".")[1])
    # 1.0594 stands in the file with four digits, 6.25 with two.
    digits = max(digits, 4 if code == "progress_8" else 2)
    assert round(recovered, digits) == entry["sd"]
    assert f"({len(found)} schools)" in entry["source"]


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
        abs(score - 1.96 * sd / math.sqrt(n) - low) <= unit + 1e-4
        and abs(score + 1.96 * sd / math.sqrt(n) - high) <= unit + 1e-4
        for n, low, score, high in found
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
        for n, low, _, high in found
    ]
    assert sum(agree) / len(agree) >= 0.99
