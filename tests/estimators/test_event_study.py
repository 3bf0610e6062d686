from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.estimators.event_study import group_time_att

VALIDATION = Path(__file__).parents[3] / "shared" / "data" / "validation"
COLUMNS = {"unit": "school", "time": "year", "cohort": "joined", "outcome": "score"}


def panel(*schools, years=(2017, 2018, 2019)):
    """Long frame of schools given as (year of joining or 0, one score for each year)."""
    rows = [
        (f"school {number}", year, joined, score)
        for number, (joined, scores) in enumerate(schools)
        for year, score in zip(years, scores, strict=True)
        if score is not None
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS.values()))


def study(frame, **settings):
    return group_time_att(frame, **COLUMNS, **settings)


def cell(found, cohort, time):
    table = found.table
    (row,) = table[(table["cohort"] == cohort) & (table["time"] == time)].itertuples()
    return row


FOUR_SCHOOLS = panel(
    (2018, [1, 4, 6]),  # rises by 3, then by 5 since joining
    (2018, [2, 3, 5]),  # rises by 1, then by 3
    (0, [1, 2, 3]),  # rises by 1, then by 2
    (0, [5, 5, 5]),  # stays
)


def test_the_effect_is_the_rise_of_joiners_less_the_rise_of_the_others():
    found = study(FOUR_SCHOOLS)
    assert cell(found, 2018, 2018).att == pytest.approx(2 - 0.5)
    assert cell(found, 2018, 2019).att == pytest.approx(4 - 1)
    assert cell(found, 2018, 2019).base == 2017


def test_the_error_adds_the_two_sides_squared_deviations():
    # Joiners lie 1 from their mean rise of 2, the others 0.5 from theirs; each is a half:
    # 2 * (1/2)^2 + 2 * (0.5/2)^2 = 0.625.
    found = study(FOUR_SCHOOLS)
    assert cell(found, 2018, 2018).standard_error == pytest.approx(np.sqrt(0.625))


def test_with_many_units_per_cohort_the_interval_is_the_normal_one():
    random = np.random.default_rng(5)
    schools = [(2018 * (n % 2), random.normal(size=3)) for n in range(2000)]
    row = cell(study(panel(*schools)), 2018, 2018)
    half = stats.norm.ppf(0.975) * row.standard_error
    assert row.high - row.att == pytest.approx(half, rel=3e-3)


def test_the_interval_of_one_cell_is_welchs():
    random = np.random.default_rng(1)
    schools = [(2018 if n < 5 else 0, random.normal(size=3)) for n in range(14)]
    rises = np.array([scores[1] - scores[0] for _, scores in schools])
    welch = stats.ttest_ind(rises[:5], rises[5:], equal_var=False)
    row = cell(study(panel(*schools)), 2018, 2018)
    assert (row.low, row.high) == pytest.approx(tuple(welch.confidence_interval(0.95)))
    assert row.degrees_of_freedom == pytest.approx(welch.df)


def test_a_school_that_joins_later_is_a_control_until_it_joins():
    schools = panel((2018, [0, 5, 9]), (2018, [0, 5, 9]), (2019, [0, 2, 9]), (0, [0, 0, 0]))
    assert cell(study(schools), 2018, 2018).att == 5 - 1  # the mean of 2 and 0
    assert cell(study(schools), 2018, 2019).att == 9 - 0
    assert cell(study(schools, control="never"), 2018, 2018).att == 5


def test_anticipation_moves_the_base_back_and_the_controls_away():
    years = (2016, 2017, 2018, 2019)
    schools = panel(
        (2018, [0, 3, 4, 4]),
        (2018, [0, 3, 4, 4]),
        (2019, [0, 0, 7, 7]),
        (0, [0, 0, 1, 1]),
        years=years,
    )
    found = study(schools, anticipation=1)
    row = cell(found, 2018, 2018)
    # Compared with 2016, and not with the school that joins next year.
    assert (row.base, row.att, row.controls) == (2016, 4 - 1, 1)
    assert cell(study(schools), 2018, 2018).base == 2017
    # What happens in the year of anticipation is no effect after joining.
    assert found.aggregate("simple").table["cells"].tolist() == [3]


