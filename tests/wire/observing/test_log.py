"""The log `kentik_async`: requests, retries, refusals and waits, and no secrets."""

import logging
import re

import pytest

from kentik_async import NotFoundError
from kentik_async._pipeline.step_log import log_step
from kentik_async.emulator import Emulator
from kentik_async.events import Event

SENT_LINE = "sent after # s"
SENT = re.compile(r"attempt \d+ sent after [\d.]+ s")


def lines(caplog: pytest.LogCaptureFixture, operation: str) -> list[tuple[str, str]]:
    """Level and message of each line about an operation, without the seconds."""
    return [
        (record.levelname, re.sub(r"\d+\.\d+ s", "# s", record.getMessage()))
        for record in caplog.records
        if record.name == "kentik_async" and record.getMessage().startswith(operation)
    ]


def check_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Check the level of each wait: on a slow machine it may be long enough for INFO."""
    for record in caplog.records:
        if record.name == "kentik_async" and SENT.search(record.getMessage()):
            assert isinstance(record.args, tuple)
            *_, wait = record.args  # not the text, which is rounded
            assert isinstance(wait, float)
            assert record.levelname == ("INFO" if wait >= 1.0 else "DEBUG")


async def test_steps_of_a_call(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kentik_async")
    emulator.fail_next(status=503)
    emulator.fail_next(status=429, retry_after=0.01)
    emulator.fail_next(status=404)
    async with emulator.client() as kentik:
        with pytest.raises(NotFoundError):
            await kentik.sites.list()
        await kentik.sites.list()
    check_waits(caplog)
    steps = lines(caplog, "sites.list")
    assert [("DEBUG" if SENT_LINE in line else level, line) for level, line in steps] == [
        ("DEBUG", "sites.list: queued"),
        ("DEBUG", "sites.list: attempt 1 sent after # s in the queue"),
        ("INFO", "sites.list: attempt 1 failed after # s: HTTP 503: scripted fault: 503"),
        ("INFO", "sites.list: HTTP 503: scripted fault: 503; retrying in # s"),
        ("DEBUG", "sites.list: attempt 2 sent after # s in the queue"),
        ("INFO", "sites.list: attempt 2 refused after # s: HTTP 429: scripted fault: 429"),
        ("DEBUG", "sites.list: attempt 3 sent after # s in the queue"),
        ("INFO", "sites.list: attempt 3 failed after # s: HTTP 404: scripted fault: 404"),
        ("DEBUG", "sites.list: queued"),
        ("DEBUG", "sites.list: attempt 1 sent after # s in the queue"),
        ("INFO", "sites.list: attempt 1 answered in # s"),
    ]
    assert emulator.connection["token"] not in caplog.text
    assert emulator.connection["email"] not in caplog.text


async def test_level_decides(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    async with emulator.client() as kentik:
        for level in (logging.INFO, logging.WARNING):
            caplog.set_level(level, "kentik_async")
            await kentik.plans.list()
    check_waits(caplog)
    steps = [step for step in lines(caplog, "plans.list") if SENT_LINE not in step[1]]
    assert steps == [("INFO", "plans.list: attempt 1 answered in # s")]


@pytest.mark.parametrize(("wait", "level"), [(0.999, "DEBUG"), (1.0, "INFO")])
def test_long_waits_are_info(caplog: pytest.LogCaptureFixture, wait: float, level: str) -> None:
    caplog.set_level(logging.DEBUG, "kentik_async")
    log_step(Event("sent", "plans.list", 1, wait))
    assert lines(caplog, "plans.list") == [(level, "plans.list: attempt 1 sent after # s in the queue")]
