"""Thousands of calls, abandoned at random times and in random ways: no slot is lost, nothing is leaked."""

import asyncio
import gc
import random
from pathlib import Path
from typing import Any

import anyio
import pytest

from kentik_async import ClientClosedError, KentikClient, LocalLimiter, Quota, Retry
from kentik_async.emulator import BackgroundEmulator, Emulator
from tests.endurance.random_cancellation import CALLS, Call, Leavers, at_rest
from tests.support.frozen_time import PATIENCE

ONE = Quota(1, None, 0.0, None, None, drain=0.1)
MANY = Quota(None, None, 0.0, None, None, drain=0.1)

over_all = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
with_both = pytest.mark.parametrize("quota", [ONE, MANY], ids=["one at a time", "all at once"])


def client(emulator: Emulator | BackgroundEmulator, quota: Quota, **options: Any) -> KentikClient:
    options.setdefault("limiter", LocalLimiter(quota, quota))
    retry = Retry(base=0.001, cap=0.002)
    return emulator.client(quota=quota, query_quota=quota, retry=retry, **options)


@pytest.mark.parametrize("keeper", ["process", "file"])
@with_both
async def test_calls_that_are_left_at_any_moment(tmp_path: Path, quota: Quota, keeper: str) -> None:
    limiter = LocalLimiter(quota, quota) if keeper == "process" else f"file:{tmp_path}/quota"
    before = len(asyncio.all_tasks())
    async with (
        Emulator(speed=1e6, latency=(0.0, 0.003)) as emulator,
        client(emulator, quota, limiter=limiter) as kentik,
    ):
        leavers = Leavers(kentik, random.Random(keeper))
        for _ in range(6):
            emulator.fail_next(3, status=503)
            emulator.fail_next(1, drop=True)
            await leavers.leave(60)
            await at_rest(kentik)
        report = emulator.report()
    assert report.in_flight == 0
    assert quota is MANY or report.concurrency_overruns == 0
    assert leavers.ended.total() == 360
    assert min(leavers.ended[end] for end in ("cancelled", "timed out", "dropped", "done")) > 10
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


@pytest.mark.parametrize("seed", range(3))
@with_both
async def test_clients_that_are_closed_at_any_moment(quota: Quota, seed: int) -> None:
    chance, before = random.Random(seed), len(asyncio.all_tasks())
    limiter = LocalLimiter(quota, quota)
    ended: set[str] = set()
    async with Emulator(speed=1e6, latency=(0.0, 0.003)) as emulator:
        for _ in range(5):
            kentik = client(emulator, quota, limiter=limiter)
            emulator.reset()  # removes faults that no call has used
            emulator.fail_next(2, status=503)
            tasks = [asyncio.create_task(chance.choice(list(CALLS.values()))(kentik)) for _ in range(20)]
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            cancelled = set(chance.sample(tasks, 5))
            for task in cancelled:
                task.cancel()
            with anyio.CancelScope() as scope:
                if chance.random() < 0.5:
                    scope.cancel()
                await kentik.aclose()
            await asyncio.wait(tasks, timeout=5)
            for task in tasks:
                if task.cancelled():
                    assert task in cancelled
                    ended.add("cancelled")
                elif isinstance(task.exception(), ClientClosedError):
                    ended.add("closed")
                else:
                    task.result()
            await kentik.aclose()
        emulator.reset()
        async with client(emulator, quota, limiter=limiter) as kentik:
            await at_rest(kentik)
            await kentik.kmi.list_markets()
    assert ended == {"cancelled", "closed"}
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


@over_all
async def test_dropped_coroutine_keeps_its_slot(call: Call) -> None:
    async with Emulator(speed=1e6, latency=0.05) as emulator, client(emulator, ONE) as kentik:
        await kentik.quota.snapshot()
        coroutine = call(kentik)
        while not (await kentik.quota.snapshot()).in_flight:
            waited_for = coroutine.send(None)
            if waited_for is not None and not (await kentik.quota.snapshot()).in_flight:
                waited_for._asyncio_future_blocking = False
                await asyncio.wait([waited_for])
        coroutine.close()
        assert (await kentik.quota.snapshot()).in_flight == 1
        await at_rest(kentik)
        await call(kentik)
        assert emulator.report().violations == 0


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a loop closed in this way leaves them open
@over_all
def test_closed_loop_leaves_slots_to_the_drain(call: Call) -> None:
    limiter = LocalLimiter(ONE, ONE)

    async def begin(emulator: Emulator | BackgroundEmulator) -> None:
        task = asyncio.create_task(call(client(emulator, ONE, limiter=limiter)))
        task._log_destroy_pending = False
        while not (await limiter.snapshot()).in_flight:
            await asyncio.sleep(0)

    async def use() -> None:
        (await asyncio.wait_for(limiter.acquire("non_query"), PATIENCE)).close("not_sent")

    with BackgroundEmulator(Emulator(speed=1e6, latency=5.0)) as emulator:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin(emulator))
        loop.close()
        gc.collect()  # the coroutine ends here, and pytest reports what it raises
        asyncio.run(use())


@over_all
def test_exit_in_a_cancelled_scope_closes_everything(call: Call) -> None:
    """The client's block is left by a cancellation, and the event loop ends immediately afterwards."""

    async def program() -> None:
        async with Emulator(speed=1e6, latency=5.0) as emulator:
            with anyio.move_on_after(0.05) as scope:
                async with client(emulator, ONE) as kentik:
                    await call(kentik)
            assert scope.cancelled_caught

    asyncio.run(program())
    gc.collect()  # an unclosed session or socket would warn, and a warning is an error
