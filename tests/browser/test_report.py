"""The page of a report in a browser: charts are drawn, tables sort, nothing is requested."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from kentik_async.report import compare, network, prospects, trend
from tests.browser.pages import errors_of, resize
from tests.report.support import CH, THIRD, Saved, save

PATIENCE = 60.0
REPORTS = ("prospects", "trend", "compare", "network")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of each report."""
    folder = tmp_path_factory.mktemp("pages")
    save(folder / "data")
    mine, other = Saved(folder / "data").networks(THIRD, CH)[:2]
    prospects(folder / "data", mine=mine).save(folder / "prospects.html")
    trend(folder / "data").save(folder / "trend.html")
    compare(folder / "data", mine=mine, asns=other).save(folder / "compare.html")
    network(folder / "data", mine).save(folder / "network.html")
    return folder


@pytest.fixture
def browser(chromium: Chrome) -> Iterator[Chrome]:
    yield chromium
    assert errors_of(chromium) == []
    loaded = chromium.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []


def opened(browser: Chrome, page: Path) -> None:
    """Open a page, and wait until its charts are drawn."""
    browser.get(page.as_uri())
    charts = len(browser.find_elements(By.CSS_SELECTOR, ".chart"))
    assert charts
    drawn = ".chart:has(.plot svg .role-mark path)"
    WebDriverWait(browser, PATIENCE).until(
        lambda _: len(browser.find_elements(By.CSS_SELECTOR, drawn)) == charts
    )
    assert len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == charts


def column(table: WebElement, at: int) -> list[str]:
    """Return the texts of a column, in the order of the rows."""
    texts: list[str] = table.parent.execute_script(
        "return Array.from(arguments[0].tBodies[0].rows, row => row.cells[arguments[1]].textContent)",
        table,
        at,
    )
    return texts


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_charts_are_drawn_and_the_page_fits(
    browser: Chrome, pages: Path, name: str, width: int, scheme: str
) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    resize(browser, width)
    opened(browser, pages / f"{name}.html")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    page, ink = browser.execute_script(
        "const style = getComputedStyle(document.body);"
        "return [style.backgroundColor, style.color].map(c => c.match(/\\d+/g).map(Number)[0]);"
    )
    assert (page > ink) is (scheme == "light")
    label = browser.find_element(By.CSS_SELECTOR, ".plot svg .role-axis-label text")
    assert browser.execute_script(
        "return getComputedStyle(arguments[0]).fill", label
    ) == browser.execute_script("return getComputedStyle(document.querySelector('.plot')).color")


def axis_labels(browser: Chrome, chart: int) -> list[str]:
    """Return the texts at the ticks of a chart."""
    texts: list[str] = browser.execute_script(
        "const chart = document.querySelectorAll('.chart')[arguments[0]];"
        "return Array.from(chart.querySelectorAll('.role-axis-label text'), label => label.textContent)",
        chart,
    )
    return texts


@pytest.mark.parametrize("width", [1280, 400])
def test_a_zero_has_no_unit_and_is_not_left_out(browser: Chrome, pages: Path, width: int) -> None:
    resize(browser, width)
    for name, chart in (("prospects", 0), ("trend", 2), ("compare", 1), ("compare", 2), ("network", 1)):
        opened(browser, pages / f"{name}.html")
        assert "0" in axis_labels(browser, chart), (name, chart)


def test_the_ticks_of_ranks_are_whole_from_the_first(browser: Chrome, pages: Path, tmp_path: Path) -> None:
    ranked = {row["rank"]: asn for asn, row in Saved(pages / "data").ranking(THIRD, CH).items()}
    asns = [ranked[rank] for rank in (1, 2, 35)]
    trend(pages / "data", markets="CH", asns=asns).save(tmp_path / "trend.html")
    opened(browser, tmp_path / "trend.html")
    ranks = [int(text) for text in axis_labels(browser, 0) if text.isdigit()]
    assert ranks[0] == 1
    assert 4 <= len(ranks) <= 8
    assert all(rank % 10 == 0 for rank in ranks[1:])


def test_tables_sort_and_filter(browser: Chrome, pages: Path) -> None:
    opened(browser, pages / "prospects.html")
    table = browser.find_element(By.ID, "prospects")
    buttons = table.find_elements(By.CSS_SELECTOR, "th button")
    headings = [button.text for button in buttons]
    at = headings.index("Score")
    before = column(table, 0)
    for descending in (True, False):
        buttons[at].click()
        scores = [int(text.replace(",", "")) for text in column(table, at) if text != "—"]
        assert len(scores) > 10
        assert scores == sorted(scores, reverse=descending)
    heading = table.find_elements(By.TAG_NAME, "th")[at]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert sorted(column(table, 0)) == sorted(before)
    wanted = column(table, headings.index("AS"))[0]
    section = table.find_element(By.XPATH, "ancestor::section")
    section.find_element(By.TAG_NAME, "input").send_keys(wanted)
    shown: list[str] = browser.execute_script(
        "return Array.from(arguments[0].tBodies[0].rows).filter(r => r.offsetHeight).map(r => r.textContent)",
        table,
    )
    assert shown
    assert all(wanted in row for row in shown)
    assert section.find_element(By.TAG_NAME, "output").text == f"{len(shown)} of {len(before)} rows"


def test_charts_show_the_selected_market(browser: Chrome, pages: Path) -> None:
    opened(browser, pages / "trend.html")
    labels = "document.querySelectorAll('.chart:first-child .role-legend-label text')"
    names = f"return Array.from({labels}, label => label.textContent)"
    before = browser.execute_script(names)
    browser.find_elements(By.CSS_SELECTOR, ".chart select option")[1].click()
    WebDriverWait(browser, PATIENCE).until(lambda _: browser.execute_script(names) not in (before, []))
