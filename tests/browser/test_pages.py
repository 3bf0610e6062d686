"""The rendered pages in a real browser: what a reader can see, reach and hear."""

import itertools
import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.whole_pipeline.project import Project, copy_of_project

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.pipeline,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium on this machine (on Debian: apt-get install chromium)",
    ),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    copy = copy_of_project(tmp_path_factory.mktemp("browser") / "project")
    copy.repro()
    return copy


@pytest.fixture(scope="module")
def pages(project) -> list[Path]:
    return sorted((project.folder / "reports/rendered").rglob("*.html"))


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


def opened(browser: Browser, path: Path, width: int = 1280, height: int = 900) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.asked = []
    page.complaints = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    return page


def test_axe_finds_no_violation_of_wcag_2_2_aa_on_any_page(browser, pages):
    for path in pages:
        page = opened(browser, path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG_2_2_AA}})
        assert found.violations_count == 0, f"{path.name}\n{found.generate_report()}"
        page.close()


def test_no_page_asks_the_network_or_complains(browser, pages):
    for path in pages:
        page = opened(browser, path)
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
        assert page.complaints == [], path.name
        page.close()


def test_every_link_and_anchor_leads_somewhere(browser, pages):
    for path in pages:
        page = opened(browser, path)
        for href in page.eval_on_selector_all(
            "a", "all => all.map(a => a.getAttribute('href'))"
        ):
            target, _, anchor = href.partition("#")
            file = (path.parent / target).resolve() if target else path
            assert file.is_file(), f"{path.name}: {href}"
            if anchor:
                assert f'id="{anchor}"' in file.read_text(encoding="utf-8"), href
        page.close()


def test_no_id_stands_twice_on_a_page(browser, pages):
    for path in pages:
        page = opened(browser, path)
        ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
        assert len(ids) == len(set(ids)), path.name
        page.close()


def test_headings_go_down_one_level_at_a_time_from_one_title(browser, pages):
    for path in pages:
        page = opened(browser, path)
        levels = page.eval_on_selector_all(
            "h1, h2, h3, h4, h5, h6", "all => all.map(h => Number(h.tagName[1]))"
        )
        assert levels.count(1) == 1, path.name
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), path.name
        page.close()


def test_every_chart_says_its_kind_coverage_and_trend(browser, project):
    page = opened(browser, project.folder / "reports/rendered/annual-impact/index.html")
    alts = page.eval_on_selector_all(
        "figure svg[role=img]", "all => all.map(s => s.getAttribute('aria-label'))"
    )
    for alt in alts:
        assert alt.startswith("Dot-and-interval chart of ")
        assert re.search(r"20[0-9]{2}/[0-9]{2} to 20[0-9]{2}/[0-9]{2}", alt)
    curves = [alt for alt in alts if re.search(r"chart of \d+ specifications ", alt)]
    changes = [alt for alt in alts if "chart of the change in " in alt]
    gaps = [alt for alt in alts if alt not in (*curves, *changes)]
    assert len(gaps) == 16
    assert all(" a gap of " in alt for alt in gaps)
    assert curves
    assert all("the estimates rise from " in alt for alt in curves)
    assert changes
    assert all("From joining on" in alt for alt in changes)
    page.close()


def test_a_headline_leads_to_its_number_though_the_table_is_folded(browser, project):
    page = opened(browser, project.folder / "reports/rendered/annual-impact/index.html")
    link = page.locator("section.headline a").first
    link.click()
    target = page.locator(f'[id="{link.get_attribute("href")[1:]}"]')
    assert target.is_visible()
    page.close()


@pytest.mark.parametrize("width", [1280, 390, 320], ids=["desktop", "phone", "400% zoom"])
def test_no_page_scrolls_sideways(browser, pages, width):
    for path in pages:
        page = opened(browser, path, width=width)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{path.name} is {over} px wider than {width} px"
        page.close()


SMALLEST_TEXT = """() => [...document.querySelectorAll('figure svg')].map(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const sizes = [...svg.querySelectorAll('text')].map(
        text => parseFloat(getComputedStyle(text).fontSize));
    return scale * Math.min(...sizes);
})"""
HEADS_OUT_OF_SIGHT = """() => [...document.querySelectorAll('.scroll')].filter(box => {
    const head = box.querySelector('table:not(.stacks) tbody th');
    if (!head || !box.checkVisibility() || box.scrollWidth <= box.clientWidth) return false;
    box.scrollLeft = 200;
    return head.getBoundingClientRect().left < box.getBoundingClientRect().left - 1;
}).length"""


def test_charts_can_be_read_on_a_phone(browser, pages):
    for path in pages:
        page = opened(browser, path, width=390)
        sizes = page.evaluate(SMALLEST_TEXT)
        assert all(size >= 9 for size in sizes), f"{path.parent.name}: {min(sizes)} px"
        page.close()


def test_the_head_of_a_row_stays_in_sight_when_a_table_moves_sideways(browser, pages):
    for path in pages:
        page = opened(browser, path, width=390)
        assert page.evaluate(HEADS_OUT_OF_SIGHT) == 0, path.parent.name
        page.close()


def test_tables_of_sentences_are_cards_on_a_phone_and_tables_on_a_screen(browser, project):
    path = project.folder / "reports/rendered/data-quality/index.html"
    shown = {}
    for width in (390, 1280):
        page = opened(browser, path, width=width)
        row = page.locator("table.stacks tbody tr").first
        shown[width] = row.evaluate("row => getComputedStyle(row).display")
        page.close()
    assert shown == {390: "block", 1280: "table-row"}


def test_the_first_key_press_offers_to_skip_to_the_content(browser, pages):
    for path in pages:
        page = opened(browser, path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == (
            "Skip to the main content"
        )
        assert page.locator("a.skip").is_visible()
        page.close()


def test_what_can_be_pressed_is_at_least_24_pixels_high(browser, pages):
    for path in pages:
        page = opened(browser, path, width=390)
        heights = page.eval_on_selector_all(
            "summary", "all => all.map(e => e.getBoundingClientRect().height)"
        )
        assert all(height >= 24 for height in heights), path.name
        page.close()


def test_every_page_weighs_less_than_two_megabytes(pages):
    assert max(path.stat().st_size for path in pages) < 2_000_000
