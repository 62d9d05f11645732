"""The browser of the tests works, and has no network access."""

from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.pages import errors_of, resize

PATIENCE = 60.0


def test_pages_run_scripts_but_load_nothing_from_elsewhere(chromium: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!DOCTYPE html><script>document.title = 2 + 2</script><script src='https://example.com/x.js'></script>"
    )
    resize(chromium, 400)
    chromium.get(page.as_uri())
    assert chromium.title == "4"
    assert chromium.execute_script("return innerWidth") == 400
    # The driver may receive an error some time after the page has loaded.
    (error,) = WebDriverWait(chromium, PATIENCE).until(errors_of)
    assert "ERR_NAME_NOT_RESOLVED" in error
