"""The command that a person runs: what it prints, and the number it ends with."""

import pytest

from pipeline.acquire.__main__ import main
from tests.acquire.conftest import KS4, PLACE, ROWS
from tests.acquire.replay import Answer


@pytest.fixture
def run(acquiring):
    """Run the command against the service on this machine."""

    def start(*more, year="2025"):
        root = acquiring.replay.address
        return main(
            [
                f"--year={year}",
                f"--service=ees={root}/statistics/v1",
                f"--service=gias={root}/public",
                *more,
            ]
        )

    return start


def test_a_year_that_was_brought_ends_with_zero(run, acquiring, ks4, capsys):
    assert run("--only", KS4) == 0
    assert (acquiring.sources / PLACE).read_text() == ROWS
    printed = capsys.readouterr()
    assert f"fetched          {KS4}" in printed.out
    assert "2024/25, in data/sources:" in printed.out
    assert "releases.lock.yaml, and commit it" in printed.out
    # No progress bar where nobody looks on.
    assert printed.err == ""


def test_one_source_that_fails_stops_no_other_and_ends_with_one(
    run, acquiring, ks4, capsys
):
    assert run("--only", KS4, "--only", "ks2-performance") == 1
    printed = capsys.readouterr().out
    assert f"fetched          {KS4}" in printed
    assert "failed           ks2-performance" in printed


def test_files_that_wait_for_a_person_end_with_three(run, capsys):
    assert run("--only", "ks4-table", year="2019") == 3
    assert "to save by hand  ks4-table" in capsys.readouterr().out


def test_checking_fetches_nothing(run, acquiring, replay):
    acquiring.save(PLACE, ROWS)
    assert run("--check", "--only", KS4) == 0
    assert run("--check", year="2019") == 3
    assert replay.requests == []


def test_another_folder_can_be_filled(run, acquiring, ks4, tmp_path):
    assert run("--only", KS4, "--into", str(tmp_path / "elsewhere")) == 0
    assert (tmp_path / "elsewhere" / PLACE).is_file()
    assert (tmp_path / "elsewhere" / "acquired.json").is_file()


def test_a_source_that_is_unknown_ends_with_one(run, capsys):
    assert run("--only", "ks9") == 1
    printed = capsys.readouterr().err
    assert "ks9: no such source" in printed
    assert "nothing was fetched or changed" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--year", "2015"],
        ["--year", "2024/25"],
        ["--year", "2025", "--service", "ftp=https://a.org"],
        ["--year", "2025", "--day", "tomorrow"],
    ],
)
def test_what_cannot_be_meant_is_refused(arguments):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2


def test_a_service_elsewhere_has_to_be_encrypted(acquiring, capsys):
    service = "ees=http://example.org/v1"
    assert main(["--year", "2025", "--only", KS4, "--service", service]) == 1
    assert "not fetched, since" in capsys.readouterr().out


def test_a_person_who_stops_it_loses_nothing(run, acquiring, ks4, monkeypatch, capsys):
    run("--only", KS4)
    before = acquiring.on_disk()

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.acquire.download.Resuming.__call__", stop)
    (acquiring.sources / PLACE).unlink()
    assert run("--only", KS4) == 130
    assert "Stopped" in capsys.readouterr().err
    del before[PLACE]
    assert acquiring.on_disk() == before


def test_a_bar_is_shown_to_a_person_who_looks_on(run, ks4, monkeypatch, capsys):
    monkeypatch.setattr("pipeline.acquire.download.sys.stderr.isatty", lambda: True)
    assert run("--only", KS4) == 0
    assert "100%" in capsys.readouterr().err


def test_an_answer_that_never_comes_does_not_hold_the_command(run, acquiring, ks4, capsys):
    acquiring.replay.answer(ks4.root, Answer(status=503))
    acquiring.replay.answers[ks4.root][0].headers["Retry-After"] = "86400"
    assert run("--only", KS4) == 1
    assert "asks to wait for 1440 minutes" in capsys.readouterr().out
