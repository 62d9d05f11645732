"""What is there is not asked for again, what failed is, and what stands in the way is said."""

import asyncio
import datetime as dt
import os
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kentik_async import AuthenticationError, KentikClient, Retry
from kentik_async.bulk.pull import Progress, Pull
from kentik_async.bulk.reading.dataset import open_target
from kentik_async.bulk.reading.status import outlook, target_status
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError, TargetLockedError
from tests.bulk.support import PULL, expected, landed

DAY = dt.date(2026, 11, 20)


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


def few(kentik: KentikClient, **more: Any) -> Pull:
    return kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", **more)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_a_finished_run_of_the_day_costs_nothing(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: str
) -> None:
    first = await few(kentik).save(tmp_path, store, date=DAY)
    before = emu.report().requests
    second = await few(kentik).save(tmp_path, store, date=DAY)
    assert emu.report().requests == before
    assert (second.calls, second.already_complete) == (0, True)
    assert (second.run_id, second.rows, second.pages) == (first.run_id, first.rows, first.pages)


async def test_a_wider_pull_asks_only_for_what_is_missing(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await few(kentik).save(tmp_path, date=DAY)
    before = emu.report().requests
    wider = kentik.kmi.pull_asn_details(**PULL)
    ahead = await outlook(wider, tmp_path, "parquet", date=DAY, refresh=False, now=0.0)
    assert ahead.there == 1 + 2 * 2
    await wider.save(tmp_path, date=DAY)
    rows = len(expected(emu.state)["asns"])
    assert emu.report().requests - before == 12 - 4 + rows + 1
    assert landed(tmp_path) == expected(emu.state)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_a_refresh_replaces_the_date_only_when_it_is_complete(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: str
) -> None:
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, store, date=DAY)
    old = landed(tmp_path)
    emu.advance_day()
    seen = []

    def look(progress: Progress) -> None:
        if progress.done == 8:
            seen.append(landed(tmp_path))
            task.cancel()

    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=look)
    task = asyncio.create_task(pull.save(tmp_path, store, date=DAY, refresh=True))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == [old]
    assert landed(tmp_path) == old
    kept = target_status(tmp_path).runs[-1].done
    assert kept in (8, 9), "one may have been kept whose page was not handed over any more"
    before = emu.report().requests
    report = await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, store, date=DAY, refresh=True)
    assert landed(tmp_path) == expected(emu.state) != old
    asked = emu.report().requests - before
    assert report.pages - kept + 1 <= asked <= report.pages - kept + 2, (
        "all but what was there, the call in flight"
    )
    assert [run.state for run in target_status(tmp_path).runs] == ["replaced", "complete"]


