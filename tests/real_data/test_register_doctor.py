"""The register doctor on real schools: how often a spoilt name is still recognised."""

import random
import re
from datetime import date
from pathlib import Path

import pytest

from pipeline.schools.register_doctor import grid, listing, matching
from pipeline.schools.register_doctor.directory import Directory
from pipeline.schools.register_doctor.examine import examine
from pipeline.sources import establishments

PAGE = Path(__file__).parents[2] / "reports" / "methods" / "register-doctor.md"
DAY = date(2017, 9, 1)
"""All of the spine's schools that were open on it may be drawn."""
SCHOOLS = 500
LEVELS = {
    "postcode": "name and postcode",
    "town": "name and town",
    "authority": "name and authority",
    "name": "name alone",
}
SWEPT = (60, 65, 70, 75, 80, 85, 88, 90, 92, 95)

SHORTER = [
    ("Church of England", "C of E"),
    ("Church of England", "CE"),
    ("CofE", "C.E."),
    ("CofE", "Church of England"),
    ("Roman Catholic", "RC"),
    ("Catholic", "RC"),
    ("Voluntary Aided", "VA"),
    ("Voluntary Controlled", "VC"),
    ("Primary School", "Primary"),
    ("Primary School", "Prim. Sch."),
    ("Primary School", "PS"),
    ("Primary School", "Primary Academy"),
    ("Junior", "Jnr"),
    ("Infant", "Inf"),
    ("High School", "High"),
    ("Community ", ""),
    ("Secondary", "Sec"),
    ("Academy", "Acad."),
    ("Academy", ""),
    ("School", "Sch"),
    ("School", "Academy"),
    ("School", ""),
    ("Saint ", "St. "),
    ("St ", "Saint "),
    (" and ", " & "),
    ("The ", ""),
]


def with_typing_error(name, rng):
    letters = [
        at for at in range(len(name) - 1) if name[at].isalpha() and name[at + 1].isalpha()
    ]
    if not letters:
        return name
    at = rng.choice(letters)
    return rng.choice(
        [
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + name[at + 1 :],
        ]
    )


def shortened(name, rng):
    fitting = [(long, short) for long, short in SHORTER if long in name]
    return name.replace(*rng.choice(fitting), 1) if fitting else name


def set_otherwise(name, rng):
    return rng.choice(
        [
            name.upper(),
            name.lower(),
            re.sub(r"['’.,()-]", "", name),
            name.split(",")[0],
        ]
    )


def spoilt(name, rng):
    """A name after one to three changes: half shortened, a quarter mistyped, or reset."""
    for _ in range(rng.randint(1, 3)):
        change = rng.choice([with_typing_error, shortened, shortened, set_otherwise])
        name = change(name, rng)
    return name


@pytest.fixture(scope="module")
def register(shared_data):
    return establishments.read(shared_data / "gias", "gias")


@pytest.fixture(scope="module")
def directory(register):
    return Directory(register.establishments, register.links)


@pytest.fixture(scope="module")
def samples(directory):
    """Two draws of 500 schools, none in both, each with its name spoilt."""
    rng = random.Random(20190601)
    drawn = rng.sample([s for s in directory.schools if s.open_on(DAY)], 2 * SCHOOLS)
    named = [(school, spoilt(school.name, rng)) for school in drawn]
    return named[:SCHOOLS], named[SCHOOLS:]


@pytest.fixture(scope="module")
def without(register, samples):
    """The register of schools with all thousand taken out of it."""
    drawn = {school.urn for sample in samples for school, _ in sample}
    table = register.establishments
    return Directory(table[~table["urn"].isin(drawn)], register.links)


@pytest.fixture(scope="module")
def places(register):
    table = register.establishments.set_index("urn")
    return {"town": table["town"].fillna(""), "authority": table["local_authority"]}


def verdicts(directory, sample, level, places):
    for school, name in sample:
        known = {}
        if level == "postcode":
            known = {"postcode": school.postcode}
        elif level in places:
            known = {"places": (str(places[level][school.urn]),)}
        yield school, matching.find(directory, name, day=DAY, **known)


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def test_the_page_tells_how_the_least_scores_were_chosen(
    directory, without, samples, places, monkeypatch
):
    chosen = dict(matching.LEAST)
    most_mistaken = {"postcode": 0.01, "place": 0.01, "name": 0.03}
    monkeypatch.setattr(matching, "LEAST", dict.fromkeys(matching.LEAST, 0.0))
    found = {}
    for level, least in (
        ("postcode", "postcode"),
        ("authority", "place"),
        ("name", "name"),
    ):
        there = [
            (verdict.score, verdict.school.urn == school.urn)
            for school, verdict in verdicts(directory, samples[0], level, places)
            if verdict.school
        ]
        absent = [
            verdict.score
            for _, verdict in verdicts(without, samples[0], level, places)
            if verdict.school
        ]
        found[least] = (there, absent)
        fit = [
            score
            for score in SWEPT
            if sum(s >= score for s in absent) <= most_mistaken[least] * SCHOOLS
        ]
        assert chosen[least] == min(fit)
    rows = []
    for score in SWEPT:
        cells = []
        for least, (there, absent) in found.items():
            right = sum(is_right for s, is_right in there if s >= score)
            wrong = sum(not is_right for s, is_right in there if s >= score)
            mistaken = sum(s >= score for s in absent)
            mark = "**" if score == chosen[least] else ""
            cells.append(f"{mark}{right} / {wrong} / {mistaken}{mark}")
        rows.append([score, *cells])
    written = table(["least score", "postcode", "town or authority", "name alone"], rows)
    assert written in PAGE.read_text(encoding="utf-8"), f"the page should say\n{written}"


