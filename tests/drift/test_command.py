import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.drift import profile, reference
from pipeline.publication import drift
from pipeline.run.locations import SYNTHETIC_MARK

BROKEN = Path(__file__).parents[1] / "broken_tables"
TABLES = sorted(BROKEN.glob("ks4_*.csv"))


@pytest.fixture
def examined(project, folder, ks4_rows, capsys):
    """Run the command on a table of 2018/19 beside that of 2017/18."""

    def run(*options, rows=None, shown="2018-2019/850_ks4final.csv", **changes):
        against = folder.save("2017-2018/850_ks4final.csv", ks4_rows(2018))
        new = folder.save(shown, ks4_rows(2019, **changes) if rows is None else rows)
        if "--against" not in options:
            options = (*options, "--against", str(against))
        code = drift.main([str(new), *options])
        printed = capsys.readouterr()
        page = project.folder / "reports" / "drift" / f"{shown[:-4].replace('/', '_')}.html"
        html = page.read_text(encoding="utf-8") if page.is_file() else ""
        return code, printed.out, printed.err, html

    return run


def test_no_drift_ends_with_0_and_says_so_first(examined):
    code, out, _, html = examined()
    assert code == 0
    assert out.splitlines()[0] == "2018-2019/850_ks4final.csv: no drift"
    assert "compared with 2017-2018/850_ks4final.csv" in out
    assert '<h2 id="verdict">No drift</h2>' in html


def test_something_worth_a_look_ends_with_1(examined):
    code, out, _, html = examined(SEN_ALL=5)
    assert code == 1
    assert "worth a look: 1 thing changed, and all that is read can be read" in out
    assert "Worth a look: new columns\n  SEN_ALL: not read" in out
    assert "SEN_ALL" in html


def test_a_change_of_what_is_read_ends_with_2(examined):
    code, out, _, html = examined(ATT8SCR=None, ATT8SRC=lambda n: 31 + n)
    assert code == 2
    assert "breaking: 1 thing that is read has changed" in out
    assert "ATT8SCR -> ATT8SRC: likely the same" in out
    assert "Proposed for data/reference/corrections.yaml, if ATT8SRC is a misprint" in out
    assert '<h2 id="proposals">What to write where</h2>' in html


@pytest.mark.parametrize(
    ("options", "shown", "said"),
    [
        ((), "new/850_ks4final.csv", "the academic year of this file is not known"),
        (("--against", "nowhere.csv"), "2018-2019/850_ks4final.csv", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_examined_ends_with_3(examined, options, shown, said):
    code, _, err, html = examined(*options, shown=shown)
    assert code == 3
    assert err.startswith("Error: ")
    assert said in err
    assert "what to do" in err
    assert html == ""


def test_options_that_nobody_knows_end_with_3_too(examined):
    with pytest.raises(SystemExit) as stopped:
        examined("--agianst", "x")
    assert stopped.value.code == 3


def test_the_year_may_be_said(examined):
    code, out, _, _ = examined("--year", "2019", shown="new/850_ks4final.csv")
    assert code == 0
    assert out.startswith("2018-2019/850_ks4final.csv: no drift")


def test_the_corrections_of_the_project_are_taken_into_account(examined, project):
    changes = {"ATT8SCR": None, "ATT8SRC": lambda n: 30 + n}
    path = project.folder / "data" / "reference" / "corrections.yaml"
    _, out, _, _ = examined(**changes)
    text = out.split("Proposed for data/reference/corrections.yaml")[1]
    entry = [line[2:] for line in text.split("\n\n")[0].splitlines()[1:]]
    path.write_text("\n".join(entry), encoding="utf-8")
    code, _, _, _ = examined(**changes)
    assert code == 0


def test_the_page_is_whole_and_its_tables_have_captions_and_scopes(examined):
    _, _, _, html = examined(ATT8SCR=None, ATT8SRC=lambda n: 31 + n, SEN_ALL=5)
    assert html.startswith("<!DOCTYPE html>")
    assert "{{" not in html
    for needless in ("http://", "https://", "<script", "src="):
        assert needless not in html
    tables = html.count("<table>")
    assert tables >= 4
    assert html.count("<caption>") == tables
    assert html.count('<th scope="col"') >= 3 * tables
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', html):
        assert target in ids


def test_a_table_of_the_synthetic_england_is_marked(examined, folder):
    folder.save(SYNTHETIC_MARK, "made up")
    _, _, _, html = examined()
    assert "<title>SYNTHETIC: " in html


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "=cmd()", "{{ 7 * 7 }}", "a\x1b[31mred", "\u202eevil"],
)
def test_what_a_file_holds_is_only_ever_shown_as_text(examined, hostile):
    code, out, _, html = examined(**{hostile: "1", "NFTYPE": hostile})
    assert code in (1, 2)
    assert "<script" not in html
    if "7 * 7" in hostile:
        assert "{{ 7 * 7 }}" in html
    assert "\x1b" not in out + html
    assert "\u202e" not in out + html


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_a_broken_table_ends_in_a_clear_fault_or_a_finding(examined, table):
    code, out, err, _ = examined(rows=table.read_bytes())
    assert code in (1, 2, 3)
    assert (out == "") == (code == 3)
    if code == 3:
        assert "what to do" in err


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2000),
    st.sampled_from([b"", b'"', b",", b"\n", b"\x00", b"\xff", b"%", b"9" * 5000, b"\r"]),
    st.booleans(),
)
def test_whatever_is_done_to_a_file_there_is_an_end(
    examined, ks4_rows, as_csv, place, put, cut
):
    text = as_csv(ks4_rows(2019)).encode()
    place %= len(text)
    spoilt = text[:place] + put + (b"" if cut else text[place + 1 :])
    assert examined(rows=spoilt)[0] in (0, 1, 2, 3)


def test_an_escape_sequence_in_a_header_does_not_reach_the_screen(examined):
    changes = {"P8MEA": None, "P8MEA\x1b[31m": lambda n: f"{-1 + n / 15:.2f}"}
    _, out, _, _ = examined(**changes)
    assert "Proposed for data/reference/corrections.yaml, if P8MEA\ufffd[31M" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("target", ["gone/away.csv", "850_ks4final.csv"])
def test_a_link_that_leads_nowhere_or_to_itself_is_named_as_it_was_asked_for(
    folder, capsys, target
):
    path = folder.path / "2018-2019/850_ks4final.csv"
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    assert drift.main([str(path)]) == 3
    told = capsys.readouterr().err
    assert told.startswith("Error: 2018-2019/850_ks4final.csv: the file cannot be read")


def test_a_link_into_a_store_is_named_by_the_place_of_the_link(folder, ks4_rows):
    kept = folder.save("store/ab12", ks4_rows(2019))
    path = folder.path / "2018-2019/850_ks4final.csv"
    path.parent.mkdir(parents=True)
    path.symlink_to(kept)
    against = folder.save("2017-2018/850_ks4final.csv", ks4_rows(2018))
    found = drift.diagnose(path, against)
    assert found.now.shown == "2018-2019/850_ks4final.csv"
    assert found.exit_code == 0


def test_a_pipe_beside_a_file_is_not_waited_for(folder, ks4_rows):
    path = folder.save("2018-2019/850_ks4final.csv", ks4_rows(2019))
    before = folder.save("2017-2018/850_ks4final.csv", ks4_rows(2018))
    os.mkfifo(folder.path / "2017-2018/england_ks4final.csv")
    os.mkfifo(folder.path / "2018-2019/ks4_meta.csv")
    now = profile.of_file(path, "2018-2019/850_ks4final.csv")
    assert reference._earlier_file(now.identity, path, None) == before
