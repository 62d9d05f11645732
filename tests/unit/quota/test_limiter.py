"""The public behaviour of the limiter of one process."""

import asyncio
import gc
from typing import Any

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota import Grant, Limiter, LocalLimiter, Quota, QuotaSnapshot
from tests.support.quota.local import ONE_AT_A_TIME, limiter_of, waiting
from tests.support.virtual_time import VirtualTime, in_virtual_time


@in_virtual_time
async def test_limiter_and_grant_implement_their_protocols(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    assert isinstance(limiter, Limiter)
    assert isinstance(await limiter.acquire("non_query"), Grant)


@in_virtual_time
async def test_a_grant_is_valid_until_it_is_closed_and_closes_once(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(2, None, 0.0, None, None))
    grant, other = await limiter.acquire("non_query"), await limiter.acquire("non_query")
    assert grant.valid()
    grant.close("answered")
    grant.close("answered")
    grant.close("unknown")
    assert not grant.valid()
    assert other.valid()
    assert (await limiter.snapshot()).in_flight == 1


@in_virtual_time
async def test_the_classes_are_counted_separately(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    await limiter.acquire("non_query")
    await limiter.acquire("query", max_wait=0.0)
    assert (await limiter.snapshot("query")).in_flight == 1
    assert (await limiter.snapshot("non_query")).quota_class == "non_query"


@in_virtual_time
async def test_an_unknown_class_is_named(time: VirtualTime) -> None:
    limiter: Any = limiter_of(time, ONE_AT_A_TIME)
    for asking in (limiter.acquire("admin"), limiter.snapshot("admin"), limiter.estimate(1, "admin")):
        with pytest.raises(ConfigError, match="quota_class must be one of non_query, query; got 'admin'"):
            await asking


@in_virtual_time
async def test_an_answer_wakes_the_next_waiter_at_once(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    first, second = await waiting(limiter), await waiting(limiter)
    grant.close("answered")
    (await first).close("answered")
    await second
    assert time.now == 100.0


@in_virtual_time
async def test_not_sent_returns_slot_and_token(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(1, 1, 0.0, 1, 1))
    for _ in range(5):
        (await limiter.acquire("non_query")).close("not_sent")
    assert time.now == 100.0
    snapshot = await limiter.snapshot()
    assert (snapshot.left_hard_minute, snapshot.left_hour, snapshot.latency) == (1, 1, None)


@in_virtual_time
async def test_a_lost_request_keeps_its_slot_for_the_drain(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    (await limiter.acquire("non_query")).close("unknown")
    assert (await limiter.snapshot()).in_flight == 1
    await limiter.acquire("non_query")
    assert time.now == 110.0


@in_virtual_time
async def test_a_retry_keeps_the_place_of_its_first_attempt(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    first = await waiting(limiter)
    await asyncio.sleep(5)
    retry = await waiting(limiter, queued_since=99.0)
    grant.close("answered")
    (await retry).close("answered")
    await first


@in_virtual_time
async def test_a_higher_priority_overtakes(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    low, high = await waiting(limiter, priority=-1), await waiting(limiter, priority=1)
    grant.close("answered")
    (await high).close("answered")
    await low


@in_virtual_time
async def test_the_snapshot_shows_the_remaining_quota(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(2, 3, 1.5, 4, 6), pacing="throughput")
    (await limiter.acquire("non_query")).close("answered")
    await asyncio.sleep(5)
    held = await limiter.acquire("non_query")
    await asyncio.sleep(0.5)
    assert await limiter.snapshot() == QuotaSnapshot(
        quota_class="non_query",
        in_flight=1,
        waiting=0,
        left_soft_minute=1,
        left_hard_minute=2,
        left_hour=4,
        next_free=0.0,
        frozen=False,
        latency=0.0,
        pacing="throughput",
    )
    second = await limiter.acquire("non_query")
    full = await limiter.snapshot()
    assert (full.in_flight, full.next_free, second.valid()) == (2, None, True)
    held.close("answered")
    (await limiter.acquire("non_query")).close("answered")
    blocked = await limiter.snapshot()
    assert blocked.left_hard_minute == 0
    assert blocked.next_free == pytest.approx(54.5)


@in_virtual_time
async def test_a_snapshot_uses_no_quota(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(3, 10, 1.5, 10, 10))
    for _ in range(5):
        await limiter.snapshot()
        await limiter.estimate(3)
        (await limiter.acquire("non_query")).close("answered")
    snapshot = await limiter.snapshot()
    assert (snapshot.in_flight, snapshot.left_hour) == (0, 5)


@in_virtual_time
async def test_ten_thousand_waiters_are_served_in_their_order(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    served: list[int] = []

    async def call(number: int) -> None:
        grant = await limiter.acquire("non_query")
        served.append(number)
        await asyncio.sleep(0.001)
        grant.close("answered")

    await asyncio.gather(*(call(number) for number in range(10_000)))
    assert served == list(range(10_000))


def test_a_grant_collected_under_the_limiters_lock_does_not_hang() -> None:
    """The garbage collector may run at any allocation; here the clock, read under the lock, runs it."""
    litter: list[Any] = []
    time = VirtualTime(100.0)
    clock = time.clock

    def monotonic() -> float:
        if litter:
            litter.clear()
            gc.collect()
        return clock.monotonic()

    limiter = LocalLimiter(ONE_AT_A_TIME, clock=type(clock)(monotonic=monotonic))

    async def hold(cycle: list[Any]) -> None:
        grant = await limiter.acquire("non_query")
        cycle.append(cycle)
        try:
            await asyncio.Event().wait()
        finally:
            grant.close("unknown")

    async def main() -> float:
        cycle: list[Any] = []
        coroutine = hold(cycle)
        coroutine.send(None)
        cycle.append(coroutine)
        litter.append("the clock may sweep")
        del cycle, coroutine
        await limiter.acquire("non_query")
        return time.now

    assert time.run(main) == 110.0
