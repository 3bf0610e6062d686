"""The truth that is planted in the synthetic England, and the size of its noise."""

from dataclasses import dataclass, field
from typing import TypeVar, get_args

from pipeline.measures.measure import Group, KeyStage
from pipeline.run.parameters import WorldName

_T = TypeVar("_T")

DEFAULT_WORLD: WorldName = "selection-and-effect"


@dataclass(frozen=True)
class PlantedWorld:
    """What is true of one England, in multiples of each measure's `size`.

    Worlds of one seed have the same schools, members and luck; they differ by nothing
    but what stands here, so two of them can be compared school by school.
    """

    lesson: str
    """What an analysis must get right here."""
    effect: tuple[float, ...] = (0.0,)
    """What membership adds in the first, second, ... year of membership; the last entry
    holds from then on. It ends when a school leaves."""
    reaches: dict[Group, float] = field(
        default_factory=lambda: {"disadvantaged": 1.0, "others": 1.0}
    )
    """Which pupils the effect reaches, and with which share of it."""
    level: float = 0.0
    """How much higher progress is in schools that ever join, in every year."""
    trend: float = 0.0
    """How much more each year adds in schools that ever join, before they join as well;
    counted from `MIDDLE_YEAR`."""
    dip: float = 0.0
    """How much lower joining schools lie by bad luck in the year before they join. The
    luck fades before and after as all luck does, so it comes back without any help."""
    anticipation: float = 0.0
    """Share of the first year's effect that shows in the year before membership."""
    spill: float = 0.0
    """Share of the first year's effect that other schools have while a school of their
    neighbourhood is a member."""
    more_disadvantaged: float = 0.0
    """How much higher the share of disadvantaged pupils is in schools that ever join."""


MIDDLE_YEAR = 2020

WORLDS: dict[WorldName, PlantedWorld] = {
    "selection-and-effect": PlantedWorld(
        lesson=(
            "Schools that join were ahead before, and membership helps a little, "
            "disadvantaged pupils most: the gap to the rest is no effect."
        ),
        effect=(1.0,),
        reaches={"disadvantaged": 0.6, "others": 0.2},
        level=1.0,
        more_disadvantaged=0.05,
    ),
    "no-effect": PlantedWorld(
        lesson="Members differ from other schools by nothing: whatever is found is luck.",
    ),
    "constant-effect": PlantedWorld(
        lesson="Every year of membership adds the same, to all pupils.",
        effect=(1.0,),
    ),
    "growing-effect": PlantedWorld(
        lesson=(
            "The effect grows for five years: an average over cohorts that compares "
            "late with early joiners comes out too small."
        ),
        effect=(0.4, 0.8, 1.2, 1.6, 2.0),
    ),
    "disadvantaged-only": PlantedWorld(
        lesson="Only disadvantaged pupils gain; the others of the same schools do not.",
        effect=(1.5,),
        reaches={"disadvantaged": 1.0, "others": 0.0},
    ),
    "selection-on-level": PlantedWorld(
        lesson=(
            "Schools that join were always ahead, by the same: a comparison over time "
            "finds nothing, and one at one time finds the selection."
        ),
        level=1.5,
    ),
    "selection-on-trend": PlantedWorld(
        lesson=(
            "Schools that join rise all the time, before they join as well: a comparison "
            "over time takes the trend for an effect."
        ),
        trend=0.25,
    ),
    "regression-to-the-mean": PlantedWorld(
        lesson=(
            "Schools join after a year of bad luck, and recover without any help: a "
            "comparison with the year before joining takes luck for an effect."
        ),
        dip=1.5,
    ),
    "anticipation": PlantedWorld(
        lesson=(
            "Half of the effect shows in the year before membership: a comparison with "
            "that year comes out too small."
        ),
        effect=(1.0,),
        anticipation=0.5,
    ),
    "spill-over": PlantedWorld(
        lesson=(
            "Neighbours of members gain half as much: a comparison with them comes out "
            "too small."
        ),
        effect=(1.0,),
        spill=0.5,
    ),
}
if set(WORLDS) != set(get_args(WorldName)):
    raise AssertionError("a world is named and not described, or the reverse")


