"""Headless Chromium, as Debian's packages chromium and chromium-driver install it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.browser.pages import errors_of, resize

# No sandbox, because CI runs as root. Chromium sends no requests of its own, and can resolve only the name of
# this machine: a page that needs the network fails its test.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1280,900",
)


@pytest.fixture
def chromium(started_chromium: webdriver.Chrome) -> webdriver.Chrome:
    """A browser with an empty page of 1280 pixels; `errors_of` returns the errors of its pages.

    One process serves all tests of a worker, so the state of an earlier test is reset here.
    """
    started_chromium.get("about:blank")
    started_chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    resize(started_chromium, 1280)
    errors_of(started_chromium)
    return started_chromium


@pytest.fixture(scope="session")
def started_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """The browser's process."""
    browser, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if browser is None or driver is None:
        message = "needs chromium and chromedriver: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(driver, log_output=os.devnull)
    with webdriver.Chrome(options=options, service=service) as started:
        yield started
