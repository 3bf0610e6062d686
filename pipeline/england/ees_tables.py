"""Key stage 4 in the new layout: the tables of explore-education-statistics."""

import csv
import io

import numpy as np

from pipeline.england import ks4_figures, layout
from pipeline.england.arrays import Words, words
from pipeline.england.schools import Schools
from pipeline.england.world import World
from pipeline.measures.measure import Group

YEAR = 2024
_COUNTRY = ("E92000001", "England")
# SOURCE: the labels of establishment_type_group in ks4_school_info_2024.csv.
TYPE_GROUPS: dict[str, str] = {
    "ACC": "Converter academies",
    "AC": "Sponsored academies",
    "CY": "Community school",
    "VA": "Voluntary aided school",
    "VC": "Voluntary controlled school",
    "FD": "Foundation school",
    "F": "Free schools",
    "FUTC": "University technical colleges (UTCs)",
    "FSS": "Studio schools",
    "CTC": "CTCs",
    "CYS": "Community special school",
    "FDS": "Foundation special school",
    "NMSS": "Non-maintained special schools",
    "ACCS": "Converter academies - special school",
    "ACS": "Sponsored academies - special school",
    "FS": "Free schools - special school",
    "IND": "Independent schools",
    "INDSPEC": "Independent special schools",
}
# SOURCE: labels and columns of the table of results are those that other people's public
# programs read, as in `pipeline/measures/ees.py`; no such table was at hand.
_LABELS: dict[Group, tuple[str, str]] = {
    "all": ("Total", "Total"),
    "girls": ("Sex", "Girls"),
    "boys": ("Sex", "Boys"),
    "disadvantaged": ("Disadvantage", "Disadvantaged"),
    "others": ("Disadvantage", "Not known to be disadvantaged"),
    "low_prior": ("Prior attainment", "Low prior attainment"),
    "middle_prior": ("Prior attainment", "Mid prior attainment"),
    "high_prior": ("Prior attainment", "High prior attainment"),
}
_CODES = {
    "SUPP": "c",
    "NP": "z",
    "NE": "z",
    "NA": "z",
    "NEW": "z",
    "LOWCOV": "u",
    "": "z",
}
_FIRST = """time_period time_identifier geographic_level country_code country_name
old_la_code la_name school_laestab school_urn school_name establishment_type_group
version"""


def key_stage_4(world: World) -> dict[str, bytes]:
    """Write the tables of 2023/24, by their names: results, and school information.

    They hold the figures that the old layout's table of the year holds, one row for each
    school and group of pupils, in small letters and with the new codes: c for
    suppressed, z for not applicable, u for too few pupils covered.
    """
    plan = next(plan for plan in layout.LAYOUTS["ks4"] if plan.year == YEAR)
    schools, figures = world.schools["ks4"], world.figures["ks4"][YEAR]
    national = figures.pooled(np.where(schools.is_state_funded, 0, -1), 1)
    types = schools.types(YEAR)
    cells = ks4_figures.figures_of(
        figures, plan, national, types, decimals=plan.percent_decimals
    )
    at = np.flatnonzero(schools.is_listed(YEAR) & schools.has_cohort(YEAR))
    first = _first(schools, types, at)
    return {
        "202324_performance_tables_schools_final.csv": _results(cells, first, at),
        "ks4_school_info_2024.csv": _information(cells, first, at),
    }


def _first(schools: Schools, types: Words, at: np.ndarray) -> list[tuple[str, ...]]:
    names = schools.authority_names
    return [
        (
            "202324",
            "Academic year",
            "School",
            *_COUNTRY,
            str(code),
            names[code],
            f"{code}{estab:04d}",
            str(urn),
            str(name),
            TYPE_GROUPS[kind],
            "Final",
        )
        for code, estab, urn, name, kind in zip(
            schools.authority[at].tolist(),
            schools.estab[at].tolist(),
            schools.numbers(YEAR)[at].tolist(),
            schools.name[at],
            types[at],
            strict=True,
        )
    ]


def _results(
    cells: dict[str, Words], first: list[tuple[str, ...]], at: np.ndarray
) -> bytes:
    header = [*_FIRST.split(), "breakdown_topic", "breakdown", "t_pupils", "avg_att8"]
    header += ["t_inp8calc", "avg_p8score", "p8score_ci_low", "p8score_ci_upp"]
    header += ["pt_l2basics_95", "pt_l2basics_94", "avg_ebaccaps"]
    rows: list[tuple[str, ...]] = []
    for group, labels in _LABELS.items():
        end, basics = ks4_figures.ENDINGS.get(group, ""), ks4_figures.BASICS[group]
        names = [_number_of(group), f"ATT8SCR{end}", f"P8PUP{end}", f"P8MEA{end}"]
        names += [f"P8CILOW{end}", f"P8CIUPP{end}", f"{basics}_95", f"{basics}_94"]
        columns = [_new(cells[name][at]) for name in (*names, f"EBACCAPS{end}")]
        values = zip(*columns, strict=True)
        rows += [(*who, *labels, *own) for who, own in zip(first, values, strict=True)]
    return _encoded(header, rows)


def _number_of(group: Group) -> str:
    if group in ks4_figures.COUNTS:
        return f"T{ks4_figures.COUNTS[group]}"
    return {"all": "TPUP", "girls": "GPUP", "boys": "BPUP"}[group]


def _information(
    cells: dict[str, Words], first: list[tuple[str, ...]], at: np.ndarray
) -> bytes:
    # SOURCE: part of the columns of ks4_school_info_2024.csv; `diffn_p8mea` there is a
    # difference between groups, and no Progress 8.
    columns = {
        "t_allks_pupils": words([""] * len(cells["TPUP"])),
        "t_pupils": cells["TPUP"],
        "t_boys": cells["BPUP"],
        "t_girls": cells["GPUP"],
        "t_prior_lo": cells["TPRIORLO"],
        "pt_prior_lo": cells["PTPRIORLO"],
        "t_prior_av": cells["TPRIORAV"],
        "pt_prior_av": cells["PTPRIORAV"],
        "t_prior_hi": cells["TPRIORHI"],
        "pt_prior_hi": cells["PTPRIORHI"],
        "t_disadvantaged": cells["TFSM6CLA1A"],
        "pt_disadvantaged": cells["PTFSM6CLA1A"],
        "t_not_disadvantaged": cells["TNOTFSM6CLA1A"],
        "pt_not_disadvantaged": cells["PTNOTFSM6CLA1A"],
        "diffn_att8": cells["DIFFN_ATT8"],
        "diffn_p8mea": cells["DIFFN_P8MEA"],
    }
    values = zip(*[_new(cell[at]) for cell in columns.values()], strict=True)
    rows = [(*who, *own) for who, own in zip(first, values, strict=True)]
    return _encoded([*_FIRST.split(), *columns], rows)


def _new(cells: Words) -> list[str]:
    """Write the new codes for the old ones, and percentages without their sign."""
    return [_CODES.get(text, text.removesuffix("%")) for text in cells]


def _encoded(header: list[str], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue().encode()