@dataclass(frozen=True)
class PlantedProgress:
    """How one measure of progress comes about, in the measure's own unit."""

    key_stage: KeyStage
    size: float
    """What a world's multiples are multiples of: a clear difference between schools,
    about a fifth of their standard deviation."""
    base: dict[Group, float]
    """Expected progress of pupils in a school like all others."""
    sex: float
    """How far girls lie above boys."""
    prior: tuple[float, float, float]
    """How far pupils of low, middle and high prior attainment lie apart."""
    spread: dict[int, float]
    """Standard deviation between schools from the given year on, beyond region, intake
    and the luck of pupils."""
    lasting: float
    """Part of that variance which never changes."""
    passing: float
    """Part that fades from year to year; the rest is of one year only."""
    fades: float
    """What is left of the passing part after a year."""
    common: float
    """How much of it the measures of a key stage have in common: the product of two
    measures' is their correlation between schools."""
    intake: float
    """How much higher schools lie whose pupils are all disadvantaged than schools
    without any, among pupils of the same group."""
    hub: float
    """Standard deviation between hubs that lasts; half of it again in each year."""
    disadvantaged: float
    """Standard deviation between schools of what concerns their disadvantaged only."""
    pupil: dict[int, float]
    """Standard deviation between pupils from the given year on."""
    special: float
    """Expected difference of special schools."""
    national: float
    """Pupils' mean nationally, to which each year is centred anew."""


def in_year(by_year: dict[int, _T], year: int) -> _T:
    """Give what holds in a year: the entry of the latest year that is not after it."""
    return by_year[max(first for first in by_year if first <= year)]


# SOURCE: spread, lasting, passing, fades, common and intake reproduce, with the luck of
# pupils and the regions, what england_ks2final.csv and england_ks4final.csv of all
# England show: standard deviation between schools by year, correlation over one, two and
# three years, between subjects and with disadvantage (tests/real_data/
# test_synthetic_marginals.py). Bases, sex and prior attainment are those of the
# state-funded row of 2018/19, less what lies between schools.
# SOURCE of the spread between pupils: key stage 2 of 2017 and 2018 from the bounds
# published for Hampshire's schools, 2019 reproduces theirs; key stage 4 of 2022 and 2023
# from the department's ready reckoner, before from Hampshire and Surrey. 2016 is given
# the spread of 2017 at key stage 2.
PROGRESS: dict[str, PlantedProgress] = {
    "reading_progress": PlantedProgress(
        key_stage="ks2",
        size=0.5,
        base={"disadvantaged": -0.48, "others": 0.21},
        sex=1.1,
        prior=(0.0, 0.0, 0.0),
        spread={2016: 2.35, 2017: 2.15, 2018: 1.95, 2019: 1.98},
        lasting=0.13,
        passing=0.72,
        fades=0.7,
        common=0.80,
        intake=-1.15,
        hub=0.45,
        disadvantaged=0.7,
        pupil={2016: 6.228, 2018: 5.992, 2019: 6.174, 2023: 6.2},
        special=-5.0,
        national=0.0,
    ),
    "writing_progress": PlantedProgress(
        key_stage="ks2",
        size=0.5,
        base={"disadvantaged": -0.68, "others": 0.29},
        sex=1.5,
        prior=(0.0, 0.0, 0.0),
        spread={2016: 2.70, 2017: 2.15, 2018: 1.82, 2019: 1.76},
        lasting=0.02,
        passing=0.88,
        fades=0.67,
        common=0.635,
        intake=1.11,
        hub=0.45,
        disadvantaged=0.7,
        pupil={2016: 6.045, 2018: 5.733, 2019: 5.694, 2023: 5.7},
        special=-5.0,
        national=0.0,
    ),
    "maths_progress": PlantedProgress(
        key_stage="ks2",
        size=0.5,
        base={"disadvantaged": -0.87, "others": 0.37},
        sex=-1.4,
        prior=(0.0, 0.0, 0.0),
        spread={2016: 2.30, 2017: 2.36, 2018: 2.18, 2019: 2.10},
        lasting=0.10,
        passing=0.82,
        fades=0.7,
        common=0.90,
        intake=0.81,
        hub=0.45,
        disadvantaged=0.5,
        pupil={2016: 5.626, 2018: 5.434, 2019: 5.39, 2023: 5.4},
        special=-5.0,
        national=0.0,
    ),
    "progress_8": PlantedProgress(
        key_stage="ks4",
        size=0.10,
        base={"disadvantaged": -0.36, "others": 0.12},
        sex=0.53,
        prior=(-0.10, -0.02, -0.03),
        spread={2016: 0.378, 2017: 0.41, 2018: 0.392, 2019: 0.40},
        lasting=0.36,
        passing=0.59,
        fades=0.8,
        common=1.0,
        intake=-0.81,
        hub=0.10,
        disadvantaged=0.14,
        pupil={2016: 1.0596, 2017: 1.229, 2018: 1.2625, 2019: 1.2828, 2022: 1.408359}
        | {2023: 1.414023, 2024: 1.41628},
        special=-1.2,
        # SOURCE: Progress 8 of state-funded schools is -0.03 in every year, not 0:
        # special schools' pupils count in that row.
        national=-0.03,
    ),
    # SOURCE: england_ks5final.csv of 2016/17, of schools; how much lasts from year to
    # year is a guess, since value added is published for no two years there.
    "a_level_value_added": PlantedProgress(
        key_stage="ks5",
        size=0.06,
        base={"disadvantaged": -0.05, "others": 0.0},
        sex=0.0,
        prior=(0.0, 0.0, 0.0),
        spread={2016: 0.235},
        lasting=0.5,
        passing=0.45,
        fades=0.7,
        common=1.0,
        intake=-0.2,
        hub=0.05,
        disadvantaged=0.15,
        pupil={2016: 1.127},
        special=0.0,
        national=-0.01,
    ),
}