def test_the_universal_base_stays_the_year_before_joining():
    schools = panel(
        *[(2019, [1, 2, 4, 8])] * 2,
        *[(0, [0, 0, 0, 0])] * 2,
        years=(2016, 2017, 2018, 2019),
    )
    varying, universal = study(schools), study(schools, base_period="universal")
    assert varying.table["att"].tolist() == [1, 2, 4]
    assert universal.table["time"].tolist() == [2016, 2017, 2019]
    assert universal.table["att"].tolist() == [1 - 4, 2 - 4, 8 - 4]


WAVES = (2018, 2019, 2022, 2023)


def test_a_school_that_joins_in_a_year_without_results_is_treated_from_the_next_wave():
    schools = panel(*[(2020, [1, 1, 4, 6])] * 2, *[(0, [1, 1, 2, 2])] * 2, years=WAVES)
    found = study(schools)
    assert (cell(found, 2020, 2022).base, cell(found, 2020, 2022).att) == (2019, 2)
    calendar = found.aggregate("dynamic").table
    assert calendar["event_time"].tolist() == [-1, 2, 3]
    wave = found.aggregate("dynamic", clock="wave").table
    assert wave["event_time"].tolist() == [-1, 0, 1]
    assert wave["estimate"].tolist() == [0, 2, 4]


def test_a_year_in_which_nobody_has_results_is_no_period():
    schools = panel(*[(2018, [0, 4, 5])] * 2, *[(0, [0, 1, 1])] * 2)
    blank = schools.assign(score=schools["score"].where(schools["year"] != 2018))
    found = study(blank)
    assert found.table["time"].tolist() == [2019]
    assert found.left_out.set_index("reason").loc["the outcome is missing", "rows"] == 4


def test_a_school_counts_in_each_cell_whose_two_years_it_has():
    frame = panel(
        (2018, [0, 2, 4]),
        (2018, [0, 2, None]),
        (2018, [0, 2, 4]),
        (0, [0, 0, 0]),
        (0, [None, 0, 5]),
        (0, [0, 0, 1]),
    )
    row = cell(study(frame), 2018, 2018)
    assert (row.treated, row.controls, row.not_compared, row.att) == (3, 2, 1, 2)
    row = cell(study(frame), 2018, 2019)
    assert (row.treated, row.controls, row.not_compared, row.att) == (2, 2, 2, 3.5)


def test_who_is_left_out_is_counted_with_the_reason():
    frame = panel(
        *[(2018, [0, 2, 4])] * 2,
        (2017, [0, 2, 4]),
        (2010, [0, None, 4]),
        (0, [0, None, None]),
        *[(0, [0, 0, 0])] * 2,
    )
    found = study(
        pd.concat([frame, pd.DataFrame([("x", 2018, 0, None)], columns=frame.columns)])
    )
    counts = found.left_out.set_index("reason")
    assert counts.loc["treated in or before the first period"].tolist() == [2, 5]
    assert counts.loc["observed in one period only"].tolist() == [1, 1]
    assert counts.loc["the outcome is missing"].tolist() == [1, 1]
    assert len(found.units) == 4


def test_without_never_treated_the_last_cohort_is_the_comparison_until_it_joins():
    frame = panel(*[(2018, [0, 3, 5])] * 2, *[(2019, [0, 1, 9])] * 2)
    found = study(frame)
    assert found.table[["cohort", "time", "att"]].to_numpy().tolist() == [[2018, 2018, 2]]
    with pytest.raises(ValueError, match="nobody is never treated"):
        study(frame, control="never")


def test_a_school_that_joins_after_the_last_year_counts_as_never_treated():
    frame = panel(*[(2018, [0, 3, 5])] * 2, *[(2025, [0, 1, 1])] * 2)
    assert cell(study(frame, control="never"), 2018, 2018).att == 2


@pytest.mark.parametrize("never", [0, np.nan, np.inf])
def test_zero_nan_and_infinity_all_mean_never_treated(never):
    frame = FOUR_SCHOOLS.assign(joined=FOUR_SCHOOLS["joined"].replace(0, never))
    assert cell(study(frame), 2018, 2018).att == pytest.approx(1.5)


