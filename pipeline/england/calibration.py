"""What the real files look like: the measured figures that the drawing is tuned to.

Everything here was measured once on the department's files of all England and written
down; `tests/real_data/test_synthetic_marginals.py` measures both again and compares.
"""

from dataclasses import dataclass

from pipeline.measures.measure import KeyStage


@dataclass(frozen=True)
class Region:
    """One of the nine regions: how many schools, which pupils, how far they stand out."""

    name: str
    code: str
    """Letter of the region in the register of schools (GOR)."""
    schools: dict[KeyStage, int]
    """Number of schools, of which only the proportions are used."""
    share: dict[KeyStage, tuple[float, float]]
    """Mean and standard deviation between schools of the share of disadvantaged pupils."""
    standing: dict[str, float]
    """How far schools of the region lie above others with the same share of
    disadvantaged pupils, by measure of progress, in its unit."""


def _region(
    name: str,
    code: str,
    schools: tuple[int, int],
    primary: tuple[float, float],
    secondary: tuple[float, float],
    standing: tuple[float, float, float, float],
) -> Region:
    measures = ("reading_progress", "writing_progress", "maths_progress", "progress_8")
    # SOURCE: england_census.csv of 2018/19 gives primary schools' free school meals in
    # the last six years; the department's disadvantaged pupils of the last year at
    # school are 1.3 times as many (30.6% of them nationally, 23.0% in the census).
    ever = (round(1.3 * primary[0], 3), round(1.2 * primary[1], 3))
    return Region(
        name,
        code,
        {"ks2": schools[0], "ks4": schools[1]},
        {"ks2": ever, "ks4": secondary},
        dict(zip(measures, standing, strict=True)),
    )


# SOURCE: progress_panel_2016_2019.csv with england_census.csv (primary schools, 2018/19)
# and ks4_mainstream_2017_2019.csv (secondary schools, 2018/19): number of schools, mean
# and spread of disadvantage, mean progress less what disadvantage accounts for.
REGIONS: tuple[Region, ...] = (
    _region(
        "North East",
        "A",
        (688, 150),
        (0.349, 0.188),
        (0.336, 0.146),
        (0.56, 0.87, 0.67, -0.11),
    ),
    _region(
        "North West",
        "B",
        (2225, 462),
        (0.251, 0.175),
        (0.302, 0.164),
        (0.21, 0.16, 0.30, -0.10),
    ),
    _region(
        "Yorkshire and the Humber",
        "D",
        (1485, 317),
        (0.242, 0.160),
        (0.289, 0.141),
        (-0.30, 0.04, 0.05, 0.05),
    ),
    _region(
        "East Midlands",
        "E",
        (1247, 284),
        (0.196, 0.139),
        (0.250, 0.121),
        (-0.34, 0.03, -0.23, -0.06),
    ),
    _region(
        "West Midlands",
        "F",
        (1395, 387),
        (0.259, 0.167),
        (0.303, 0.163),
        (-0.04, -0.02, 0.02, 0.04),
    ),
    _region(
        "East of England",
        "G",
        (1454, 367),
        (0.184, 0.114),
        (0.213, 0.111),
        (-0.47, -0.49, -0.59, -0.04),
    ),
    _region(
        "London",
        "H",
        (1497, 504),
        (0.274, 0.147),
        (0.363, 0.170),
        (0.98, 0.74, 1.31, 0.38),
    ),
    _region(
        "South East",
        "J",
        (1840, 501),
        (0.165, 0.121),
        (0.198, 0.114),
        (-0.08, -0.25, -0.40, -0.07),
    ),
    _region(
        "South West",
        "K",
        (1443, 323),
        (0.178, 0.118),
        (0.213, 0.111),
        (-0.06, -0.24, -0.58, -0.11),
    ),
)

# SOURCE: england_ks2final.csv and england_ks4final.csv of 2015/16 and 2017/18. Types that
# are blank in 2015/16 are those of numbers that were gone in 2018: maintained schools,
# most of which became academies since. Special and independent schools as there.
TYPES: dict[str, dict[str, float]] = {
    "ks2": {
        "CY": 43.5,
        "VA": 19.5,
        "VC": 12.7,
        "ACC": 11.2,
        "AC": 6.9,
        "FD": 4.6,
        "F": 1.1,
    },
    "ks4": {
        "ACC": 37.5,
        "AC": 17,
        "CY": 16.5,
        "VA": 8.6,
        "FD": 7.8,
        "F": 4.6,
        "FUTC": 1.6,
        "VC": 1,
        "FSS": 0.9,
        "CTC": 0.1,
    },
    "special": {"CYS": 58, "ACS": 15, "ACCS": 10, "FDS": 5, "FS": 2, "NMSS": 10},
    "independent": {"IND": 73, "INDSPEC": 27},
}

# SOURCE: TELIG of 2017/18 and TPUP of 2017 to 2019 in the national files: cohorts at
# the end of the key stage of state-funded mainstream schools.
SIZE_QUANTILES: dict[KeyStage, tuple[tuple[float, float], ...]] = {
    "ks2": (
        (0.0, 2.5),
        (0.01, 4),
        (0.05, 9.5),
        (0.25, 25),
        (0.5, 31.5),
        (0.75, 56),
        (0.95, 86),
        (0.99, 112),
        (1.0, 180),
    ),
    "ks4": (
        (0.0, 10),
        (0.01, 34),
        (0.05, 65),
        (0.25, 119),
        (0.5, 161),
        (0.75, 204),
        (0.95, 258),
        (0.99, 305),
        (1.0, 430),
    ),
}
# SOURCE: standard deviation of the change of TELIG and TPUP from one year to the next
# (0.19 and 0.16 in logarithms), less what the drawing of single pupils adds.
COHORT_CHANGE: dict[KeyStage, float] = {"ks2": 0.12, "ks4": 0.09, "ks5": 0.09}

