"""Helpers that query a browser."""

from selenium.webdriver import Chrome


def errors_of(browser: Chrome) -> list[str]:
    """Return the errors and warnings of the pages since the last call."""
    return [line["message"] for line in browser.get_log("browser") if line["level"] in {"SEVERE", "WARNING"}]


def resize(browser: Chrome, width: int, height: int = 900) -> None:
    """Set the size of the page in pixels, also to less than the minimum width of a window."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
