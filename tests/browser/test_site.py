"""The documentation site: built without warnings, complete, and usable without a network."""

import functools
import http.server
import importlib
import re
import subprocess
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cyclopts import App
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.pages import errors_of, resize
from tests.support.paths import ROOT

PATIENCE = 100.0
MODULES = (
    "kentik_async",
    "kentik_async.dlt",
    "kentik_async.emulator",
    "kentik_async.errors",
    "kentik_async.events",
    "kentik_async.models",
    "kentik_async.quota",
    "kentik_async.report",
    "kentik_async.resources",
    "kentik_async.retry",
    "kentik_async.state",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        ["make", "docs", f"SITE={folder}"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Anchors(HTMLParser):
    """The links of a page, its link targets, and the resources that it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.loaded: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found["id"]} if "id" in found else set()
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        self.loaded += [
            found[name] for name in ("src", "href") if name in found and tag in {"script", "link", "img"}
        ]


def documented(site: Path) -> set[str]:
    """Return the names in the inventory that Sphinx writes."""
    *_, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    return {line.split()[0] for line in zlib.decompress(packed).decode().splitlines() if " py:" in line}


def test_every_public_name_is_documented(site: Path) -> None:
    names = documented(site)
    for module in MODULES:
        home = importlib.import_module(module)
        missing = [name for name in home.__all__ if not {f"{module}.{name}", f"kentik_async.{name}"} & names]
        assert not missing, module
    package = importlib.import_module("kentik_async")
    assert {f"kentik_async.{name}" for name in package._SUBMODULES} <= {*MODULES, "kentik_async.bulk"}


def test_every_command_is_documented(site: Path) -> None:
    from kentik_async.cli.app import app

    def names(command: App, path: str) -> Iterator[str]:
        for name in command:
            if not name.startswith("-") and command[name].show:
                yield f"{path} {name}"
                yield from names(command[name], f"{path} {name}")

    page = (site / "cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^#+ (kentik-async .*)$", page, re.MULTILINE)) == set(names(app, "kentik-async"))
    assert "\nkentik-async kmi rankings [OPTIONS] MARKET\n" in page
    assert "`--dry-run`" in page


def test_links_lead_somewhere_and_nothing_is_loaded(site: Path) -> None:
    pages = {page.relative_to(site).as_posix(): Anchors(page) for page in site.rglob("*.html")}
    assert len(pages) > 25
    for name, page in pages.items():
        for link in page.links + page.loaded:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or link in {"#", ""}:
                assert link in page.links, f"{name} loads {link}"
                continue
            target = (site / name).parent / parts.path if parts.path else site / name
            assert target.exists(), f"{name} links to {link}"
            place = urllib.parse.unquote(parts.fragment)
            if place and target.suffix == ".html":
                there = pages[target.resolve().relative_to(site.resolve()).as_posix()]
                assert place in there.places, f"{name} links to {link}"


def test_language_models_can_read_the_site(site: Path) -> None:
    listed = re.findall(r"^- \[(.+)\]\((.+\.md)\): .+\.$", (site / "llms.txt").read_text(), re.MULTILINE)
    full = (site / "llms-full.txt").read_text()
    assert len(listed) > 20
    for title, page in listed:
        text = (site / page).read_text()
        assert title in text
        assert text in full
        assert "<!--" not in text


def test_search_finds_a_name(chromium: Chrome, url: str) -> None:
    chromium.get(f"{url}/index.html")
    chromium.find_element(By.CSS_SELECTOR, ".sidebar-search").send_keys("add_asns", Keys.ENTER)
    # The results appear one by one and move; when all have appeared, the page shows their number.
    wait(chromium).until(lambda browser: "finished" in text_of(browser, ".search-summary"))
    chromium.find_element(By.CSS_SELECTOR, "#search-results li a[href*='ASGroups.add_asns']").click()
    wait(chromium).until(lambda browser: "/api/client.html" in browser.current_url)
    assert errors_of(chromium) == []


def test_navigation_leads_through_the_pages(chromium: Chrome, url: str) -> None:
    chromium.get(f"{url}/index.html")
    chromium.find_element(By.LINK_TEXT, "Command line").click()
    wait(chromium).until(lambda browser: text_of(browser, "h1").startswith("Command line"))
    following = chromium.find_element(By.CSS_SELECTOR, ".next-page")
    chromium.execute_script("arguments[0].scrollIntoView({behavior: 'instant'})", following)
    following.click()
    wait(chromium).until(lambda browser: text_of(browser, "h1").startswith("Settings and events"))


def test_a_narrow_screen_has_a_menu_and_no_overflow(chromium: Chrome, url: str) -> None:
    resize(chromium, 400)
    for page in ("index", "quota", "cli", "api/client", "architecture"):
        chromium.get(f"{url}/{page}.html")
        assert chromium.execute_script("return document.documentElement.scrollWidth <= innerWidth"), page
    menu = chromium.find_element(By.CSS_SELECTOR, ".sidebar-drawer")
    chromium.find_element(By.CSS_SELECTOR, ".nav-overlay-icon").click()
    wait(chromium).until(lambda _: menu.rect["x"] >= 0)


def test_dark_mode_also_changes_the_diagrams(chromium: Chrome, url: str) -> None:
    chromium.get(f"{url}/architecture.html")
    if not chromium.execute_script("return 'mermaid' in window"):
        pytest.skip("mermaid was not available when the site was built")
    count = len(
        re.findall("^```mermaid", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    colour = "return getComputedStyle(document.querySelector('pre.mermaid svg .nodeLabel')).color"
    seen: dict[str, str] = {}
    while len(seen) < 3:
        # A click clears all diagrams, which are then drawn again one by one.
        wait(chromium).until(
            lambda browser: len(browser.find_elements(By.CSS_SELECTOR, "pre.mermaid > svg")) == count
        )
        theme = chromium.execute_script("return document.body.dataset.theme")
        assert theme not in seen
        seen[theme] = chromium.execute_script(colour)
        chromium.find_element(By.CSS_SELECTOR, ".content-icon-container .theme-toggle").click()
    assert seen["auto"] == seen["light"] != seen["dark"]
    assert errors_of(chromium) == []


def test_a_copy_button_copies_commands_without_prompts(chromium: Chrome, url: str) -> None:
    chromium.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": url},
    )
    chromium.get(f"{url}/index.html")
    button = wait(chromium).until(lambda browser: browser.find_element(By.CSS_SELECTOR, "button.copybtn"))
    ActionChains(chromium).move_to_element(button).click().perform()
    copied = "navigator.clipboard.readText().then(arguments[0], error => arguments[0](String(error)))"
    expected = "pip install 'kentik-async[cli]'\nkentik-async demo --calls 60"
    wait(chromium).until(lambda browser: browser.execute_async_script(copied) == expected)


def text_of(browser: Chrome, selector: str) -> str:
    """Return the text of an element, or an empty text if there is none, for example while a page loads."""
    script = "const found = document.querySelector(arguments[0]); return found ? found.textContent : ''"
    found: str = browser.execute_script(script, selector)
    return found


def wait(browser: Chrome) -> "WebDriverWait[Chrome]":
    return WebDriverWait(browser, PATIENCE)
