"""Ofsted's outcomes of inspections: what was known of every open school on two dates."""

import csv
import io
import operator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipeline.england.calibration import OFSTED_GRADES, REGIONS
from pipeline.england.establishments import Establishment
from pipeline.england.gias import TYPES
from pipeline.england.world import World

END_OF_GRADES = date(2024, 9, 1)
"""State schools get no overall grade from then on."""
_PHASES = {"ks2": "Primary", "ks4": "Secondary"}
# SOURCE: columns of the management information on state-funded schools, from public
# programs that read it; no such file could be had. They say 'full' inspection up to 2022
# and 'graded' inspection after.
_COLUMNS = """Web link|URN|LAESTAB|School name|Ofsted phase|Type of education
School open date|Admissions policy|Sixth form|Designated religious character
Religious ethos|Faith grouping|Ofsted region|Region|Local authority
Parliamentary constituency|Postcode
The income deprivation affecting children index (IDACI) quintile|Total number of pupils
Inspection number of latest {graded} inspection|Inspection type
Inspection type grouping|Event type grouping|Inspection start date|Inspection end date
Publication date
Does the latest {graded} inspection relate to the URN of the current school?
URN at time of latest {graded} inspection|LAESTAB at time of latest {graded} inspection
School name at time of latest {graded} inspection
School type at time of latest {graded} inspection|Overall effectiveness
Category of concern|Quality of education|Behaviour and attitudes|Personal development
Effectiveness of leadership and management|Safeguarding is effective?
Early years provision (where applicable)|Sixth form provision (where applicable)
Previous {graded} inspection number|Previous inspection start date
Previous inspection end date|Previous publication date
Does the previous {graded} inspection relate to the URN of the current school?
URN at time of previous {graded} inspection
LAESTAB at time of previous {graded} inspection
School name at time of previous {graded} inspection
School type at time of previous {graded} inspection
Previous {graded} inspection overall effectiveness|Previous category of concern"""


@dataclass(frozen=True)
class Snapshot:
    """One file: of which day, and which word it uses for an inspection with grades."""

    day: date
    graded: str

    @property
    def name(self) -> str:
        """Name the file as Ofsted does."""
        return (
            "Management_information_-_state-funded_schools_-_latest_inspections_as_at_"
            f"{self.day:%d_%b_%Y}.csv"
        )

    @property
    def columns(self) -> list[str]:
        """List its columns."""
        return _COLUMNS.format(graded=self.graded).replace("\n", "|").split("|")


SNAPSHOTS = (
    Snapshot(date(2019, 8, 31), "full"),
    Snapshot(date(2024, 8, 31), "graded"),
)


@dataclass(frozen=True)
class _Inspection:
    first: date
    grade: int

    @property
    def last(self) -> date:
        """Inspections with grades last two days."""
        return self.first + timedelta(days=1)

    @property
    def published(self) -> date:
        """Reports come out about five weeks later."""
        return self.first + timedelta(days=28 + self.first.day % 20)


def outcomes(world: World, listed: list[Establishment]) -> list[tuple[Snapshot, bytes]]:
    """Write each file: every school open on its day, with its two latest inspections."""
    histories = _histories(world)
    by_school: dict[tuple[str, int], list[Establishment]] = {}
    for entry in listed:
        by_school.setdefault((entry.key_stage, entry.place), []).append(entry)
    return [
        (snapshot, _file(world, snapshot, by_school, histories)) for snapshot in SNAPSHOTS
    ]


def _histories(world: World) -> dict[tuple[str, int], list[_Inspection]]:
    """Draw every school's inspections: every three to five years, with a grade each.

    A grade follows the school's lasting standing, and much else.
    """
    found: dict[tuple[str, int], list[_Inspection]] = {}
    for part, (key_stage, phase) in enumerate(_PHASES.items()):
        rng = np.random.default_rng([world.seed, 62 + part])
        schools, standing = world.schools[key_stage], world.standing[key_stage]  # type: ignore[index]
        count = len(schools)
        start = np.datetime64("2011-10-01") + rng.integers(0, 1300, count)
        gaps = rng.integers(900, 1900, (4, count))
        cuts = {
            name: -np.quantile(rng.normal(size=20_000), np.cumsum(grades)[:3])
            for name, grades in OFSTED_GRADES.items()
        }
        noise = rng.normal(size=(5, count))
        begins = [day.astype(date) for day in schools.begins]
        ends = [day.astype(date) for day in schools.ends]
        for k in range(count):
            if schools.kind[k] == "independent":
                continue
            name = "Special" if schools.kind[k] == "special" else phase
            own: list[_Inspection] = []
            day = start[k].astype(date)
            earliest = begins[k] + timedelta(days=700) if begins[k] else day
            for turn in range(5):
                if turn:
                    day += timedelta(days=int(gaps[turn - 1, k]))
                if day < earliest or day.month == 8 or (ends[k] and day > ends[k]):
                    continue
                z = 0.45 * standing[k] + np.sqrt(1 - 0.45**2) * noise[turn, k]
                grade = 1 + int((z < cuts[name]).sum())
                own.append(_Inspection(day, grade))
            found[key_stage, k] = own
    return found


