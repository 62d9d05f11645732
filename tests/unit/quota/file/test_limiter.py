"""The limiter on a file in one process: loops, threads, unclosed grants, priorities, estimates."""

import asyncio
import gc
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.errors import ClientClosedError, QuotaWaitError
from kentik_async.quota import Grant, Limiter, Quota
from kentik_async.quota.file.opening import open_file_limiter
from tests.support.quota.files import QUOTA, Open, descriptors, left, pull, soon, wait_for, waiting_threads
from tests.support.virtual_time import VirtualTime, in_virtual_time


def test_it_is_a_limiter(open_limiter: Open) -> None:
    limiter = open_limiter()
    assert isinstance(limiter, Limiter)
    assert limiter.pacing == "throughput"
    limiter.pacing = "courteous"
    assert limiter.pacing == "courteous"


async def test_limiters_on_one_file_share_one_quota(open_limiter: Open) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    assert grant.valid()
    assert (await two.snapshot()).in_flight == 1
    other = asyncio.create_task(two.acquire("non_query"))
    await asyncio.sleep(0.05)
    assert not other.done()
    grant.close("answered")
    assert not grant.valid()
    (await soon(other)).close("answered")
    assert await left(one) == await left(two) == 48


async def test_limiters_that_take_turns_lose_no_counts(open_limiter: Open) -> None:
    limiters = [open_limiter() for _ in range(3)]
    for turn in range(15):
        await pull(limiters[turn % 3], 1 + turn % 2)
    assert [await left(limiter) for limiter in (*limiters, open_limiter())] == [50 - 22] * 4


async def test_a_draining_request_occupies_one_slot(open_limiter: Open) -> None:
    limiter = open_limiter(replace(QUOTA, max_concurrent=2))
    await pull(limiter)
    lost, started = await limiter.acquire("non_query"), time.monotonic()
    lost.close("unknown")
    first = await limiter.acquire("non_query")
    second = await soon(limiter.acquire("non_query"))
    assert time.monotonic() - started >= QUOTA.drain
    first.close("answered")
    second.close("answered")


async def test_the_classes_are_counted_separately(open_limiter: Open) -> None:
    limiter = open_limiter()
    grant = await limiter.acquire("non_query")
    other = await limiter.acquire("query")
    grant.close("answered")
    other.close("not_sent")
    assert await left(limiter) == 49
    assert (await limiter.snapshot("query")).left_hard_minute == 50


def test_a_second_event_loop_continues_with_the_same_state(open_limiter: Open) -> None:
    limiter = open_limiter()
    asyncio.run(pull(limiter, 3))
    asyncio.run(pull(limiter, 4))
    assert asyncio.run(left(limiter)) == 43


def test_threads_share_a_limiter(open_limiter: Open) -> None:
    limiter = open_limiter(replace(QUOTA, hard_per_minute=None, per_hour=1000))
    in_flight = most = 0

    async def worker() -> None:
        nonlocal in_flight, most
        for _ in range(30):
            grant = await limiter.acquire("non_query")
            in_flight += 1
            most = max(most, in_flight)
            await asyncio.sleep(0)
            in_flight -= 1
            grant.close("answered")

    runners = [threading.Thread(target=lambda: asyncio.run(worker())) for _ in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    snapshot = asyncio.run(limiter.snapshot())
    assert most == 1
    assert (snapshot.left_hour, snapshot.in_flight) == (880, 0)


async def test_closing_fails_waiters_and_frees_all_resources(open_limiter: Open) -> None:
    before, running = descriptors(), waiting_threads()
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    waiting = [asyncio.create_task(two.acquire("non_query")) for _ in range(3)]
    await asyncio.sleep(0.05)
    await two.aclose()
    for task in waiting:
        with pytest.raises(ClientClosedError):
            await task
    with pytest.raises(ClientClosedError):
        await two.acquire("non_query")
    await one.aclose()
    assert grant.valid()
    grant.close("answered")
    assert not grant.valid()
    # A counted thread of an earlier test may have ended: one of these may replace it in the count.
    wait_for(lambda: waiting_threads() <= running and descriptors() <= before)
    assert await left(open_limiter()) == 49


async def pull_and_close(limiter: Limiter) -> None:
    await pull(limiter)
    await limiter.aclose()


def test_collected_limiters_free_all_resources(open_limiter: Open, tmp_path: Path) -> None:
    asyncio.run(pull_and_close(open_limiter()))
    gc.collect()
    before, running = descriptors(), waiting_threads()
    for _ in range(20):
        limiter = open_file_limiter(
            tmp_path / "quota", endpoints=(), customer="", quota=QUOTA, query_quota=QUOTA, pacing="auto"
        )
        asyncio.run(pull(limiter))
    del limiter
    wait_for(lambda: descriptors() <= before and waiting_threads() <= running)


def test_a_timer_does_not_keep_a_limiter_alive(tmp_path: Path) -> None:
    before, running = descriptors(), waiting_threads()
    quota = Quota(1, None, 0.0, 1, None)
    limiter = open_file_limiter(
        tmp_path / "quota", endpoints=(), customer="", quota=quota, query_quota=quota, pacing="auto"
    )

    async def give_up(limiter: Limiter) -> None:
        await pull(limiter)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire("non_query"), 0.05)

    asyncio.run(give_up(limiter))
    del limiter
    # Checked repeatedly: on a busy machine the thread may still use the limiter, and a thread of an earlier
    # test, which was counted, may have ended.
    wait_for(lambda: descriptors() <= before and waiting_threads() <= running)


