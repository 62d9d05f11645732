"""Limiters on one file, as in several processes: each one knows the usage of the others."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.errors import QuotaWaitError
from kentik_async.quota import Quota
from kentik_async.quota.state.quota_state import decode
from tests.support.quota.files import QUOTA, Open, pull, soon
from tests.support.virtual_time import VirtualTime, in_virtual_time


async def test_the_stricter_of_two_quotas_for_one_file_applies(open_limiter: Open) -> None:
    """Whichever has the larger windows, neither fails, and neither exceeds the limits of the other."""
    careful, bold = (
        open_limiter(replace(QUOTA, max_concurrent=1, per_hour=1000, hard_per_minute=None)),
        open_limiter(replace(QUOTA, max_concurrent=3, per_hour=50_000, hard_per_minute=8)),
    )
    first, second = [await bold.acquire("non_query") for _ in range(2)]
    waits = asyncio.create_task(careful.acquire("non_query"))
    await asyncio.sleep(0.05)
    first.close("answered")
    await asyncio.sleep(0.05)
    assert not waits.done()
    second.close("answered")
    (await soon(waits)).close("answered")
    await pull(careful, 5)
    with pytest.raises(QuotaWaitError):
        await careful.acquire("non_query", max_wait=5.0)
    assert (await bold.snapshot()).left_hour == 1000 - 8


async def test_waiting_calls_of_other_members_are_counted(open_limiter: Open) -> None:
    one, two = open_limiter(), open_limiter()
    waiting = [asyncio.create_task(one.acquire("non_query")) for _ in range(6)]
    grant = await waiting[0]
    assert (await one.snapshot()).waiting == 5
    grant.close("answered")
    grant = await waiting[1]
    assert (await two.snapshot()).waiting == 4
    for task in waiting[2:]:
        task.cancel()
    grant.close("answered")


@in_virtual_time
async def test_an_estimate_counts_the_turns_of_others(open_limiter: Open, time: VirtualTime) -> None:
    quota = Quota(1, None, 0.0, 1, None, minute=1.0)
    one, two = open_limiter(quota, clock=time.clock), open_limiter(quota, clock=time.clock)
    waiting = [asyncio.create_task(one.acquire("non_query")) for _ in range(4)]
    (await waiting[0]).close("answered")
    (await waiting[1]).close("answered")
    assert await one.estimate(0) == pytest.approx(2.0)  # two more calls wait here, a window apart
    assert await two.estimate(2) == pytest.approx(4.0)  # two of its own, between two of the other
    for task in waiting[2:]:
        task.cancel()


def reports(path: Path) -> int:
    with sqlite3.connect(path) as database:
        (blob,) = database.execute("SELECT state FROM quota WHERE class = 'non_query'").fetchone()
    database.close()
    return decode(blob).revision


async def test_an_answer_is_reported_with_the_next_call_or_soon(open_limiter: Open, tmp_path: Path) -> None:
    one, two = open_limiter(), open_limiter()
    await pull(one, 5)
    assert reports(tmp_path / "quota.sqlite") == 5
    await asyncio.sleep(0)
    assert reports(tmp_path / "quota.sqlite") == 6
    (await two.acquire("non_query", max_wait=0.0)).close("answered")