def test_a_cohort_of_one_school_has_an_estimate_and_says_that_it_has_no_error():
    frame = panel((2018, [0, 3, 3]), (0, [0, 1, 1]), (0, [0, 0, 2]))
    found = study(frame)
    row = cell(found, 2018, 2018)
    assert row.att == 2.5
    assert np.isnan(row.standard_error)
    assert "one cluster" in row.reason
    overall = found.aggregate("simple")
    assert overall.standard_error is None
    assert overall.low is None
    assert overall.single_cluster_cohorts == (2018,)


def test_controls_of_one_cluster_have_no_error_either():
    frame = panel(*[(2018, [0, 3, n]) for n in range(4)], (0, [0, 1, 1]), (0, [0, 0, 2]))
    hubs = np.repeat(["a", "b", "c", "d", "rest", "rest"], 3)
    row = cell(study(frame.assign(hub=hubs), cluster="hub"), 2018, 2018)
    assert row.att == 2.5
    assert np.isnan(row.standard_error)
    assert row.reason == "the controls are one cluster: no error can be told"


def test_a_cohort_of_which_one_school_is_left_in_a_cell_has_no_error_there():
    frame = panel((2018, [0, 3, 3]), (2018, [0, 2, None]), (0, [0, 1, 1]), (0, [0, 0, 2]))
    found = study(frame)
    assert cell(found, 2018, 2018).standard_error > 0
    assert np.isnan(cell(found, 2018, 2019).standard_error)


def test_a_cell_that_cannot_be_estimated_keeps_its_row_and_says_why():
    frame = panel(
        *[(2018, [0, 3, 5])] * 2,
        *[(0, [0, 1, None])] * 2,
        (2019, [0, 0, 7]),
        (2019, [0, 0, 7]),
    )
    found = study(frame)
    row = cell(found, 2018, 2019)
    assert np.isnan(row.att)
    assert row.reason == "no control is observed in both periods"
    overall = found.aggregate("simple")
    assert overall.estimate == pytest.approx(3 - 0.5)
    assert [said.split(":")[0] for said in overall.without] == [
        "cohort 2018 in 2019",
        "cohort 2019 in 2019",
    ]


def with_size(frame, sizes):
    return frame.assign(size=np.repeat(sizes, frame["year"].nunique()))


def test_a_cell_whose_joiners_have_no_likeness_is_refused_not_clipped():
    random = np.random.default_rng(0)
    schools = [(2018 if n < 5 else 0, random.normal(size=3)) for n in range(20)]
    frame = with_size(panel(*schools), np.arange(20.0) + 10 * (np.arange(20) < 5) * -1)
    assert set(study(frame, covariates=["size"]).table["reason"]) == {
        "the covariates tell the treated from the controls without fail"
    }
    assert study(frame, covariates=["size"], method="reg").table["att"].notna().all()


def test_rare_joiners_keep_all_their_controls():
    # 3 joiners among 603: each score is near 0.005. With clipping at 0.01 every control
    # would weigh the same and weighting would not correct for size at all.
    random = np.random.default_rng(2)
    size = np.r_[1.0, 1.5, 0.5, random.normal(size=600)]
    schools = [
        (2018 if n < 3 else 0, [0, size[n] + random.normal() / 50, 0]) for n in range(603)
    ]
    frame = with_size(panel(*schools), size)
    ipw = study(frame, covariates=["size"], method="ipw")
    assert cell(ipw, 2018, 2018).att == pytest.approx(0, abs=0.1)
    assert cell(study(frame), 2018, 2018).att == pytest.approx(1, abs=0.1)


def test_covariates_are_those_of_the_base_year():
    random = np.random.default_rng(3)
    schools = [(2018 if n < 6 else 0, random.normal(size=3)) for n in range(20)]
    frame = panel(*schools).assign(size=random.normal(size=60))
    changed = frame.assign(size=frame["size"].where(frame["year"] == 2017, 99.0))
    later = frame.assign(size=frame["size"].where(frame["year"] != 2017, 7.0))
    found = [
        cell(study(some, covariates=["size"], method="reg"), 2018, 2019).att
        for some in (frame, changed)
    ]
    assert found[0] == pytest.approx(found[1])
    assert "collinear" in cell(study(later, covariates=["size"]), 2018, 2019).reason


# ---- published answers

