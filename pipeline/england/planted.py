"""The truth that is planted in the synthetic England, and the size of its noise."""

from dataclasses import dataclass

from pipeline.measures.measure import Group, KeyStage


@dataclass(frozen=True)
class PlantedProgress:
    """How one measure of progress comes about, in the measure's own unit."""

    key_stage: KeyStage
    base: dict[Group, float]
    """Expected progress of pupils in a school that never joins."""
    selection: float
    """How much higher progress is in schools that join, before they join as well."""
    effect: dict[Group, float]
    """What a whole year of membership adds. A report should find this, and cannot from
    the gap alone, which holds selection too."""
    lasting: float
    """Standard deviation between schools that lasts."""
    passing: float
    """Standard deviation between schools that fades, by half from year to year."""
    hub: float
    """Standard deviation between hubs that lasts; half of it again in each year."""
    disadvantaged: float
    """Standard deviation between schools of what concerns their disadvantaged only."""
    pupil: float
    """Standard deviation between pupils of one school."""
    special: float
    """Expected difference of special schools."""
    national: float
    """Pupils' mean nationally, to which each year is centred anew."""


def _ks2(disadvantaged: float, others: float, pupil: float) -> PlantedProgress:
    return PlantedProgress(
        key_stage="ks2",
        base={"disadvantaged": disadvantaged, "others": others},
        selection=0.5,
        effect={"disadvantaged": 0.35, "others": 0.10},
        lasting=1.5,
        passing=1.2,
        hub=0.45,
        disadvantaged=0.6,
        pupil=pupil,
        special=-5.0,
        national=0.0,
    )


PROGRESS: dict[str, PlantedProgress] = {
    "reading_progress": _ks2(-0.7, 0.3, 6.1),
    "writing_progress": _ks2(-0.5, 0.3, 5.7),
    "maths_progress": _ks2(-0.7, 0.3, 5.4),
    "progress_8": PlantedProgress(
        key_stage="ks4",
        base={"disadvantaged": -0.45, "others": 0.13},
        selection=0.10,
        effect={"disadvantaged": 0.06, "others": 0.02},
        lasting=0.37,
        passing=0.22,
        hub=0.10,
        disadvantaged=0.12,
        pupil=1.25,
        special=-1.2,
        # SOURCE: Progress 8 of state-funded schools is -0.03 in every year, not 0:
        # special schools' pupils count in that row.
        national=-0.03,
    ),
}


@dataclass(frozen=True)
class PlantedAttainment:
    """How one measure of attainment follows from progress and from intake."""

    key_stage: KeyStage
    national: dict[int, float]
    """State-funded schools' figure by year, near enough to the published one."""
    gap: float
    """How much higher others stand than disadvantaged pupils."""
    per_progress: float
    """What one point of progress is worth."""
    intake: float
    """Standard deviation between schools of what pupils bring with them."""
    pupil: float | None
    """Standard deviation between pupils; None for a percentage of pupils, who pass or
    do not."""
    special: float
    top: float


ATTAINMENT: dict[str, PlantedAttainment] = {
    "rwm_expected": PlantedAttainment(
        key_stage="ks2",
        national={2016: 53.0, 2017: 61.0, 2018: 64.0, 2019: 65.0, 2023: 60.0},
        gap=18.0,
        per_progress=2.5,
        intake=10.0,
        pupil=None,
        special=-60.0,
        top=100.0,
    ),
    "attainment_8": PlantedAttainment(
        key_stage="ks4",
        national={
            2016: 49.8,
            2017: 46.3,
            2018: 46.5,
            2019: 46.7,
            2022: 48.7,
            2023: 46.3,
        },
        gap=13.6,
        per_progress=9.0,
        intake=6.0,
        pupil=9.0,
        special=-33.0,
        top=90.0,
    ),
    "english_maths_5": PlantedAttainment(
        key_stage="ks4",
        # Nobody sat these papers in 2016: the table of that year leaves them out.
        national={
            2016: 42.0,
            2017: 42.7,
            2018: 43.3,
            2019: 43.2,
            2022: 49.8,
            2023: 45.3,
        },
        gap=24.0,
        per_progress=18.0,
        intake=12.0,
        pupil=None,
        special=-42.0,
        top=100.0,
    ),
}
