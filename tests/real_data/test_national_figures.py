"""Our recomputed national figures beside the published ones: how far apart, and why.

The files that survive lack schools that the department counts: those with too few pupils
to show, schools that closed, and in 2018/19 all special schools. Pupils in them score low,
so what we recompute lies above what was published. Each test below says how far, and
that those missing pupils explain it.
"""

import pytest
import yaml

# The rows of England of key stage 4 in 2015/16 are of the provisional table, and not used.
# measure, group, year: recomputed minus published, as measured on the surviving files.
MEASURED = {
    ("progress_8", "all", 2017): 0.0056,
    ("progress_8", "all", 2018): 0.0035,
    ("progress_8", "all", 2019): 0.0414,  # no special school in the file
    ("progress_8", "disadvantaged", 2019): 0.0712,  # no special school in the file
    ("attainment_8", "all", 2017): 0.46,
    ("attainment_8", "all", 2018): 0.46,
    ("attainment_8", "all", 2019): 1.07,  # no special school in the file
    ("attainment_8", "disadvantaged", 2019): 1.64,  # no special school in the file
    ("english_maths_5", "all", 2017): 0.47,
    ("english_maths_5", "all", 2018): 0.46,
    ("rwm_expected", "all", 2016): 0.88,  # published as a whole percentage
    ("rwm_expected", "all", 2017): 0.68,  # published as a whole percentage
    ("rwm_expected", "all", 2018): 0.88,  # published as a whole percentage
    ("reading_score", "all", 2017): 0.17,  # published as a whole score
    ("reading_score", "all", 2018): 0.07,
    ("maths_score", "all", 2017): 0.20,
    ("maths_score", "all", 2018): 0.38,
    ("ebacc_points", "all", 2018): 0.04,
    ("ebacc_points", "all", 2019): 0.10,  # no special school in the file
}
HALF_A_UNIT = {
    "progress_8": 0.005,
    "attainment_8": 0.05,
    "english_maths_5": 0.05,
    "rwm_expected": 0.5,
}
NOT_NEGATIVE = ("attainment_8", "english_maths_5", "rwm_expected")


@pytest.fixture(scope="module")
def national(real_run):
    table = real_run("dfe_national")[1].national
    return table.set_index(["measure", "group", "year"])


def test_each_published_national_figure_is_compared(national):
    assert set(national.index) == set(MEASURED)
    assert national["recomputed"].notna().all()


@pytest.mark.parametrize("cell", MEASURED, ids=str)
def test_the_difference_is_the_one_that_was_measured(national, cell):
    places = 1e-4 if cell[0] == "progress_8" else 1e-2
    assert national.loc[cell, "difference"] == pytest.approx(MEASURED[cell], abs=places)


@pytest.mark.parametrize("year", [2017, 2018])
def test_progress_8_agrees_within_one_hundredth_where_special_schools_are_there(
    national, year
):
    assert abs(national.loc[("progress_8", "all", year), "difference"]) < 0.01


@pytest.mark.parametrize(
    "cell", [c for c in MEASURED if c[0] in NOT_NEGATIVE and c[2] > 2016], ids=str
)
def test_published_lies_between_missing_pupils_at_nothing_and_at_the_average(
    national, cell
):
    """No pupil has less than 0: if all missing pupils had that, ours would be lowest."""
    row = national.loc[cell]
    held = row["pupils"] / row["published_pupils"]
    assert 0.93 < held < 1
    rounding = HALF_A_UNIT[cell[0]]
    assert row["recomputed"] * held <= row["published"] + rounding
    assert row["published"] - rounding <= row["recomputed"]


def special_schools(raw, plain):
    """Progress 8 of state-funded special schools in 2017/18, by csv and plain Python."""
    pairs = [
        (plain(r["P8MEA"]), plain(r["P8PUP"]) or plain(r["TPUP"]))
        for r in raw("dfe_national/2017-2018/england_ks4final.csv")
        if r["RECTYPE"] == "2" and r["NFTYPE"] not in ("INDSS", "NMSS")
    ]
    pairs = [(v, n) for v, n in pairs if v is not None and n]
    return sum(v * n for v, n in pairs) / sum(n for _, n in pairs)


