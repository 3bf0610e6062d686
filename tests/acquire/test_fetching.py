"""One file over a bad line: whole, gone on from, or refused with nothing changed."""

import gzip
import hashlib
import json
import time
from email.utils import formatdate

import pytest

from pipeline.acquire.service import Patience, Service
from pipeline.run.faults import Fault
from tests.acquire.conftest import PLACE, ROWS
from tests.acquire.replay import Answer, Replay, table, version

LONG = ROWS + "".join(
    f"202425,School,Final,{n},90,4{n % 10}.5\n" for n in range(100002, 103000)
)
OTHER = LONG.replace("46.1", "47.1")
BLOCKED = b"<!DOCTYPE html><title>Request blocked</title>"


@pytest.fixture(params=["nothing there before", "an earlier file there"])
def before(request, acquiring, ks4):
    """What is on disk before a fetch that fails."""
    if request.param == "an earlier file there":
        assert acquiring.bring() == "fetched"
        # A new version is to take the place of the one that is there.
        ks4.publish(version("1.0", kind="Major"), version("1.1"))
    else:
        ks4.publish(version("1.1"))
    return acquiring.on_disk()


def bring_new(acquiring, **more):
    return acquiring.bring(accept_new_version=True, **more)


def test_a_file_is_unpacked_and_put_in_its_place(acquiring, ks4):
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == ROWS
    assert acquiring.parts() == []
    assert not (acquiring.sources / ".partial").exists()


def test_the_receipt_tells_version_content_and_time(acquiring, ks4):
    acquiring.bring()
    receipt = json.loads((acquiring.sources / "acquired.json").read_text())["files"][PLACE]
    assert receipt == {
        "source": "ks4-performance",
        "licence": "Open Government Licence v3.0",
        "url": f"{acquiring.replay.address}{ks4.root}/csv?dataSetVersion=1.0",
        "version": "1.0",
        "sha256": hashlib.sha256(ROWS.encode()).hexdigest(),
        "bytes": len(ROWS),
        "retrieved": "2026-11-20T09:30:00Z",
        "checked": "2026-11-20T09:30:00Z",
    }


def test_what_is_there_is_not_fetched_again(acquiring, ks4):
    acquiring.bring()
    there = acquiring.on_disk()
    assert acquiring.bring() == "there"
    assert ks4.versions_fetched == ["1.0"]
    assert acquiring.on_disk() == there


def test_a_lost_file_comes_back_with_the_pinned_content(acquiring, ks4):
    acquiring.bring()
    there = acquiring.on_disk()
    (acquiring.sources / PLACE).unlink()
    assert acquiring.bring() == "fetched"
    assert acquiring.on_disk() == there


def test_a_file_that_is_not_packed_is_taken_as_it_is(acquiring, ks4):
    ks4.table("1.0", Answer(ROWS.encode(), headers={"Content-Type": "text/csv"}))
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == ROWS


def test_a_cut_connection_is_gone_on_from_within_one_run(acquiring, ks4):
    ks4.table("1.0", table(LONG, cut=100), table(LONG))
    assert acquiring.bring() == "fetched"
    first, second = acquiring.replay.asked("/csv")
    assert "Range" not in first.headers
    assert second.headers["Range"] == "bytes=100-"
    assert second.headers["If-Range"] == '"one"'
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_run_that_failed_is_gone_on_from_by_the_next(acquiring, ks4):
    ks4.table("1.0", table(LONG, cut=100), Answer(status=500))
    assert acquiring.bring() == "failed"
    assert len(acquiring.parts()) == 1
    ks4.table("1.0", table(LONG))
    assert acquiring.bring() == "fetched"
    assert acquiring.replay.asked("/csv")[-1].headers["Range"] == "bytes=100-"
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_date_serves_where_there_is_no_entity_tag(acquiring, ks4):
    dated = {"Last-Modified": "Sun, 01 Mar 2026 09:30:00 GMT"}
    whole = table(LONG, mark=None)
    for answer in (cut := table(LONG, mark=None, cut=100)), whole:
        answer.headers |= dated
        answer.ranges = True
    ks4.table("1.0", cut, whole)
    assert acquiring.bring() == "fetched"
    assert acquiring.replay.asked("/csv")[-1].headers["If-Range"] == dated["Last-Modified"]
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_service_without_ranges_is_begun_anew(acquiring, ks4):
    ks4.table("1.0", table(LONG, mark=None, cut=100), table(LONG, mark=None))
    assert acquiring.bring() == "fetched"
    assert "Range" not in acquiring.replay.asked("/csv")[-1].headers
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_service_that_ignores_ranges_is_begun_anew(acquiring, ks4):
    deaf = table(LONG)
    deaf.ranges = False
    ks4.table("1.0", table(LONG, cut=100), deaf)
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_weak_entity_tag_is_not_relied_upon(acquiring, ks4):
    ks4.table("1.0", table(LONG, mark='W/"one"', cut=100), table(LONG, mark='W/"one"'))
    assert acquiring.bring() == "fetched"
    assert "Range" not in acquiring.replay.asked("/csv")[-1].headers


