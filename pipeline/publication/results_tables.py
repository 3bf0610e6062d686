"""The figures of a measure as tables: partners, the rest and the gap, year by year."""

from pipeline.evidence.facts import Fact
from pipeline.evidence.wording import interval, number, p_value, span
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import GROUP_LABELS, Measure
from pipeline.publication.tables import Cell, Column, Table

_HEADS = (
    Column("Year"),
    Column("Members", is_number=True),
    Column("Others", is_number=True),
    Column("Gap", is_number=True),
    Column("Interval of the gap", is_number=True),
    Column("Interval by CR3", is_number=True),
    Column("p of random sets", is_number=True),
    Column("Department\u2019s convention", is_number=True),
    Column("Member schools", is_number=True),
    Column("Other schools", is_number=True),
)


def _columns(measure: Measure) -> tuple[Column, ...]:
    """Name the columns; the last but one counts what the measure's numbers count."""
    counted = Column(f"Their {measure.counted}", is_number=True)
    return (*_HEADS[:-1], counted, _HEADS[-1])


def measure_tables(facts: list[Fact], measure: Measure) -> list[Table]:
    """One table for each group of pupils; a year without figures says why."""
    return [
        Table(
            caption=f"{measure.label}, {label} ({measure.unit_of_level}; gap in {measure.unit})"
            if measure.unit != measure.unit_of_level
            else f"{measure.label}, {label} ({measure.unit})",
            columns=_columns(measure),
            rows=tuple(
                _row(of_year, measure) for of_year in _by_year(facts, measure, group)
            ),
        )
        for group, label in GROUP_LABELS.items()
        if _by_year(facts, measure, group)
    ]


def _by_year(facts: list[Fact], measure: Measure, group: str) -> list[dict[str, Fact]]:
    chosen = [f for f in facts if f.measure == measure.code and f.group == group]
    years = sorted({f.year for f in chosen})
    return [{f.quantity: f for f in chosen if f.year == year} for year in years]


def _row(of_year: dict[str, Fact], measure: Measure) -> tuple[Cell, ...]:
    partners, rest, gap = of_year["partners"], of_year["rest"], of_year["gap"]
    head = Cell(academic_year(gap.year))
    if gap.value is None:
        why = Cell(str(gap.reason), id=gap.id, is_why=True, span=len(_HEADS))
        return head, why
    places = measure.decimals
    convention = gap.convention
    return (
        head,
        Cell(number(partners.value, places), id=partners.id),
        Cell(number(rest.value, places), id=rest.id),
        Cell(number(gap.value, places, signed=True), id=gap.id),
        Cell(interval(gap, signed=True)),
        Cell(span(gap.cr3_low, gap.cr3_high, places, signed=True)),
        Cell(p_value(gap.randomisation_p)),
        Cell(
            "none"
            if convention is None or convention.low is None
            else span(convention.low, convention.high, places, signed=True)
        ),
        Cell(f"{partners.schools:,}"),
        Cell(f"{partners.pupils:,}"),
        Cell(f"{rest.schools:,}"),
    )