@pytest.mark.parametrize(
    ("release", "group", "missing"),
    [
        ("final", "all", -1.78),
        ("final", "disadvantaged", -1.83),
        ("provisional", "all", -1.85),
    ],
)
def test_pupils_missing_in_2019_would_score_as_special_schools_do(
    real_run, raw, plain, release, group, missing
):
    """Published times pupils, less ours times ours, is left for the pupils we lack.

    What is left per pupil is what special schools had the year before (-1.78), as far as
    two decimals of the published figure can tell.
    """
    folder = "dfe_national" if release == "final" else "dfe"
    table = real_run(folder, release)[1].national
    row = table.set_index(["measure", "group", "year"]).loc[("progress_8", group, 2019)]
    lacking = row["published_pupils"] - row["pupils"]
    left = row["published"] * row["published_pupils"] - row["recomputed"] * row["pupils"]
    rounding = 0.005 * row["published_pupils"] / lacking
    assert left / lacking == pytest.approx(missing, abs=0.01)
    assert special_schools(raw, plain) == pytest.approx(-1.78, abs=0.005)
    assert left / lacking == pytest.approx(special_schools(raw, plain), abs=rounding)


def test_mainstream_schools_of_2019_reproduce_the_departments_own_figure(
    national, shared_data
):
    """The file of 2018/19 holds mainstream schools only, whose figure was published too."""
    cases = yaml.safe_load((shared_data / "validation" / "published.yaml").read_text())
    (case,) = [
        c for c in cases if "Progress 8 2018/19 of all state-funded mainstream" in c["case"]
    ]
    found = national.loc[("progress_8", "all", 2019), "recomputed"]
    assert found == pytest.approx(case["value"], abs=case["tolerance"])


def test_partners_and_rest_together_are_the_nation(real_run):
    """The gap to the rest is the gap to all compared schools, over 1 less their share."""
    gaps = real_run("dfe_national")[1].gaps.dropna(subset="gap")
    own = gaps["partner_pupils"].astype(float)
    rest = gaps["rest_pupils"].astype(float)
    share = own / (own + rest)
    all_schools = share * gaps["partners"] + (1 - share) * gaps["rest"]
    again = (gaps["partners"] - all_schools) / (1 - share)
    # The tables hold ten significant digits: of a score of 104, seven decimals.
    last_digit = 1e-9 * gaps["partners"].abs().clip(lower=10)
    assert ((gaps["gap"] - again).abs() <= last_digit).all()


@pytest.mark.parametrize(
    ("stage", "measure", "group", "year", "published"),
    [
        ("ks2", "rwm_expected", "all", 2019, 65),
        ("ks2", "rwm_expected", "disadvantaged", 2019, 51),
        ("ks2", "reading_progress", "disadvantaged", 2019, -0.6),
        ("ks2", "reading_progress", "others", 2019, 0.3),
        ("ks2", "rwm_expected", "all", 2017, 61),
        ("ks2", "rwm_expected", "disadvantaged", 2017, 47),
        ("ks2", "reading_progress", "disadvantaged", 2017, -0.7),
        ("ks2", "reading_progress", "others", 2017, 0.3),
        ("ks4", "attainment_8", "all", 2019, 46.7),
        ("ks4", "progress_8", "all", 2019, -0.03),
        ("ks4", "progress_8", "disadvantaged", 2019, -0.45),
    ],
)
def test_the_state_funded_row_is_read_as_the_department_published_it(
    real_run, stage, measure, group, year, published
):
    table = real_run("dfe")[0][stage].aggregates
    found = table[
        (table["record"] == "national, state-funded")
        & (table["measure"] == measure)
        & (table["group"] == group)
        & (table["year"] == year)
    ]
    assert set(found["value"]) == {published}