MPDTA = {"unit": "countyreal", "time": "year", "cohort": "first.treat", "outcome": "lemp"}


@pytest.fixture(scope="module")
def mpdta():
    path = VALIDATION / "mpdta.csv"
    if not path.exists():
        pytest.skip("the published data sets are not beside this checkout")
    frame = pd.read_csv(path)
    cases = yaml.safe_load((VALIDATION / "published.yaml").read_text())
    return frame, {case["case"]: case for case in cases}


def test_it_reproduces_r_did_on_mpdta_with_never_treated_controls(mpdta):
    frame, cases = mpdta
    case = cases[
        "mpdta, doubly robust group-time ATT, never-treated controls, no covariates"
    ]
    found = group_time_att(frame, **MPDTA, control="never")
    for kind, key in (
        ("simple", "simple"),
        ("group", "group_overall"),
        ("calendar", "calendar_overall"),
        ("dynamic", "dynamic_overall"),
    ):
        summary = found.aggregate(kind)
        assert [summary.estimate, summary.standard_error] == pytest.approx(
            case[key], abs=case["tolerance"]
        )
    rows = found.aggregate("dynamic").table.set_index("event_time")
    for event_time, published in case["dynamic"].items():
        assert rows.loc[
            event_time, ["estimate", "standard_error"]
        ].tolist() == pytest.approx(published, abs=case["tolerance"])


def test_it_reproduces_r_did_on_mpdta_with_not_yet_treated_controls(mpdta):
    frame, cases = mpdta
    case = cases["mpdta, not-yet-treated controls, no covariates"]
    found = group_time_att(frame, **MPDTA).aggregate("simple")
    assert [found.estimate, found.standard_error] == pytest.approx(
        case["simple"], abs=case["tolerance"]
    )


# R 4: att_gt("lemp", "year", "countyreal", "first.treat", xformla = ~lpop, data = mpdta,
# est_method = "reg", bstrap = FALSE), control_group "nevertreated". Columns: group, t,
# att, se.
R_REG_LPOP = """
2004 2004 -0.014911237790361  0.0220556930763195
2004 2005 -0.0769963229660512 0.0283597455101496
2004 2006 -0.141080104628588  0.0348362869536185
2004 2007 -0.107544274673046  0.0327376926434119
2006 2004 -0.0020660581184395 0.022122286483578
2006 2005 -0.00696828306727072 0.0183457856293695
2006 2006 0.000765525026395888 0.0191959070328785
2006 2007 -0.0415356365293253 0.0197168736453729
2007 2004 0.0263658317469803 0.0140189493226751
2007 2005 -0.00475983533866949 0.0156699660373289
2007 2006 -0.028502106413859 0.0181320658924703
2007 2007 -0.0287894881938243 0.0161678672536918
"""
# The same with est_method = "dr", no covariates, control_group = "notyettreated".
R_NOT_YET = """
2004 2004 -0.0193723636759221 0.0223101128836806
2004 2005 -0.0783190990620607 0.0303902285433973
2004 2006 -0.136274346328678 0.03540338496891
2004 2007 -0.100811363085404 0.0343592258346732
2006 2004 -0.00256255094261098 0.0225302351453388
2006 2005 -0.00193924609578875 0.019042158605819
2006 2006 0.00466087631997615 0.0163355842468236
2006 2007 -0.0412244715462175 0.0202291807041068
2007 2004 0.0297593647610311 0.0145335416386514
2007 2005 -0.0024106128000969 0.0160312963755178
2007 2006 -0.0310871193896889 0.0178775113133435
2007 2007 -0.0260544107191966 0.0166554353492522
"""
# The same, never treated, with anticipation = 1.
R_ANTICIPATION = """
2006 2004 0.006520112424233 0.0233268051418047
2006 2005 -0.00275081875051881 0.0195585610358817
2006 2006 -0.00734542570338184 0.022942862267559
2006 2007 -0.0439752902967363 0.0265787670169677
2007 2004 0.0305066555832928 0.01503356028013
2007 2005 -0.00272589288611625 0.0163958328955344
2007 2006 -0.0310871193896889 0.0178775113133435
2007 2007 -0.0571415301088855 0.020210163218686
"""
# The same, never treated, base_period = "universal"; R's rows for the base itself (att
# 0, no error) are no cells here.
R_UNIVERSAL = """
2004 2004 -0.0105032462209624 0.0232510363681663
2004 2005 -0.0704231581031467 0.0309847667572767
2004 2006 -0.137258738889403 0.0364356642876865
2004 2007 -0.100811363085404 0.0343592258346732
2006 2003 -0.0037692936737142 0.0313420276018159
2006 2004 0.00275081875051881 0.0195585610358817
2006 2006 -0.00459460695286304 0.0177551966592763
2006 2007 -0.0412244715462174 0.0202291807041068
2007 2003 0.00330635669251235 0.0244518729439318
2007 2004 0.0338130122758051 0.0211291749243127
2007 2005 0.0310871193896889 0.0178775113133435
2007 2007 -0.0260544107191966 0.0166554353492522
"""


