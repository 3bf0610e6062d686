"""What is known of a school's pupils beside their results: census, absence, destinations."""

from dataclasses import dataclass

from pipeline.measures.measure import Group


@dataclass(frozen=True)
class ItemColumns:
    """Where one item of one group of pupils stands in a file.

    Each entry lists all names that the column has had, matched whole and without regard
    to case. `pupils` is the number of pupils that the figure is a share of, and `counted`
    those of them that it counts: a percentage is checked against the two, or worked out
    from them where the department publishes none.
    """

    value: tuple[str, ...]
    counted: tuple[str, ...] = ()
    pupils: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One thing known of pupils: what it is, where it stands and what it cannot say."""

    code: str
    label: str
    unit: str
    decimals: int
    """Fewest decimal places in which the department has published it."""
    bounds: tuple[float, float]
    columns: dict[Group, ItemColumns]
    what_it_is: str
    cannot_say: str

    @property
    def is_percentage(self) -> bool:
        """Whether it is a percentage from 0 to 100."""
        return self.unit == "% of pupils"


@dataclass(frozen=True)
class ContextTable:
    """One table of the department's download layout, and the items that it holds."""

    name: str
    file: str
    """Its part of the file name: `england_<file>.csv`."""
    markers: tuple[str, ...]
    """Columns without which a file is not this table."""
    years_behind: int
    """How many academic years its pupils are behind the year of its folder."""
    items: tuple[Item, ...]


_ON_ROLL = ("NOR",)


def _share_of_roll(
    code: str,
    label: str,
    value: tuple[str, ...],
    counted: tuple[str, ...],
    *,
    what_it_is: str,
    cannot_say: str,
    pupils: tuple[str, ...] = _ON_ROLL,
) -> Item:
    return Item(
        code=code,
        label=label,
        unit="% of pupils",
        decimals=1,
        bounds=(0.0, 100.0),
        columns={"all": ItemColumns(value, counted, pupils)},
        what_it_is=what_it_is,
        cannot_say=cannot_say,
    )


# SOURCE: census_meta.csv of 2018/19. The names mislead: TSENELSE is 'SEN pupils with an
# EHC plan', TSENELK 'eligible pupils with SEN support'.
CENSUS = ContextTable(
    name="census",
    file="census",
    markers=("URN", "NOR", "NORG"),
    years_behind=0,
    items=(
        Item(
            code="pupils_on_roll",
            label="Pupils on roll",
            unit="pupils",
            decimals=0,
            bounds=(0.0, 20_000.0),
            columns={"all": ItemColumns(("NOR",), (), ("NOR",))},
            what_it_is="Pupils registered at the school on the January census day.",
            cannot_say="It does not say how many attend, nor how many joined or left.",
        ),
        _share_of_roll(
            "percent_girls",
            "Girls",
            ("PNORG",),
            ("NORG",),
            what_it_is="Girls among the pupils on roll.",
            cannot_say="Of a year group it says nothing: sixth forms are in it.",
        ),
        _share_of_roll(
            "percent_eal",
            "Pupils with English as an additional language",
            ("PNUMEAL",),
            ("NUMEAL",),
            what_it_is="Pupils whose first language is known or believed not to be English.",
            cannot_say="It does not say how well they know English.",
        ),
        _share_of_roll(
            "percent_language_unknown",
            "Pupils whose first language is not known",
            # SOURCE: england_census.csv of 2024/25 spells it PNUMUNCLF, and writes it as
            # a fraction of one in the rows of schools.
            ("PNUMUNCFL", "PNUMUNCLF"),
            ("NUMUNCFL",),
            what_it_is="Pupils whose first language the school has not recorded.",
            cannot_say="It says nothing of the pupils, only of what was recorded.",
        ),
        _share_of_roll(
            "percent_sen_support",
            "Pupils with special educational needs support",
            ("PSENELK",),
            ("TSENELK",),
            what_it_is="Pupils with special educational needs who have no plan of their own.",
            cannot_say="Schools differ in whom they place here, so it is no measure of need.",
        ),
        _share_of_roll(
            "percent_ehc_plan",
            "Pupils with an education, health and care plan",
            ("PSENELSE",),
            ("TSENELSE",),
            what_it_is=(
                "Pupils with an education, health and care plan, or until 2018 a statement "
                "of special educational needs."
            ),
            cannot_say="It does not say what they need, nor how many wait for a plan.",
        ),
        _share_of_roll(
            "percent_fsm",
            "Pupils eligible for free school meals",
            ("PNUMFSM",),
            ("NUMFSM",),
            what_it_is=(
                "Pupils known to be eligible for free school meals on the census day, "
                "worked out from their number, since no percentage is published."
            ),
            cannot_say=(
                "Families must claim. From April 2018 nobody loses eligibility while "
                "universal credit is rolled out, so it rises without families being poorer."
            ),
        ),
        _share_of_roll(
            "percent_fsm_ever6",
            "Pupils eligible for free school meals in the last six years",
            ("PNUMFSMEVER",),
            ("NUMFSMEVER",),
            # SOURCE: the share is of pupils from reception to year 11, whose number the
            # files hold from some year between 2019/20 and 2024/25 on (NORFSMEVER).
            pupils=("NORFSMEVER",),
            what_it_is=(
                "Pupils eligible for free school meals at any time in the last six years, "
                "among pupils from reception to year 11."
            ),
            cannot_say=(
                "It is not the department's disadvantaged group, which also holds children "
                "looked after or adopted from care."
            ),
        ),
    ),
)