# SOURCE: share of schools that became academies between one year's table and the next,
# england_ks2final.csv and england_ks4final.csv 2016 to 2019 by type; the years after
# follow the dates of links in links_edubasealldata.csv. Year: that of the table which
# first lists the new number.
CONVERTED: dict[KeyStage, dict[int, float]] = {
    "ks2": {
        2017: 0.029,
        2018: 0.040,
        2019: 0.033,
        2020: 0.018,
        2021: 0.012,
        2022: 0.011,
        2023: 0.014,
        2024: 0.017,
    },
    "ks4": {
        2017: 0.021,
        2018: 0.022,
        2019: 0.020,
        2020: 0.012,
        2021: 0.008,
        2022: 0.007,
        2023: 0.008,
        2024: 0.010,
    },
}
SPONSORED: dict[KeyStage, dict[int, float]] = {
    "ks2": {
        2017: 0.012,
        2018: 0.012,
        2019: 0.009,
        2020: 0.006,
        2021: 0.004,
        2022: 0.003,
        2023: 0.003,
        2024: 0.003,
    },
    "ks4": {
        2017: 0.023,
        2018: 0.022,
        2019: 0.012,
        2020: 0.008,
        2021: 0.005,
        2022: 0.004,
        2023: 0.004,
        2024: 0.004,
    },
}
# SOURCE: links_edubasealldata.csv: 239 mergers, some 180 amalgamations and 50 splits,
# of some 24,000 schools, most of them since 2015.
MERGED, AMALGAMATED, SPLIT = 0.007, 0.006, 0.001
# SOURCE: the same file: first days of conversions by month.
CONVERSION_MONTHS: dict[int, float] = {
    9: 0.30,
    4: 0.16,
    1: 0.08,
    11: 0.07,
    7: 0.07,
    10: 0.06,
    2: 0.06,
    12: 0.05,
    3: 0.05,
    6: 0.05,
    5: 0.05,
}
# SOURCE: the same file: of pairs 'Predecessor' and 'Successor', the share without a date;
# of those with dates, with two different ones (mostly the last day and the first); told
# from one side alone.
LINK_BLANK, LINK_TWO_DATES, LINK_ONE_SIDED = 0.246, 0.83, 0.026

# SOURCE: trust_links.csv (2022): schools per multi-academy trust, single-academy trusts.
TRUST_SIZES: dict[int, float] = {
    1: 0.131,
    2: 0.171,
    3: 0.132,
    4: 0.114,
    5: 0.087,
    6: 0.061,
    7: 0.047,
    8: 0.048,
    9: 0.029,
    10: 0.024,
    11: 0.024,
    12: 0.017,
    13: 0.014,
    14: 0.012,
    15: 0.015,
    16: 0.012,
    18: 0.014,
    20: 0.012,
    24: 0.010,
    28: 0.010,
    34: 0.008,
    40: 0.005,
    55: 0.003,
}
SINGLE_ACADEMY_TRUSTS = 0.118
"""Share of academies that are a trust of their own."""

# SOURCE: england_ks5final.csv of 2016/17 and 2022/23 by type, with the secondary schools
# of those types: share of schools with a sixth form that stand in the tables.
SIXTH_FORM: dict[str, float] = {
    "ACC": 0.75,
    "AC": 0.62,
    "CY": 0.56,
    "VA": 0.62,
    "FD": 0.62,
    "VC": 0.8,
    "F": 0.7,
    "FUTC": 1.0,
    "FSS": 1.0,
    "CTC": 1.0,
    "IND": 0.7,
    "INDSPEC": 0.0,
}
COLLEGES = 0.094
"""Colleges for each secondary school; a third are sixth form colleges."""
CONSORTIA = 0.005
SIXTH_FORMS_CLOSED = 0.14
"""Share of sixth forms of schools that closed between 2017 and 2023."""
COLLEGE_TYPES: dict[str, float] = {
    "General Further Education College": 0.60,
    "Sixth Form College": 0.27,
    "F1619": 0.07,
    "Agriculture and Horticulture College": 0.04,
    "ACC1619": 0.02,
}

# SOURCE: ks4_mainstream_2017_2019.csv: mixed, girls' and boys' schools; selective ones.
SINGLE_SEX = {"GIRLS": 0.065, "BOYS": 0.047}
SELECTIVE = 0.05

# SOURCE: state-funded row of the tables: pupils by prior attainment, of those with any;
# Hampshire's and Surrey's files for 2017 to 2019, ks4_school_info_2024.csv for the new
# bands from 2021/22 on. Low, middle, high.
PRIOR: dict[KeyStage, dict[int, tuple[float, float, float]]] = {
    "ks2": {2016: (0.088, 0.571, 0.341)},
    "ks4": {
        2016: (0.141, 0.442, 0.417),
        2018: (0.118, 0.446, 0.436),
        2022: (0.222, 0.535, 0.243),
    },
}

# SOURCE: england_ofsted-schools.xlsx (31 July 2018): grades 1 to 4 by phase.
OFSTED_GRADES: dict[str, tuple[float, float, float, float]] = {
    "Primary": (0.184, 0.686, 0.101, 0.029),
    "Secondary": (0.223, 0.531, 0.168, 0.078),
    "Special": (0.380, 0.539, 0.048, 0.033),
}