async def test_a_wider_pull_lands_what_a_run_that_was_cut_off_had_fetched(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 4:
            task.cancel()

    task = asyncio.create_task(few(kentik, on_progress=stop).save(tmp_path, date=DAY))
    with pytest.raises(asyncio.CancelledError):
        await task
    await kentik.kmi.pull_asn_details(**PULL).save(tmp_path, date=DAY)
    assert landed(tmp_path) == expected(emu.state)
    await few(kentik).save(tmp_path, date=DAY)
    assert landed(tmp_path) == expected(emu.state)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_a_refresh_replaces_all_of_the_date_and_a_wider_pull_then_asks_for_the_rest_again(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: str
) -> None:
    def wide(**more: Any) -> Pull:
        return kentik.kmi.pull_asn_details(**PULL, **more)

    def stop(progress: Progress) -> None:
        if progress.done == 8:
            task.cancel()

    await kentik.kmi.pull_asn_details(**{**PULL, "top": 1}).save(tmp_path, store, date=DAY)
    task = asyncio.create_task(wide(on_progress=stop).save(tmp_path, store, date=DAY))
    with pytest.raises(asyncio.CancelledError):
        await task
    emu.advance_day()
    await few(kentik).save(tmp_path, store, date=DAY, refresh=True)
    assert [run.state for run in target_status(tmp_path).runs] == ["replaced", "replaced", "complete"]
    rows = target_status(tmp_path).runs[-1].rows
    tables = open_target(tmp_path)
    assert tables.rankings.count_rows() + tables.markets.count_rows() == rows
    assert tables.rows("relations", DAY).num_rows == 0
    await wide().save(tmp_path, store, date=DAY)
    assert landed(tmp_path) == expected(emu.state)


async def test_a_cancelled_run_is_interrupted_and_the_same_call_goes_on(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 10:
            task.cancel()

    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=stop)
    task = asyncio.create_task(pull.save(tmp_path))
    with pytest.raises(asyncio.CancelledError):
        await task
    (run,) = target_status(tmp_path).runs
    assert run.done >= 10
    ahead = await outlook(
        kentik.kmi.pull_asn_details(**PULL), tmp_path, "parquet", date=None, refresh=False, now=run.started_at
    )
    assert (ahead.run_id, ahead.there) == (run.run_id, run.done)
    before = emu.report().requests
    report = await kentik.kmi.pull_asn_details(**PULL).save(tmp_path)
    assert report.run_id == run.run_id
    rest = report.pages - run.done
    assert rest + 1 <= emu.report().requests - before <= rest + 2, "the check; at most the call in flight"
    assert landed(tmp_path) == expected(emu.state)


async def test_a_kill_before_the_first_answer_was_read_does_not_make_the_run_mixed(
    kentik: KentikClient, tmp_path: Path
) -> None:
    task = asyncio.create_task(
        few(kentik, on_progress=lambda p: p.done == 3 and task.cancel()).save(tmp_path)
    )
    with pytest.raises(asyncio.CancelledError):
        await task
    with closing(sqlite3.connect(tmp_path / ".kentik-async" / "journal.sqlite")) as db, db:
        assert db.execute("SELECT count(*) FROM pages WHERE digest <> ''").fetchone() == (1,)
        db.execute("UPDATE pages SET status = 'raw', digest = '', rows = 0")
        db.execute("DELETE FROM leads")
    report = await few(kentik).save(tmp_path)
    assert (report.mixed, report.pages, report.failed) == (False, 5, 0)


async def test_a_page_that_failed_is_asked_for_again_and_then_reported(emu: Emulator, tmp_path: Path) -> None:
    emu.fail_next(status=500, operation="kmi.get_rankings")
    async with emu.client(retry=Retry(attempts=1)) as kentik:
        report = await few(kentik).save(tmp_path / "once")
    assert report.failed == 0
    pages = open_target(tmp_path / "once").pages.to_table().to_pylist()
    assert sorted(page["attempts"] for page in pages) == [1, 1, 1, 1, 1, 2]


async def test_a_page_that_fails_for_good_is_in_the_table_with_its_error(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    pull = kentik.kmi.pull_rankings(["cc$US", "cc$ZZ"], "customer_base", "v4")
    report = await pull.save(tmp_path, date=DAY)
    assert report.failed == 1
    pages = open_target(tmp_path).pages.to_table().to_pylist()
    (failed,) = [page for page in pages if page["status"] == "failed"]
    assert (failed["market_id"], failed["rows"], failed["attempts"]) == ("cc$ZZ", 0, 1)
    assert failed["error_class"] == "NotFoundError"
    assert "cc$ZZ" in failed["error_text"]
    (run,) = target_status(tmp_path).runs
    assert (run.state, run.failed, run.left) == ("complete", 1, 0)


async def test_refused_credentials_end_the_pull_at_once(emu: Emulator, tmp_path: Path) -> None:
    async with emu.client(token="wrong") as kentik:
        with pytest.raises(AuthenticationError):
            await few(kentik).save(tmp_path)
    assert emu.report().requests <= 2


async def test_a_second_run_is_refused_with_the_holder(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    refused = []

    async def second() -> None:
        with pytest.raises(TargetLockedError) as caught:
            await few(kentik).save(tmp_path)
        refused.append(caught.value)

    async def first() -> None:
        def status_is_read_meanwhile(progress: Progress) -> None:
            (run,) = target_status(tmp_path).runs
            assert (run.state, run.done + run.left + run.failed) == ("running", 5)

        await few(kentik, on_progress=status_is_read_meanwhile).save(tmp_path)

    task = asyncio.create_task(first())
    while not (tmp_path / ".kentik-async" / "journal.sqlite").exists():
        await asyncio.sleep(0)
    await second()
    await task
    assert (refused[0].pid, refused[0].host) == (os.getpid(), socket.gethostname())
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(refused[0])


async def test_another_kind_of_tables_is_refused(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    await few(kentik).save(tmp_path, "csv")
    before = emu.report().requests
    with pytest.raises(TargetError, match="holds csv tables, not parquet"):
        await few(kentik).save(tmp_path)
    assert emu.report().requests == before