def test_two_versions_of_a_file_are_never_glued_together(acquiring, ks4):
    ks4.table("1.0", table(LONG, cut=100), table(OTHER, mark='"two"'))
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == OTHER


def test_a_service_that_continues_another_file_is_found_out(acquiring, ks4):
    # It answers 206 although the file is not the one that If-Range names.
    other = table(OTHER, mark='"two"')
    body = other.body[100:]
    rude = Answer(body, 206, other.headers | {"Content-Range": f"bytes 100-{len(body)}/*"})
    ks4.table("1.0", table(LONG, cut=100), rude, other)
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == OTHER


def test_a_service_that_continues_at_another_byte_is_found_out(acquiring, ks4):
    whole = table(LONG)
    told = {"Content-Range": f"bytes 50-{len(whole.body) - 1}/{len(whole.body)}"}
    shifted = Answer(whole.body[50:], 206, whole.headers | told)
    ks4.table("1.0", table(LONG, cut=100), shifted, whole)
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == LONG


def test_a_part_of_another_version_is_not_gone_on_from(acquiring, ks4):
    ks4.table("1.0", table(LONG, cut=100), Answer(status=500))
    acquiring.bring()
    assert len(acquiring.parts()) == 1
    # The same mark for other bytes: some services count their versions so.
    ks4.publish(version("1.0"), version("1.1"))
    ks4.table("1.1", table(OTHER))
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == OTHER


def test_a_part_that_the_service_cannot_continue_is_begun_anew(acquiring, ks4):
    ks4.table("1.0", table(LONG, cut=100), Answer(status=416), table(LONG))
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == LONG


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (table(LONG, cut=100), "cut off 3 times"),
        (table(LONG, pause=0.4), "no answer"),
        (table(ROWS, trickle=0.05), "too slow"),
        (Answer(status=404), "status 404"),
        (Answer(status=403), "refused (status 403)"),
        (Answer(status=429), "come less often"),
        (Answer(status=500), "a fault of its own"),
        (Answer(status=503), "a fault of its own"),
        (Answer(status=418), "status 418"),
        (Answer(BLOCKED, headers={"Content-Type": "text/html"}), "a web page"),
        (Answer(BLOCKED, headers={"Content-Type": "text/csv"}), "a web page"),
        (Answer(b'{"title": "no"}'), "a web page"),
        (Answer(b""), "an empty file"),
        (Answer(gzip.compress(LONG.encode())[:-20]), "the packed file is broken"),
        (Answer(gzip.compress(LONG.encode())[:300] + b"?" * 300), "packed file is broken"),
        (Answer(b"x", headers={"Content-Encoding": "br"}), "packed as 'br'"),
        (Answer(status=302, headers={"Location": "/a"}), "status 404"),
        (Answer(status=302, headers={"Location": ""}), "on and on"),
        (Answer(status=302, headers={"Location": "http://[::1"}), "not fetched"),
        (Answer(status=302, headers={"Location": "https://example.org/a"}), "not fetched"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "not fetched"),
        (Answer(status=302, headers={"Location": "//a@127.0.0.1/"}), "not fetched"),
        (table("time_period,school_urn\n202425,100001\n"), "geographic_level is missing"),
        (table(ROWS.replace("202425", "202223")), "no row is of 2024/25"),
        (table(ROWS.splitlines()[0]), "no rows"),
        (table(ROWS + "202425,School,Final,1,2,3,4\n"), "row 4: the row has 7 cells"),
        (table(ROWS + '202425,"School,Final,1,2,3\n'), "comma-separated"),
        (table(ROWS + "202425,School\0,Final,1,2,3\n"), "no text file has"),
        (table(ROWS + "202425,School,Final,123,2,3\n"), "row 4, column school_urn"),
        (table(ROWS + "202425,School,Final,100002,2,a lot\n"), "found 'a lot'"),
        (table(ROWS + "202425,School,Fin,100002,2,3\n"), "provisional"),
        (table(ROWS + f"202425,{'x' * 200_000},Final,1,2,3\n"), "field larger"),
    ],
)
def test_a_fetch_that_fails_leaves_what_was_there(acquiring, ks4, before, answer, words):
    ks4.table("1.1", answer)
    started = time.monotonic()
    assert bring_new(acquiring) == "failed"
    assert words in acquiring.said
    assert "what to do: " in acquiring.said
    assert ("kept as it was" in acquiring.said) == (PLACE in before)
    assert acquiring.on_disk() == before
    assert time.monotonic() - started < 5


