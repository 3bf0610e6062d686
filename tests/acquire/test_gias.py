"""The register of schools: all files of one day, the newest that has them."""

from datetime import date

import pytest
import yaml

from pipeline.acquire import gias, releases
from tests.acquire.replay import Answer

SCHOOLS = (
    "URN,EstablishmentName,TypeOfEstablishment (name),OpenDate,CloseDate\n"
    "100001,St Zo\u00eb\u2019s,Community school,,31-08-2020\n"
)
LINKS = "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n100001,140001,X,Successor,\n"
TRUSTS = (
    "URN,Group UID,Group Name,Group Type,Date joined group,Date left group\n"
    "140001,2044,A Trust,Multi-academy trust,01-09-2020,\n"
)
FILES = {
    "edubasealldata": SCHOOLS,
    "links_edubasealldata": LINKS,
    "academiesmatmembership": TRUSTS,
}


def places(day):
    return [f"gias/{stem}{day}.csv" for stem in FILES]


@pytest.fixture
def publish(replay):
    """Write the register of a day: publish('20261119')."""

    def write(day, **changed):
        for stem, content in (FILES | changed).items():
            if content is not None:
                answer = Answer(content.encode("cp1252"), headers={"ETag": f'"{day}"'})
                replay.answer(f"/public/{stem}{day}.csv", answer)

    return write


def bring(acquiring, **changed):
    return acquiring.bring("gias", **changed)


def day_of(acquiring):
    days = {pin["version"] for pin in yaml.safe_load(acquiring.lock.read_text()).values()}
    assert len(days) == 1
    return days.pop()


def saved(acquiring, day):
    for place, content in zip(places(day), FILES.values(), strict=True):
        acquiring.save(place, content.encode("cp1252"))


def test_the_register_of_the_day_is_fetched_as_it_is(acquiring, publish):
    publish("20261120")
    assert bring(acquiring) == "fetched"
    found = [(acquiring.sources / place).read_bytes() for place in places("20261120")]
    assert found == [content.encode("cp1252") for content in FILES.values()]
    assert day_of(acquiring) == "2026-11-20"


def test_a_day_without_a_register_leads_to_the_day_before(acquiring, publish):
    publish("20261117")
    assert bring(acquiring) == "fetched"
    assert day_of(acquiring) == "2026-11-17"


def test_a_day_counts_only_with_all_of_its_files(acquiring, publish):
    publish("20261120", links_edubasealldata=None)
    publish("20261119")
    assert bring(acquiring) == "fetched"
    assert day_of(acquiring) == "2026-11-19"


def test_a_register_older_than_two_weeks_is_not_looked_for(acquiring, publish):
    publish("20261105")
    assert bring(acquiring) == "failed"
    assert "no day from 2026-11-06 to 2026-11-20 has all" in acquiring.said
    assert "https://get-information-schools.service.gov.uk/Downloads" in acquiring.said
    assert acquiring.on_disk() == {}
    assert len(acquiring.replay.requests) == 15


def test_an_earlier_day_can_be_asked_for(acquiring, publish):
    publish("20261120")
    publish("20260901")
    assert bring(acquiring, day=date(2026, 9, 3)) == "fetched"
    assert day_of(acquiring) == "2026-09-01"


def test_the_pinned_day_stays_and_nothing_is_asked(acquiring, publish, replay):
    publish("20261101")
    bring(acquiring, day=date(2026, 11, 1))
    replay.requests.clear()
    assert bring(acquiring) == "there"
    assert replay.requests == []


def test_a_lost_file_comes_back_alone_and_of_the_pinned_day(acquiring, publish, replay):
    publish("20261101")
    bring(acquiring, day=date(2026, 11, 1))
    publish("20261120")
    there = acquiring.on_disk()
    (acquiring.sources / places("20261101")[0]).unlink()
    replay.requests.clear()
    assert bring(acquiring) == "fetched"
    assert [r.path for r in replay.requests] == ["/public/edubasealldata20261101.csv"]
    assert acquiring.on_disk().keys() == there.keys()


def test_another_day_is_taken_where_a_person_accepts_it(acquiring, publish):
    publish("20261101")
    bring(acquiring, day=date(2026, 11, 1))
    publish("20261120")
    assert bring(acquiring, accept_new_version=True) == "fetched"
    assert day_of(acquiring) == "2026-11-20"
    # The files of the earlier day are no longer pinned; the pipeline reads the newest.
    assert {*places("20261101"), *places("20261120")} <= set(acquiring.on_disk())


