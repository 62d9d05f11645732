"""Saved pages are not requested again, failed pages are, and errors that prevent a pull are reported."""

import asyncio
import datetime as dt
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kentik_async import AuthenticationError, KentikClient, Retry
from kentik_async._operations.request import Request
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.results import Progress
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError, TargetLockedError
from tests.bulk.answers import Answers
from tests.bulk.support import PULL, expected, interrupted, saved, statuses, table

DAY = dt.date(2026, 11, 20)
T = TypeVar("T")


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


def few(kentik: KentikClient, **more: Any) -> Pull[Any]:
    return kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", **more)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_a_saved_date_costs_no_call(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: str
) -> None:
    first = await few(kentik).save(tmp_path, store, date=DAY)
    before = emu.report().requests
    second = await few(kentik).save(tmp_path, store, date=DAY)
    assert emu.report().requests == before
    assert (second.calls, second.already_complete) == (0, True)
    assert (second.run_id, second.rows, second.pages) == (first.run_id, first.rows, first.pages)


async def test_a_wider_pull_fetches_only_what_is_missing(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await few(kentik).save(tmp_path, date=DAY)
    before = emu.report().requests
    wider = kentik.kmi.pull_asn_details(**PULL)
    assert (await wider.plan(tmp_path, date=DAY)).saved == 2 * 2
    await wider.save(tmp_path, date=DAY)
    networks = len(expected(emu.state)["asns"])
    assert emu.report().requests - before == 12 - 4 + networks + 1
    assert saved(tmp_path) == expected(emu.state)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_a_refresh_that_is_cut_off_changes_nothing_yet(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: Any
) -> None:
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, store, date=DAY)
    old = saved(tmp_path)
    emu.advance_day()

    def stop(progress: Progress) -> None:
        if progress.done == 8:
            task.cancel()

    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=stop)
    task = asyncio.create_task(pull.save(tmp_path, store, date=DAY, refresh=True))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert saved(tmp_path) == old
    kept = interrupted(tmp_path)
    assert kept >= 8
    before = emu.report().requests
    report = await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, store, date=DAY, refresh=True)
    assert emu.report().requests - before <= report.pages - kept + 1 + 1, "the check, the call in flight"
    assert saved(tmp_path)["rankings"] == expected(emu.state)["rankings"] != old["rankings"]
    assert statuses(tmp_path) == ["complete", "complete"]


async def test_a_wider_pull_saves_what_another_had_fetched(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 4:
            task.cancel()

    task = asyncio.create_task(few(kentik, on_progress=stop).save(tmp_path, date=DAY))
    with pytest.raises(asyncio.CancelledError):
        await task
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, date=DAY)
    assert saved(tmp_path) == expected(emu.state)
    await few(kentik).save(tmp_path, date=DAY)
    assert saved(tmp_path) == expected(emu.state)


async def test_the_same_call_resumes_a_cancelled_run(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 10:
            task.cancel()

    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=stop)
    task = asyncio.create_task(pull.save(tmp_path))
    with pytest.raises(asyncio.CancelledError):
        await task
    kept = interrupted(tmp_path)
    assert kept >= 10
    plan = await kentik.kmi.pull_asn_details(**PULL).plan(tmp_path)
    assert plan.saved == kept - 1, "the list of markets is not a separate page"
    before = emu.report().requests
    report = await kentik.kmi.pull_asn_details(**PULL).save(tmp_path)
    assert report.run_id == plan.run_id
    rest = report.pages + 1 - kept
    assert rest + 1 <= emu.report().requests - before <= rest + 2, "the check; at most the call in flight"
    assert saved(tmp_path) == expected(emu.state)


async def test_a_failed_page_is_requested_once_more(emu: Emulator, tmp_path: Path) -> None:
    emu.fail_next(status=500, operation="kmi.get_rankings")
    async with emu.client(retry=Retry(attempts=1)) as kentik:
        report = await few(kentik).save(tmp_path / "once")
    assert report.failed == 0
    assert sorted(page["attempts"] for page in table(tmp_path / "once", "pages")) == [1, 1, 1, 1, 1, 2]


async def test_a_permanent_failure_is_in_the_table(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    pull = kentik.kmi.pull_rankings(["cc$US", "cc$ZZ"], "customer_base", "v4")
    report = await pull.save(tmp_path, date=DAY)
    assert report.failed == 1
    (failed,) = [page for page in table(tmp_path, "pages") if page["status"] == "failed"]
    assert (failed["market_id"], failed["rows"], failed["attempts"]) == ("cc$ZZ", 0, 1)
    assert failed["error_class"] == "NotFoundError"
    assert "cc$ZZ" in failed["error_text"]
    (run,) = table(tmp_path, "runs")
    counts = (run["pages_requested"], run["pages_done"], run["pages_failed"])
    assert (run["status"], *counts) == ("partial", 2, 1, 1)


async def test_refused_credentials_end_the_pull_at_once(emu: Emulator, tmp_path: Path) -> None:
    async with emu.client(token="wrong") as kentik:
        with pytest.raises(AuthenticationError):
            await few(kentik).save(tmp_path)
    assert emu.report().requests <= 2


class Held(Answers):
    """Answers nothing until a test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def run(self, request: Request[T]) -> T:
        self.asked.set()
        await self.go.wait()
        return await super().run(request)


async def test_a_second_run_is_refused_with_the_holder(kentik: KentikClient, tmp_path: Path) -> None:
    held = Held()  # otherwise the first run could end before a thread of the second tries to lock
    task = asyncio.create_task(held.pull(few(kentik).spec).save(tmp_path))
    await held.asked.wait()
    with pytest.raises(TargetLockedError) as refused:
        await few(kentik).save(tmp_path)
    held.go.set()
    assert (await task).failed == 0
    assert (refused.value.pid, refused.value.host) == (os.getpid(), socket.gethostname())
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(refused.value)


async def test_another_format_is_refused(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    await few(kentik).save(tmp_path, "csv")
    before = emu.report().requests
    with pytest.raises(TargetError, match="holds csv tables, not parquet"):
        await few(kentik).save(tmp_path)
    assert emu.report().requests == before
