"""What a version changed, in words."""

from pipeline.acquire import changes
from pipeline.acquire.answers import Changes, Version
from tests.acquire.replay import version


def told(major=None, minor=None, **more):
    content = {"majorChanges": major or {}, "minorChanges": minor or {}}
    one = Version.model_validate(version("1.1") | more)
    return changes.told(one, Changes.model_validate(content))


def change(before=None, after=None):
    return {"previousState": before, "currentState": after}


def option(label):
    return {"id": "q1g3J", "label": label}


def test_an_indicator_that_was_added_is_named_with_its_column():
    column = {"id": "x", "column": "pupil_count", "label": "Pupils"}
    assert told(minor={"indicators": [change(after=column)]}) == [
        "version 1.1 (minor)",
        "  added, indicator: Pupils (pupil_count)",
    ]


def test_what_was_removed_comes_first_and_is_said_to_break():
    lines = told(
        major={"filters": [change(before={"id": "x", "column": "sex", "label": "Sex"})]},
        minor={"timePeriods": [change(after={"code": "AY", "label": "2025/26"})]},
    )
    assert lines[1:] == [
        "  removed, filter: Sex (sex); what reads it may break",
        "  added, time period: 2025/26",
    ]


def test_a_new_name_stands_beside_the_old_one():
    within = {"filter": option("Breakdown")}
    options = [change(option("Total"), option("All pupils"))]
    assert told(minor={"filterOptions": [within | {"options": options}]})[1:] == [
        "  named anew, option of Breakdown: Total is now All pupils"
    ]


def test_a_change_that_has_the_same_name_is_a_change():
    before = {"label": "An Academy", "urn": "100001"}
    schools = {"level": {"code": "SCH", "label": "School"}}
    options = [change(before, before | {"urn": "100002"})]
    assert told(major={"locationOptions": [schools | {"options": options}]})[1:] == [
        "  changed, place at level School: An Academy; what reads it may break"
    ]


def test_thousands_of_schools_are_counted_and_five_named():
    schools = [change(after=option(f"School {n}")) for n in range(1, 3001)]
    level = {"level": {"code": "SCH", "label": "School"}, "options": schools}
    assert told(minor={"locationOptions": [level]})[1:] == [
        "  added, place at level School: School 1, School 2, School 3, School 4, School 5 "
        "and 2995 more"
    ]


def test_levels_and_groups_of_places_are_named():
    lines = told(
        minor={
            "geographicLevels": [change(after={"code": "SCH", "label": "School"})],
            "locationGroups": [
                change(after={"level": {"code": "LA", "label": "Local authority"}})
            ],
        }
    )
    assert lines[1:] == [
        "  added, geographic level: School",
        "  added, group of places: Local authority",
    ]


def test_a_version_without_changed_facets_corrects_figures():
    assert told()[1:] == ["  no facet changed: figures may have been corrected"]


def test_sets_that_are_null_are_empty():
    assert told(major={"filters": None}, minor={"indicators": None})[1:] == [
        "  no facet changed: figures may have been corrected"
    ]


def test_a_change_of_nothing_into_nothing_is_passed_over():
    assert len(told(minor={"filters": [change()]})) == 2


def test_the_notes_are_told():
    assert told(notes="<p>New year.</p>\n")[1] == "  its notes: <p>New year.</p>"