@pytest.mark.parametrize(
    ("printed", "settings"),
    [
        (R_REG_LPOP, {"control": "never", "covariates": ["lpop"], "method": "reg"}),
        (R_NOT_YET, {}),
        (R_ANTICIPATION, {"control": "never", "anticipation": 1}),
        (R_UNIVERSAL, {"control": "never", "base_period": "universal"}),
    ],
    ids=["regression with lpop", "not yet treated", "anticipation", "universal base"],
)
def test_each_cell_equals_that_of_r_did_to_ten_digits(mpdta, printed, settings):
    expected = np.array([line.split() for line in printed.split("\n") if line], dtype=float)
    found = group_time_att(mpdta[0], **MPDTA, **settings).table
    columns = ["cohort", "time", "att", "standard_error"]
    np.testing.assert_allclose(found[columns], expected, rtol=0, atol=1e-10)


# aggte(att_gt("lemp", "year", "countyreal", "first.treat", xformla = ~lpop, data = mpdta,
# bstrap = FALSE, ...), "simple"): estimate and standard error, where R printed both.
@pytest.mark.parametrize(
    ("method", "control", "estimate", "error"),
    [
        ("dr", "never", -0.0417517721, 0.0115028382),
        ("reg", "never", -0.0419686124215432, 0.0114448297682151),
        ("ipw", "never", -0.0417770821895978, None),
        ("dr", "not_yet", -0.0413516292999427, None),
        ("ipw", "not_yet", -0.0413894097517419, None),
    ],
)
def test_with_the_covariate_it_reproduces_r_did(mpdta, method, control, estimate, error):
    found = group_time_att(
        mpdta[0], **MPDTA, covariates=["lpop"], method=method, control=control
    ).aggregate("simple")
    assert found.estimate == pytest.approx(estimate, abs=1e-10)
    if error is not None:
        assert found.standard_error == pytest.approx(error, abs=1e-10)


# ---- independent routes and what algebra says


@st.composite
def worlds(draw):
    """Panels of 10 to 16 schools over four years with two cohorts and never treated."""
    count = draw(st.integers(10, 16))
    joined = [2017, 2017, 2018, 2018, 0, 0, 0]
    joined += draw(
        st.lists(st.sampled_from([0, 2017, 2018]), min_size=count - 7, max_size=count - 7)
    )
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    schools = [(year, random.normal(size=4).round(3)) for year in joined]
    frame = panel(*schools, years=(2016, 2017, 2018, 2019))
    return frame.assign(size=np.repeat(random.normal(size=count), 4))


few = settings(max_examples=15, deadline=None)


def same(found, expected, factor=1.0):
    columns = ["cohort", "time", "att", "standard_error", "low", "high"]
    scale = [1, 1, factor, abs(factor)] + [factor] * 2
    left, right = (
        found.table[columns].to_numpy(),
        expected.table[columns].to_numpy() * scale,
    )
    if factor < 0:
        right[:, [4, 5]] = right[:, [5, 4]]
    np.testing.assert_allclose(left, right, atol=1e-9)
    for kind in ("simple", "group", "dynamic", "calendar"):
        ours, theirs = found.aggregate(kind), expected.aggregate(kind)
        assert ours.estimate == pytest.approx(theirs.estimate * factor, abs=1e-9)
        assert ours.standard_error == pytest.approx(
            theirs.standard_error * abs(factor), abs=1e-9
        )