def test_an_earlier_day_is_refused_beside_a_later_one(acquiring, publish):
    publish("20261120")
    bring(acquiring)
    publish("20261101")
    before = acquiring.on_disk()
    day = date(2026, 11, 1)
    assert bring(acquiring, day=day, accept_new_version=True) == "failed"
    assert "is newer than the register of 2026-11-01" in acquiring.said
    assert "move academiesmatmembership20261120.csv, edubase" in acquiring.said
    assert acquiring.on_disk() == before


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"links_edubasealldata": LINKS.replace("LinkType", "Kind")},
            "LINKTYPE is missing",
        ),
        ({"edubasealldata": SCHOOLS.replace("31-08-2020", "soon")}, "soon"),
        ({"academiesmatmembership": "<!DOCTYPE html>"}, "a web page"),
        ({"edubasealldata": SCHOOLS.replace("100001", "1")}, "six digits"),
    ],
    ids=["column gone", "no date", "web page", "no school number"],
)
def test_one_bad_file_leaves_all_files_of_the_day_away(acquiring, publish, changed, words):
    publish("20261101")
    bring(acquiring, day=date(2026, 11, 1))
    before = acquiring.on_disk()
    publish("20261120", **changed)
    assert bring(acquiring, accept_new_version=True) == "failed"
    assert words in acquiring.said
    assert acquiring.said.count("kept as it was") == 3
    assert acquiring.on_disk() == before


def test_a_pinned_day_that_is_no_longer_there_is_told(acquiring, publish, replay):
    publish("20261101")
    bring(acquiring, day=date(2026, 11, 1))
    (acquiring.sources / places("20261101")[0]).unlink()
    before = acquiring.on_disk()
    replay.answers.clear()
    assert bring(acquiring) == "failed"
    assert "edubasealldata20261101.csv: not there (status 404)" in acquiring.said
    assert acquiring.on_disk() == before


def test_a_pinned_day_with_another_content_is_refused(acquiring, publish):
    publish("20261120")
    bring(acquiring)
    path = acquiring.sources / places("20261120")[1]
    path.unlink()
    publish("20261120", links_edubasealldata=LINKS + "100001,140002,Y,Successor,\n")
    assert bring(acquiring) == "failed"
    assert "the content is not the pinned one" in acquiring.said
    assert not path.exists()


def test_a_service_that_refuses_scripts_is_told_with_its_page(acquiring, replay):
    replay.answer("/public/edubasealldata20261120.csv", Answer(status=403))
    assert bring(acquiring) == "failed"
    assert "save the file by hand" in acquiring.said
    assert "its page: https://get-information-schools" in acquiring.said
    assert len(replay.requests) == 1


def test_files_that_were_saved_by_hand_serve_as_well(acquiring, replay):
    assert bring(acquiring, fetching=False) == "to save by hand"
    assert "under their own names in data/sources/gias" in acquiring.said
    saved(acquiring, "20261101")
    assert bring(acquiring, fetching=False) == "recorded"
    assert day_of(acquiring) == "2026-11-01"
    assert bring(acquiring, fetching=False) == "there"
    assert bring(acquiring) == "there"
    assert replay.requests == []


def test_a_day_saved_by_hand_beside_the_pinned_one_has_to_be_accepted(acquiring):
    saved(acquiring, "20261101")
    bring(acquiring, fetching=False)
    saved(acquiring, "20261120")
    assert bring(acquiring, fetching=False) == "failed"
    assert "is of 2026-11-20, and 2026-11-01 is pinned" in acquiring.said
    assert bring(acquiring, fetching=False, accept_new_version=True) == "recorded"
    assert day_of(acquiring) == "2026-11-20"


@pytest.mark.parametrize(
    "name", ["edubasealldata20261399.csv", "edubasealldata20260230.csv"]
)
def test_a_name_with_an_impossible_day_is_of_no_day(acquiring, name):
    saved(acquiring, "20261101")
    acquiring.save(f"gias/{name}", "URN\n")
    gias_day_there = gias.day_there(releases.load().sources["gias"], acquiring.sources)
    assert gias_day_there == date(2026, 11, 1)


def test_a_later_day_that_lacks_files_is_not_mixed_with_an_earlier_one(acquiring):
    # The pipeline would read the schools of one day with the links of another.
    saved(acquiring, "20261101")
    acquiring.save("gias/edubasealldata20261120.csv", SCHOOLS.encode("cp1252"))
    assert bring(acquiring, fetching=False) == "failed"
    assert "is newer than the register of 2026-11-01" in acquiring.said