def test_a_broken_file_is_not_gone_on_from(acquiring, ks4):
    ks4.table("1.0", Answer(gzip.compress(LONG.encode())[:-20], headers={"ETag": '"x"'}))
    assert acquiring.bring() == "failed"
    assert acquiring.parts() == []


def test_content_other_than_the_pinned_is_refused(acquiring, ks4):
    acquiring.bring()
    (acquiring.sources / PLACE).unlink()
    before = acquiring.on_disk()
    ks4.table("1.0", table(OTHER))
    assert acquiring.bring() == "failed"
    assert hashlib.sha256(ROWS.encode()).hexdigest() in acquiring.said
    assert hashlib.sha256(OTHER.encode()).hexdigest() in acquiring.said
    assert acquiring.on_disk() == before
    assert acquiring.parts() == []
    # A person may accept it.
    assert bring_new(acquiring) == "fetched"
    assert hashlib.sha256(OTHER.encode()).hexdigest() in acquiring.lock.read_text()


def test_a_file_that_somebody_saved_is_never_overwritten(acquiring, ks4):
    acquiring.save(PLACE, "my own notes")
    before = acquiring.on_disk()
    assert acquiring.bring() == "failed"
    assert "a file is there that was not fetched" in acquiring.said
    assert acquiring.on_disk() == before
    assert ks4.versions_fetched == []


def test_a_fetched_file_that_was_edited_is_never_overwritten(acquiring, ks4):
    acquiring.bring()
    acquiring.save(PLACE, ROWS + "202425,School,Final,100002,1,2\n")
    before = acquiring.on_disk()
    assert acquiring.bring() == "failed"
    assert acquiring.on_disk() == before


def test_a_pin_that_a_colleague_moved_replaces_what_was_fetched(acquiring, ks4):
    acquiring.bring()
    ks4.publish(version("1.0", kind="Major"), version("1.1"))
    ks4.table("1.1", table(OTHER))
    pins = acquiring.lock.read_text()
    pins = pins.replace(
        hashlib.sha256(ROWS.encode()).hexdigest(),
        hashlib.sha256(OTHER.encode()).hexdigest(),
    )
    acquiring.lock.write_text(pins.replace("'1.0'", "'1.1'"))
    assert acquiring.bring() == "fetched"
    assert (acquiring.sources / PLACE).read_text() == OTHER


@pytest.mark.parametrize("how", ["packed", "announced", "endless"])
def test_nothing_larger_than_allowed_is_taken(acquiring, ks4, how):
    declared = acquiring.folder / "data" / "reference" / "releases.yaml"
    text = declared.read_text().replace("largest_megabytes: 1000", "largest_megabytes: 1")
    declared.write_text(text)
    # Four megabytes, of which gzip makes a few thousand bytes.
    huge = ROWS.encode() + b"202425,School,Final,100002,90,45.5\n" * 150_000
    endless = how == "endless"
    plain = Answer(huge, says_length=not endless, endless=endless)
    answer = table(huge) if how == "packed" else plain
    ks4.table("1.0", answer)
    assert acquiring.bring() == "failed"
    assert "larger than 1,000,000 bytes" in acquiring.said
    assert acquiring.on_disk() == {}
    assert acquiring.parts() == []