@few
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    same(
        study(frame.iloc[order], covariates=["size"], method="reg"),
        study(frame, covariates=["size"], method="reg"),
    )


@few
@given(worlds())
def test_what_is_the_schools_own_and_what_is_the_years_own_cancels(frame):
    shifted = frame["score"] + 100 * frame["size"] + 3 * (frame["year"] - 2016) ** 2
    same(study(frame.assign(score=shifted)), study(frame))


@few
@given(worlds(), st.sampled_from([-2.0, 0.5, 1000.0]))
def test_another_unit_of_the_outcome_rescales_everything(frame, factor):
    same(study(frame.assign(score=frame["score"] * factor)), study(frame), factor)


@few
@given(worlds())
def test_without_covariates_all_three_methods_agree(frame):
    for method in ("reg", "ipw"):
        same(study(frame, method=method), study(frame, method="dr"))


@few
@given(worlds())
def test_another_unit_of_a_covariate_changes_nothing(frame):
    other = frame.assign(size=1e4 + 1e3 * frame["size"])
    same(
        study(other, covariates=["size"], method="reg"),
        study(frame, covariates=["size"], method="reg"),
    )


@few
@given(worlds())
def test_a_school_twice_in_one_cluster_counts_once(frame):
    frame = frame.assign(trust=frame["school"])
    twice = pd.concat([frame, frame.assign(school="copy of " + frame["school"])])
    same(study(twice, cluster="trust"), study(frame, cluster="trust"))


@few
@given(worlds())
def test_one_cluster_for_each_school_is_the_default(frame):
    numbers = pd.factorize(frame["school"])[0]
    same(study(frame.assign(trust=-numbers), cluster="trust"), study(frame))


@few
@given(worlds())
def test_a_cell_is_the_regression_of_the_change_on_joining(frame):
    found = study(frame, control="never")
    wide = frame.set_index(["year", "school"])["score"]
    joined = frame.groupby("school")["joined"].first()
    for row in found.table.itertuples():
        who = joined.index[joined.isin([0, row.cohort])]
        change = wide.loc[row.time].loc[who] - wide.loc[row.base].loc[who]
        design = sm.add_constant((joined[who] == row.cohort).to_numpy(dtype=float))
        fit = sm.OLS(change.to_numpy(), design).fit(cov_type="HC0")
        assert row.att == pytest.approx(fit.params[1], abs=1e-9)
        assert row.standard_error == pytest.approx(fit.bse[1], abs=1e-9)