ABSENCE = ContextTable(
    name="absence",
    file="abs",
    markers=("URN", "PERCTOT"),
    years_behind=0,
    items=(
        Item(
            code="absence_percent",
            label="Overall absence",
            unit="% of sessions",
            decimals=1,
            bounds=(0.0, 100.0),
            columns={"all": ItemColumns(("PERCTOT",))},
            what_it_is="Half-day sessions missed, of all that pupils could have attended.",
            cannot_say="It does not say why pupils were away, nor whether with leave.",
        ),
        Item(
            code="persistent_absence_percent",
            label="Persistent absentees",
            unit="% of pupils",
            decimals=1,
            bounds=(0.0, 100.0),
            columns={"all": ItemColumns(("PPERSABS10",))},
            what_it_is="Pupils who missed a tenth or more of their own possible sessions.",
            cannot_say=(
                "Until 2014/15 the threshold was 15%; figures of that kind stand in "
                "another column and are not read."
            ),
        ),
    ),
)

_LEAVERS: dict[Group, str] = {"all": "", "disadvantaged": "_DIS", "others": "_NONDIS"}


@dataclass(frozen=True)
class _Destination:
    """One kind of destination, and the columns of it after age 16 and after age 18."""

    code: str
    label: str
    what_it_is: str
    cannot_say: str
    after_16: tuple[str, str]
    """The column of the percentage and that of the number, for all pupils."""
    after_18: tuple[str, str]

    def item(self, code: str, age: int, columns: tuple[str, str], cohort: str) -> Item:
        share, number = columns
        return Item(
            code=code,
            label=f"After age {age}: {self.label}",
            unit="% of pupils",
            decimals=0,
            bounds=(0.0, 100.0),
            columns={
                group: ItemColumns(
                    (f"{share}{end}",), (f"{number}{end}",), (f"{cohort}{end}",)
                )
                for group, end in _LEAVERS.items()
            },
            what_it_is=self.what_it_is,
            cannot_say=self.cannot_say,
        )


_NOT_WHY = "It does not say whether the school had a part in it."
_DESTINATIONS = (
    _Destination(
        "sustained",
        "education, an apprenticeship or employment that lasted",
        "Leavers who stayed in education, an apprenticeship or employment for about half "
        "of the year after they left.",
        "It does not say whether what they did suited them or led anywhere.",
        ("OVERALL_DESTPER", "OVERALL_DEST"),
        ("TOT_OVERALLPER", "TOT_OVERALL"),
    ),
    _Destination(
        "education",
        "education that lasted",
        "Leavers whose sustained destination was education.",
        _NOT_WHY,
        ("EDUCATIONPER", "EDUCATION"),
        ("TOT_EDUCATIONPER", "TOT_EDUCATION"),
    ),
    _Destination(
        "apprenticeships",
        "an apprenticeship that lasted",
        "Leavers whose sustained destination was an apprenticeship.",
        _NOT_WHY,
        ("APPRENPER", "APPREN"),
        ("TOT_APPRENPER", "TOT_APPREN"),
    ),
    _Destination(
        "employment",
        "employment that lasted",
        "Leavers whose sustained destination was employment.",
        _NOT_WHY,
        ("EMPLOYMENTPER", "EMPLOYMENT"),
        ("TOT_EMPLOYMENTPER", "TOT_EMPLOYMENT"),
    ),
    _Destination(
        "not_sustained",
        "nothing that lasted",
        "Leavers of whom something was recorded that did not last.",
        _NOT_WHY,
        ("NOT_SUSTAINEDPER", "NOT_SUSTAINED"),
        ("TOT_NOT_SUSTAINEDPER", "TOT_NOT_SUSTAINED"),
    ),
    _Destination(
        "unknown",
        "not known",
        "Leavers of whom no record was found.",
        "They may be abroad, or in work or education that leaves no record.",
        ("UNKNOWNPER", "UNKNOWN"),
        ("TOT_NOT_CAPTUREDPER", "TOT_NOT_CAPTURED"),
    ),
)

# SOURCE: the number of leavers in england_ks4-pupdest.csv of 2018/19 is that of pupils at
# the end of key stage 4 in the performance table of 2016/17 (TPUP) in 3,552 of 3,556
# schools, and in 1 of 20 of any other year. Destinations take a year to happen and
# another to be published.
DESTINATIONS_AFTER_16 = ContextTable(
    name="destinations after age 16",
    file="ks4-pupdest",
    markers=("URN", "COHORT", "OVERALL_DESTPER"),
    years_behind=2,
    items=tuple(
        about.item(f"destinations_{about.code}_percent", 16, about.after_16, "COHORT")
        for about in _DESTINATIONS
    ),
)
# SOURCE: no file of this table could be had. Its columns, and that it is two years
# behind too, were learnt from open programs that read it.
DESTINATIONS_AFTER_18 = ContextTable(
    name="destinations after age 18",
    file="ks5-studest",
    markers=("URN", "TOT_COHORT", "TOT_OVERALLPER"),
    years_behind=2,
    items=tuple(
        about.item(
            f"destinations_after_18_{about.code}_percent", 18, about.after_18, "TOT_COHORT"
        )
        for about in _DESTINATIONS
    ),
)

TABLES = (CENSUS, ABSENCE, DESTINATIONS_AFTER_16, DESTINATIONS_AFTER_18)
ITEMS: dict[str, Item] = {item.code: item for table in TABLES for item in table.items}
"""All items by their codes."""