async def test_a_collected_grant_drains(open_limiter: Open) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    started = time.monotonic()
    del grant
    gc.collect()
    (await soon(two.acquire("non_query"))).close("answered")
    assert time.monotonic() - started >= QUOTA.drain
    assert await left(two) == 48


async def test_an_unknown_end_keeps_the_slot_after_its_process_closed(open_limiter: Open) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    started = time.monotonic()
    grant.close("unknown")
    await one.aclose()
    (await soon(two.acquire("non_query"))).close("answered")
    assert time.monotonic() - started >= QUOTA.drain
    assert await left(two) == 48


async def test_a_request_that_was_not_sent_costs_nothing(open_limiter: Open) -> None:
    quota = replace(QUOTA, hard_per_minute=5)
    limiter, newcomer = open_limiter(quota), open_limiter(quota)
    await pull(limiter, 3)
    for _ in range(20):
        (await limiter.acquire("non_query")).close("not_sent")
    assert await left(limiter) == await left(newcomer) == 2


async def test_only_the_first_close_counts(open_limiter: Open) -> None:
    limiter = open_limiter()
    grant = await limiter.acquire("non_query")
    grant.close("answered")
    grant.close("unknown")
    grant.close("not_sent")
    snapshot = await limiter.snapshot()
    assert (snapshot.in_flight, snapshot.left_hard_minute) == (0, 49)


def test_waiters_of_a_closed_loop_do_not_block_others(open_limiter: Open, time: VirtualTime) -> None:
    """The timer of the closed loop is gone too; the next waiter detects that, and is served."""
    quota = Quota(1, None, 0.0, 1, None, minute=0.5)
    one, two = open_limiter(quota, clock=time.clock), open_limiter(quota, clock=time.clock)

    async def leave_waiting() -> None:
        await pull(one)
        task = asyncio.create_task(one.acquire("non_query"))
        await asyncio.sleep(0.05)
        assert not task.done()

    loop, began = time.loop(), time.now
    loop.set_exception_handler(lambda loop, context: None)  # a pending task may be destroyed much later
    loop.run_until_complete(leave_waiting())
    loop.close()
    time.run(lambda: pull(two))
    assert 0.5 <= time.now - began < 1.0


def test_a_request_in_flight_in_a_closed_loop_drains(open_limiter: Open) -> None:
    limiter = open_limiter()
    grants: list[Grant] = []

    async def fly() -> None:
        grants.append(await limiter.acquire("non_query"))

    asyncio.run(fly())
    started = time.monotonic()
    asyncio.run(asyncio.wait_for(pull(limiter), 20))
    assert time.monotonic() - started >= QUOTA.drain
    assert not grants[0].valid()
    grants[0].close("answered")
    assert asyncio.run(left(limiter)) == 48


async def test_a_cancelled_call_passes_its_turn_to_the_next_process(open_limiter: Open) -> None:
    holder, one, two = open_limiter(), open_limiter(), open_limiter()
    grant = await holder.acquire("non_query")
    head = asyncio.create_task(one.acquire("non_query"))
    await asyncio.sleep(0.02)
    behind = asyncio.create_task(two.acquire("non_query"))
    await asyncio.sleep(0.02)
    head.cancel()
    grant.close("answered")
    (await soon(behind)).close("answered")
    assert head.cancelled()


async def test_a_wait_that_would_be_too_long_ends_at_once(open_limiter: Open) -> None:
    quota = Quota(1, None, 0.0, 1, None, minute=60.0)
    one, two = open_limiter(quota), open_limiter(quota)
    began = time.monotonic()
    await pull(one)
    await asyncio.sleep(0)  # the answer is reported now or in the next iteration of the loop
    started = time.monotonic()
    with pytest.raises(QuotaWaitError, match=r"within max_wait=5 s; it frees in about \d\d\.\d s") as caught:
        await two.acquire("non_query", max_wait=5.0)
    ended = time.monotonic()
    assert ended - started < 5.0
    assert caught.value.estimate is not None
    assert 60.0 - (ended - began) <= caught.value.estimate <= 60.0 + (ended - started)
    with pytest.raises(QuotaWaitError):
        await one.acquire("non_query", max_wait=5.0)


@in_virtual_time
async def test_a_wait_that_becomes_too_long_ends_in_time(open_limiter: Open, time: VirtualTime) -> None:
    one, two = open_limiter(clock=time.clock), open_limiter(clock=time.clock)
    grant, began = await one.acquire("non_query"), time.now
    with pytest.raises(QuotaWaitError, match=r"within max_wait=0.1 s: wait longer"):
        await two.acquire("non_query", max_wait=0.1)
    assert time.now == pytest.approx(began + 0.1)
    grant.close("answered")
    await asyncio.sleep(0)  # the answer is reported now or in the next iteration of the loop
    (await two.acquire("non_query", max_wait=5.0)).close("answered")


async def test_higher_priorities_go_first(open_limiter: Open) -> None:
    limiter = open_limiter()
    first = await limiter.acquire("non_query")
    order: list[int] = []

    async def call(priority: int) -> None:
        grant = await limiter.acquire("non_query", priority=priority)
        order.append(priority)
        grant.close("answered")

    calls = [asyncio.create_task(call(priority)) for priority in (-1, 0, 1)]
    await asyncio.sleep(0)
    first.close("answered")
    await asyncio.gather(*calls)
    assert order == [1, 0, -1]