def test_the_page_tells_how_often_spoilt_names_are_recognised(
    directory, without, samples, places
):
    rows = []
    for level, words in LEVELS.items():
        found = list(verdicts(directory, samples[1], level, places))
        right = sum(v.school is not None and v.school.urn == s.urn for s, v in found)
        wrong = sum(v.school is not None for _, v in found) - right
        cannot = sum("cannot tell" in v.why for _, v in found)
        mistaken = sum(
            v.school is not None for _, v in verdicts(without, samples[1], level, places)
        )
        least = matching.LEAST.get(level, matching.LEAST["place"])
        rows.append(
            [
                words,
                f"{least:.0f}",
                right,
                wrong,
                cannot,
                SCHOOLS - right - wrong - cannot,
                f"{100 * right / (right + wrong):.1f}%",
                f"{100 * right / SCHOOLS:.0f}%",
                mistaken,
            ]
        )
        # Nearly every proposal is right, and hardly one is made for a school that is
        # not in the register at all.
        assert right >= 0.98 * (right + wrong)
        assert mistaken <= (0.04 if level == "name" else 0.02) * SCHOOLS
    header = ["known", "least score", "right", "wrong", "cannot tell", "too unlike"]
    header += ["precision", "recall", "wrongly proposed where the school is not there"]
    written = table(header, rows)
    assert written in PAGE.read_text(encoding="utf-8"), f"the page should say\n{written}"


def examined(shared_data, directory, trust):
    path = shared_data / "registers" / trust / "partners.csv"
    found = listing.from_grid(grid.read(path), {})
    return examine(found, directory, today=date(2022, 6, 1))


@pytest.mark.parametrize(
    ("trust", "rows", "younger", "not_among_establishments"),
    [("united-learning", 75, 3, 1), ("ormiston", 43, 2, 4)],
)
def test_real_registers_have_nothing_to_mend(
    shared_data, directory, trust, rows, younger, not_among_establishments
):
    found = examined(shared_data, directory, trust)
    assert len(found.entries) == rows
    assert {f.severity for f in found.findings} == {"look at it"}
    why = [f.why for f in found.findings]
    assert sum("younger than the register of schools" in w for w in why) == younger
    assert sum("links name it" in w for w in why) == not_among_establishments


def test_a_real_converted_school_is_proposed_its_successor(directory, tmp_path):
    # 229 schools that have a successor closed on 31 August 2018; Greensted Infant School
    # alone has two that were open on the next day.
    closed = [
        school
        for school in directory.schools
        if school.closed == date(2018, 8, 31) and directory.followers(school.urn)
    ]
    path = tmp_path / "list.csv"
    rows = [f"{school.urn},{school.name.replace(',', '')},2018-09-01," for school in closed]
    path.write_text("\n".join(["urn,name,joined,left", *rows]), encoding="utf-8")
    found = examine(
        listing.from_grid(grid.read(path), {}), directory, today=date(2019, 1, 1)
    )
    proposed = [e for e in found.entries if "urn" in e.proposals]
    assert (len(closed), len(proposed)) == (229, 228)
    assert all("closed 2018-08-31" in e.proposals["urn"].why for e in proposed)


def test_every_real_dfe_number_gives_the_school_that_was_open(
    directory, register, tmp_path
):
    table = register.establishments
    open_on_day = {s.urn for s in directory.schools if s.open_on(DAY)}
    asked = table[table["urn"].isin(open_on_day) & table["laestab"].notna()]
    asked = asked.sample(2000, random_state=1)
    path = tmp_path / "list.csv"
    rows = [f"{number[:3]}/{number[3:]},2017-09-01," for number in asked["laestab"]]
    path.write_text("\n".join(["DfE number,joined,left", *rows]), encoding="utf-8")
    found = examine(listing.from_grid(grid.read(path), {}), directory, today=DAY)
    settled = [e for e in found.entries if "urn" in e.settled]
    right = sum(
        entry.says["urn"] == urn
        for entry, urn in zip(found.entries, asked["urn"], strict=True)
    )
    assert (len(settled), right) == (2000, 2000)
