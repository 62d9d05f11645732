"""Calls that stop waiting: after too long, cancelled, collected, or when the limiter is closed."""

import asyncio

import pytest

from kentik_async.errors import ClientClosedError, QuotaWaitError
from kentik_async.quota import Quota
from tests.support.quota.local import ONE_AT_A_TIME, limiter_of, waiting
from tests.support.virtual_time import VirtualTime, in_virtual_time


@in_virtual_time
async def test_a_too_long_wait_fails_at_once_and_uses_no_quota(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(1, None, 0.0, 1, None))
    (await limiter.acquire("non_query")).close("answered")
    with pytest.raises(QuotaWaitError, match=r"max_wait=10 s; it frees in about 60\.0 s") as caught:
        await limiter.acquire("non_query", max_wait=10.0)
    assert time.now == 100.0
    assert caught.value.max_wait == 10.0
    assert caught.value.estimate == pytest.approx(60.0)
    assert (await limiter.snapshot()).waiting == 0
    await limiter.acquire("non_query", max_wait=60.5)
    assert time.now == 160.0


@in_virtual_time
async def test_a_wait_that_became_too_long_ends_on_time(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    with pytest.raises(QuotaWaitError, match="max_wait=3 s: wait longer"):
        await limiter.acquire("non_query", max_wait=3.0)
    assert time.now == 103.0
    grant.close("answered")
    await limiter.acquire("non_query", max_wait=0.0)


@in_virtual_time
async def test_cancelled_waiters_do_not_lengthen_the_estimate(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(1, None, 0.0, 1, None))
    (await limiter.acquire("non_query")).close("answered")
    gone = [await waiting(limiter) for _ in range(50)]
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)
    await limiter.acquire("non_query", max_wait=60.0)


@in_virtual_time
async def test_a_cancelled_waiter_passes_its_turn_to_the_next(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    first, second = await waiting(limiter), await waiting(limiter)
    first.cancel()
    grant.close("answered")
    await second
    assert first.cancelled()


@in_virtual_time
async def test_a_waiter_cancelled_just_after_its_grant_returns_it(
    time: VirtualTime,
) -> None:
    limiter = limiter_of(time, Quota(1, None, 0.0, 5, None))
    grant = await limiter.acquire("non_query")
    first, second = await waiting(limiter), await waiting(limiter)
    grant.close("answered")
    first.cancel()
    await second
    assert (await limiter.snapshot()).left_hard_minute == 3


@in_virtual_time
async def test_a_waiter_whose_coroutine_is_collected_has_no_turn(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    abandoned = limiter.acquire("non_query")
    abandoned.send(None)
    abandoned.close()
    second = await waiting(limiter)
    assert (await limiter.snapshot()).waiting == 1
    grant.close("answered")
    await second


@in_virtual_time
async def test_closing_fails_waiting_and_later_calls(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    tasks = [await waiting(limiter) for _ in range(3)]
    await limiter.aclose()
    await limiter.aclose()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, ClientClosedError)
    with pytest.raises(ClientClosedError):
        await limiter.acquire("non_query")
    grant.close("answered")
    with pytest.raises(ClientClosedError):
        await limiter.acquire("non_query")
    assert (await limiter.snapshot()).in_flight == 0


@in_virtual_time
async def test_no_call_is_granted_after_closing(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(5, None, 0.0, None, None))
    (await limiter.acquire("non_query")).close("answered")
    await limiter.aclose()
    with pytest.raises(ClientClosedError):
        await limiter.acquire("non_query")