def _file(
    world: World,
    snapshot: Snapshot,
    by_school: dict[tuple[str, int], list[Establishment]],
    histories: dict[tuple[str, int], list[_Inspection]],
) -> bytes:
    columns = snapshot.columns
    rows: list[list[str]] = []
    for place, entries in by_school.items():
        if place not in histories:
            continue
        now = _open_on(entries, snapshot.day)
        if now is None:
            continue
        known = [i for i in histories[place] if i.published <= snapshot.day]
        cells = _school(world, now) | _latest(snapshot, known, entries, now)
        rows.append([cells.get(name, "NULL") for name in columns])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    rows.sort(key=operator.itemgetter(1))
    writer.writerows(rows)
    return text.getvalue().encode("cp1252")


def _open_on(entries: list[Establishment], day: date) -> Establishment | None:
    """Find under which number a school was open on a day, leaving infant schools out."""
    for entry in entries:
        begun = entry.opened is None or entry.opened <= day
        if begun and (entry.closed is None or entry.closed > day) and entry.ages[1] != 7:
            return entry
    return None


def _school(world: World, now: Establishment) -> dict[str, str]:
    schools, k = world.schools[now.key_stage], now.place
    region = REGIONS[int(schools.region[k])].name
    phase = "Special" if now.kind == "special" else _PHASES[now.key_stage]
    return {
        "Web link": f"http://www.ofsted.gov.uk/oxedu_reports/display/(id)/{now.urn}",
        "URN": str(now.urn),
        "LAESTAB": _laestab(world, now),
        "School name": now.name,
        "Ofsted phase": phase,
        "Type of education": TYPES[now.school_type][1],
        "School open date": _british(now.opened),
        "Admissions policy": "Selective" if schools.selective[k] else "Non-selective",
        "Sixth form": "Has a sixth form"
        if schools.sixth_form[k]
        else "Does not have a sixth form",
        "Ofsted region": region,
        "Region": region,
        "Local authority": schools.authority_names[int(schools.authority[k])],
        "Postcode": str(schools.postcode[k]),
        "The income deprivation affecting children index (IDACI) quintile": str(
            1 + min(4, int(schools.share[k] * 10))
        ),
        "Total number of pupils": str(now.pupils),
    }


def _laestab(world: World, entry: Establishment) -> str:
    authority = world.schools[entry.key_stage].authority[entry.place]
    return f"{int(authority)}{entry.estab:04d}"


def _british(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "NULL"


def _latest(
    snapshot: Snapshot,
    known: list[_Inspection],
    entries: list[Establishment],
    now: Establishment,
) -> dict[str, str]:
    cells: dict[str, str] = {}
    word = snapshot.graded
    for turn, inspection in enumerate(known[::-1][:2]):
        then = _open_on(entries, inspection.first) or now
        same = "Yes" if then.urn == now.urn else "No"
        number = str(10_000_000 + now.urn * 3 + turn)
        concern = {4: "SWK" if now.urn % 3 else "SM"}.get(inspection.grade, "NULL")
        if turn == 0:
            cells |= {
                f"Inspection number of latest {word} inspection": number,
                "Inspection type": "S5 Inspection",
                "Inspection type grouping": "Schools - S5",
                "Event type grouping": "Schools - S5",
                "Inspection start date": _british(inspection.first),
                "Inspection end date": _british(inspection.last),
                "Publication date": _british(inspection.published),
                f"Does the latest {word} inspection relate to the URN of the current "
                "school?": same,
                f"URN at time of latest {word} inspection": str(then.urn),
                f"School name at time of latest {word} inspection": then.name,
                f"School type at time of latest {word} inspection": TYPES[then.school_type][
                    1
                ],
                "Overall effectiveness": str(inspection.grade),
                "Category of concern": concern,
                "Quality of education": str(inspection.grade)
                if inspection.first >= date(2019, 9, 1)
                else "NULL",
                "Effectiveness of leadership and management": str(inspection.grade),
                "Safeguarding is effective?": "Yes" if inspection.grade < 4 else "No",
            }
        else:
            cells |= {
                f"Previous {word} inspection number": number,
                "Previous inspection start date": _british(inspection.first),
                "Previous inspection end date": _british(inspection.last),
                "Previous publication date": _british(inspection.published),
                f"Does the previous {word} inspection relate to the URN of the current "
                "school?": same,
                f"URN at time of previous {word} inspection": str(then.urn),
                f"School name at time of previous {word} inspection": then.name,
                f"School type at time of previous {word} inspection": TYPES[
                    then.school_type
                ][1],
                f"Previous {word} inspection overall effectiveness": str(inspection.grade),
                "Previous category of concern": concern,
            }
    return cells