def test_a_disk_that_refuses_is_told(acquiring, ks4):
    acquiring.save("downloads", "this is no folder")
    before = acquiring.on_disk()
    assert acquiring.bring() == "failed"
    assert "what to do: make room" in acquiring.said
    assert acquiring.on_disk() == before


def test_a_service_that_asks_to_wait_is_waited_for(acquiring, ks4):
    ks4.table("1.0", Answer(status=429, headers={"Retry-After": "2"}), table(ROWS))
    assert acquiring.bring() == "fetched"
    assert acquiring.slept == [2]


def test_a_service_that_names_a_time_is_waited_for_until_then(acquiring, ks4):
    until = formatdate(time.time() + 60, usegmt=True)
    ks4.table("1.0", Answer(status=429, headers={"Retry-After": until}), table(ROWS))
    assert acquiring.bring() == "fetched"
    (waited,) = acquiring.slept
    assert 50 < waited <= 60


def test_a_service_that_asks_for_hours_is_left_alone(acquiring, ks4):
    ks4.table("1.0", Answer(status=429, headers={"Retry-After": "90000"}))
    assert acquiring.bring() == "failed"
    assert "asks to wait for 1500 minutes" in acquiring.said
    assert acquiring.slept == []
    assert len(ks4.versions_fetched) == 1


def test_a_wait_that_is_none_is_a_wait_of_our_own(acquiring, ks4):
    ks4.table("1.0", Answer(status=429, headers={"Retry-After": "soon"}), table(ROWS))
    assert acquiring.bring() == "fetched"
    assert len(acquiring.slept) == 1


def test_a_service_that_is_busy_for_ever_is_asked_three_times(acquiring, ks4):
    ks4.table("1.0", Answer(status=429, headers={"Retry-After": "1"}))
    assert acquiring.bring() == "failed"
    assert len(ks4.versions_fetched) == 3
    assert acquiring.slept == [1, 1]


def test_a_fault_that_passes_is_outlasted(acquiring, ks4):
    ks4.table("1.0", Answer(status=502), Answer(status=503), table(ROWS))
    assert acquiring.bring() == "fetched"


def test_a_redirection_within_the_service_is_followed(acquiring, ks4):
    acquiring.replay.answer("/moved", table(ROWS))
    ks4.table("1.0", Answer(status=302, headers={"Location": "/moved"}))
    assert acquiring.bring() == "fetched"


def test_no_request_goes_to_another_service(acquiring, ks4):
    other = Replay()
    try:
        ks4.table("1.0", Answer(status=302, headers={"Location": f"{other.address}/a"}))
        assert acquiring.bring() == "failed"
        assert other.requests == []
    finally:
        other.shutdown()
        other.server_close()


def test_no_credentials_of_the_user_are_sent(acquiring, ks4, monkeypatch):
    netrc = acquiring.folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    acquiring.bring()
    assert acquiring.replay.requests
    assert not any("Authorization" in r.headers for r in acquiring.replay.requests)


@pytest.mark.parametrize(
    "root",
    [
        "http://api.education.gov.uk/statistics/v1",
        "http://localhost.example.org/v1",
        "http://localhost:80@example.org/v1",
        "https://someone:secret@api.education.gov.uk/v1",
        "ftp://api.education.gov.uk",
        "file:///etc",
        "https://",
        "api.education.gov.uk",
    ],
)
def test_a_service_without_encryption_is_refused(root):
    with pytest.raises(Fault, match="not fetched"):
        Service(root)


def test_a_service_that_is_not_there_is_told(acquiring, ks4):
    services = {"ees": "http://127.0.0.1:1/v1"}
    assert acquiring.bring(services=services) == "failed"
    assert "no answer (ConnectionError)" in acquiring.said
    assert acquiring.on_disk() == {}


def test_patience_is_bounded():
    patience = Patience()
    assert patience.attempts * patience.longest_wait <= 600
    assert patience.longest_download <= 3600