@dataclass(frozen=True)
class PlantedAttainment:
    """How one measure of attainment follows from progress and from intake."""

    key_stage: KeyStage
    follows: tuple[str, ...]
    """Measures of progress whose mean it follows."""
    national: dict[int, float]
    """State-funded schools' figure by year, near enough to the published one."""
    gap: float
    """How much higher others stand than disadvantaged pupils of the same school."""
    sex: float
    prior: tuple[float, float, float] | None
    """Figures of pupils with low, middle and high prior attainment; None where the
    department publishes none."""
    per_progress: float
    """What one point of progress is worth."""
    intake: float
    """Standard deviation between schools of what pupils bring with them."""
    pupil: float | None
    """Standard deviation between pupils; None for a percentage of pupils, who pass or
    do not."""
    special: float
    bounds: tuple[float, float]


# SOURCE: national figures, sex and prior attainment from the state-funded rows of the
# tables that are at hand (key stage 2 and 4: 2016/17 to 2018/19; key stage 5: 2016/17
# and 2022/23) and the department's statistics of the other years, from memory: no result
# rests on them. Attainment 8 is 10.4 times Progress 8 and 4.0 times prior attainment in
# ks4_mainstream_2017_2019.csv.
ATTAINMENT: dict[str, PlantedAttainment] = {
    "rwm_expected": PlantedAttainment(
        key_stage="ks2",
        follows=("reading_progress", "writing_progress", "maths_progress"),
        national={
            2016: 53.0,
            2017: 61.0,
            2018: 64.0,
            2019: 65.0,
            2023: 60.0,
            2024: 61.0,
        },
        gap=15.0,
        sex=10.0,
        prior=(7.0, 58.0, 95.0),
        per_progress=3.9,
        intake=9.0,
        pupil=None,
        special=-60.0,
        bounds=(0.0, 100.0),
    ),
    "reading_score": PlantedAttainment(
        key_stage="ks2",
        follows=("reading_progress",),
        national={2016: 102.8, 2017: 104.1, 2018: 105.0, 2019: 104.4, 2023: 105.1}
        | {2024: 105.2},
        gap=2.9,
        sex=2.2,
        prior=(93.0, 102.6, 110.0),
        per_progress=0.85,
        intake=1.6,
        pupil=3.0,
        special=-11.0,
        bounds=(80.0, 120.0),
    ),
    "maths_score": PlantedAttainment(
        key_stage="ks2",
        follows=("maths_progress",),
        national={2016: 103.0, 2017: 104.2, 2018: 104.4, 2019: 105.0, 2023: 104.2}
        | {2024: 104.3},
        gap=2.9,
        sex=-0.6,
        prior=(93.8, 103.2, 110.0),
        per_progress=0.85,
        intake=1.6,
        pupil=3.0,
        special=-11.0,
        bounds=(80.0, 120.0),
    ),
    "attainment_8": PlantedAttainment(
        key_stage="ks4",
        follows=("progress_8",),
        national={
            2016: 49.8,
            2017: 46.4,
            2018: 46.5,
            2019: 46.7,
            2022: 48.7,
            2023: 46.3,
            2024: 45.9,
        },
        gap=10.0,
        sex=5.5,
        prior=(23.0, 40.5, 60.3),
        per_progress=10.4,
        intake=5.0,
        pupil=3.5,
        special=-33.0,
        bounds=(0.5, 90.0),
    ),
    "english_maths_5": PlantedAttainment(
        key_stage="ks4",
        follows=("progress_8",),
        # Nobody sat these papers in 2016: the table of that year leaves them out.
        national={
            2016: 42.0,
            2017: 42.6,
            2018: 43.3,
            2019: 43.2,
            2022: 49.8,
            2023: 45.3,
            2024: 45.9,
        },
        gap=19.0,
        sex=7.0,
        prior=(2.0, 22.0, 77.0),
        per_progress=16.0,
        intake=10.5,
        pupil=None,
        special=-42.0,
        bounds=(0.0, 100.0),
    ),
    "english_maths_4": PlantedAttainment(
        key_stage="ks4",
        follows=("progress_8",),
        national={
            2016: 63.0,
            2017: 63.9,
            2018: 64.2,
            2019: 64.6,
            2022: 68.8,
            2023: 65.1,
            2024: 65.1,
        },
        gap=20.0,
        sex=7.0,
        prior=(8.0, 53.0, 93.0),
        per_progress=14.0,
        intake=8.5,
        pupil=None,
        special=-62.0,
        bounds=(0.0, 100.0),
    ),
    "ebacc_points": PlantedAttainment(
        key_stage="ks4",
        follows=("progress_8",),
        national={
            2016: 4.0,
            2017: 4.0,
            2018: 4.04,
            2019: 4.07,
            2022: 4.27,
            2023: 4.05,
            2024: 4.07,
        },
        gap=1.0,
        sex=0.48,
        prior=(1.8, 3.36, 5.46),
        per_progress=1.0,
        intake=0.5,
        pupil=0.35,
        special=-3.6,
        bounds=(0.02, 9.0),
    ),
    "a_level_points": PlantedAttainment(
        key_stage="ks5",
        follows=("a_level_value_added",),
        national={
            2016: 30.8,
            2017: 31.1,
            2018: 32.1,
            2019: 32.7,
            2022: 37.9,
            2023: 34.2,
            2024: 34.4,
        },
        gap=3.2,
        sex=0.0,
        prior=None,
        per_progress=10.0,
        intake=4.0,
        pupil=10.0,
        special=-2.0,
        bounds=(1.0, 60.0),
    ),
    "applied_general_points": PlantedAttainment(
        key_stage="ks5",
        follows=("a_level_value_added",),
        national={
            2016: 34.7,
            2017: 35.7,
            2018: 28.3,
            2019: 28.9,
            2022: 31.9,
            2023: 29.5,
            2024: 28.8,
        },
        gap=2.4,
        sex=0.0,
        prior=None,
        per_progress=3.0,
        intake=3.2,
        pupil=12.0,
        special=-2.0,
        bounds=(1.0, 60.0),
    ),
}