@few
@given(worlds())
def test_a_trusts_schools_add_up_before_they_are_squared(frame):
    frame = frame.assign(trust=frame["school"].str.removeprefix("school ").astype(int) // 2)
    found = study(frame, cluster="trust", control="never")
    trust = frame.groupby("school")["trust"].first()[list(found.units)].to_numpy()
    sums = np.array(
        [[row[trust == t].sum() for t in np.unique(trust)] for row in found.influence]
    )
    np.testing.assert_allclose(found.covariance, sums @ sums.T, atol=1e-12)
    shown = found.table["standard_error"]
    known = shown.notna()
    np.testing.assert_allclose(shown[known], np.sqrt((sums**2).sum(axis=1))[known])


def brute_force(change, treated, design):
    """Doubly robust ATT and influence function, step by step as DRDID documents them."""
    count = len(change)
    logit = sm.Logit(treated.astype(float), design).fit(disp=0, tol=1e-14, maxiter=200)
    score = logit.predict()
    control = ~treated
    ols = sm.OLS(change[control], design[control]).fit()
    left = change - design @ ols.params
    odds = np.where(control, score / (1 - score), 0)
    gain, expected = left[treated].mean(), (odds * left).sum() / odds.sum()
    line = np.where(control, left, 0)[:, None] * design
    line = line @ np.linalg.inv(design[control].T @ design[control] / count)
    model = ((treated - score)[:, None] * design) @ (logit.cov_params() * count)
    share = treated.mean()
    ours = (treated * (left - gain) - line @ (treated[:, None] * design).mean(0)) / share
    through = (odds * (left - expected))[:, None] * design
    others = (
        odds * (left - expected)
        + model @ through.mean(axis=0)
        - line @ (odds[:, None] * design).mean(axis=0)
    ) / odds.mean()
    return gain - expected, np.sqrt(np.mean((ours - others) ** 2) / count)


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_the_doubly_robust_cells_equal_the_papers_formulas_on_an_unbalanced_panel(control):
    random = np.random.default_rng(8)
    joined = random.choice([0, 2017, 2018, 2019], size=150)
    size = random.normal(size=150) + 0.4 * (joined > 0)
    schools = [
        (y, random.normal(size=4) + s * np.arange(4))
        for y, s in zip(joined, size, strict=True)
    ]
    frame = panel(*schools, years=(2016, 2017, 2018, 2019))
    frame = frame.assign(size=np.repeat(size, 4), age=random.normal(size=600))
    frame = frame.drop(random.choice(600, 60, replace=False))
    frame.loc[random.choice(frame.index, 20, replace=False), "age"] = np.nan
    found = study(frame, covariates=["size", "age"], control=control)
    assert found.table["not_compared"].min() > 0
    by_year = {y: rows.set_index("school") for y, rows in frame.groupby("year")}
    for row in found.table.itertuples():
        pair = by_year[row.base].join(
            by_year[row.time]["score"].rename("score_now"), how="inner"
        )
        pair = pair[pair["age"].notna()]
        later = pair["joined"] > max(row.time, row.base) if control == "not_yet" else False
        pair = pair[(pair["joined"] == 0) | (pair["joined"] == row.cohort) | later]
        att, error = brute_force(
            (pair["score_now"] - pair["score"]).to_numpy(),
            (pair["joined"] == row.cohort).to_numpy(),
            sm.add_constant(pair[["size", "age"]]).to_numpy(),
        )
        assert (row.att, row.standard_error) == pytest.approx((att, error), abs=1e-8)


# ---- what it refuses


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda f: f.drop(columns="score"), {}, "no column 'score'"),
        (lambda f: pd.concat([f, f.iloc[:1]]), {}, "two rows in one year"),
        (lambda f: f.assign(score=np.nan), {}, "no row has a score"),
        (lambda f: f.assign(score="good"), {}, "must hold numbers"),
        (
            lambda f: f.assign(score=f["score"].where(f["score"] < 6, np.inf)),
            {},
            "infinite",
        ),
        (lambda f: f.assign(score=f["score"].astype(str)), {}, "must hold numbers"),
        (lambda f: f.assign(year=pd.Timestamp("2018-09-01")), {}, "must hold numbers"),
        (lambda f: f.assign(year=np.nan), {}, "rows have no year"),
        (lambda f: f.assign(joined=np.arange(12)), {}, "'joined' changes within 4 units"),
        (lambda f: f.assign(joined=0), {}, "no unit is treated"),
        (lambda f: f.assign(joined=2010), {}, "no unit is observed in two periods"),
        (lambda f: f[f["year"] == 2018], {}, "no unit is observed in two periods"),
        (lambda f: f.iloc[:0], {}, "no row has a score"),
        (lambda f: f.assign(school=None), {}, "rows have no 'school'"),
        (lambda f: f.assign(trust=f["year"]), {"cluster": "trust"}, "'trust' changes"),
        (lambda f: f.assign(size=3.0), {"covariates": ["size"]}, "the same everywhere"),
        (
            lambda f: f.assign(a=f.index, b=2.0 * f.index),
            {"covariates": ["a", "b"]},
            "collinear",
        ),
        (lambda f: f, {"control": "later"}, "control is one of"),
        (lambda f: f, {"method": "twfe"}, "method is one of"),
        (lambda f: f, {"anticipation": -1}, "anticipation"),
    ],
)
def test_it_refuses_what_it_cannot_use_in_a_sentence(change, settings, message):
    with pytest.raises(ValueError, match=message):
        study(change(FOUR_SCHOOLS), **settings)


def test_a_constant_outcome_has_no_effect_and_no_error():
    found = study(FOUR_SCHOOLS.assign(score=3.3))
    assert found.aggregate("simple").estimate == 0
    assert found.aggregate("simple").standard_error == 0
    with pytest.raises(ValueError, match="nothing to band"):
        found.aggregate("dynamic", draws=99)
