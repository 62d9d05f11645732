"""A limiter that leaves room for other programs: its public behaviour."""

import asyncio

import pytest

from kentik_async.errors import QuotaWaitError
from kentik_async.quota import Allowance, LocalLimiter, Quota
from tests.support.virtual_time import VirtualTime, in_virtual_time

QUOTA = Quota(1, None, 0.0, 10, None)


async def pull(limiter: LocalLimiter, count: int) -> None:
    for _ in range(count):
        (await limiter.acquire("query")).close("answered")


async def refused(limiter: LocalLimiter) -> None:
    (await limiter.acquire("query")).close("refused", retry_after=1.0)


@in_virtual_time
async def test_a_refusal_limits_usage_to_the_admitted_requests(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    await pull(limiter, 6)
    await refused(limiter)
    snapshot = await limiter.snapshot("query")
    assert (snapshot.others, snapshot.left_hard_minute) == (4, 0)
    await pull(limiter, 1)
    assert time.now == 160.0, "the server has room again when our own tokens return"


@in_virtual_time
async def test_the_estimate_falls_after_a_minute_without_requests(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    await pull(limiter, 6)
    await refused(limiter)
    time.now += 59.0
    assert (await limiter.snapshot("query")).others == 4
    time.now += 1.0
    assert (await limiter.snapshot("query")).others == 3
    time.now += 30.0
    snapshot = await limiter.snapshot("query")
    assert (snapshot.others, snapshot.left_hard_minute) == (0, 10)


@in_virtual_time
async def test_a_waiter_is_woken_when_the_estimate_falls(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    grant = await limiter.acquire("query")
    grant.apply_hint(Allowance(1, 0.0))
    grant.close("answered")
    for _ in range(5):  # the estimate leaves two requests to us, so time passes between ours
        await pull(limiter, 1)
        await asyncio.sleep(13.0)
    assert (await limiter.snapshot("query")).others < 8
    assert time.now < 100.0 + 2 * 60.0 + 5 * 13.0


@in_virtual_time
async def test_a_call_waits_if_the_estimate_falls_within_max_wait(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    grant = await limiter.acquire("query")
    await asyncio.sleep(30.0)
    grant.apply_hint(Allowance(0, 0.0))  # at 130: at 190 the estimate falls by 1 and our token returns
    grant.close("answered")
    await pull(limiter, 1)
    with pytest.raises(QuotaWaitError):
        await limiter.acquire("query", max_wait=10.0)
    began = time.now
    (await limiter.acquire("query", max_wait=70.0)).close("answered")
    assert time.now - began == 60.0


@in_virtual_time
async def test_an_exhausted_quota_also_delays_the_first_call(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    grant = await limiter.acquire("query")
    grant.apply_hint(Allowance(0, 1800.0))
    grant.close("answered")
    assert (await limiter.snapshot("query")).next_free == 1800.0
    assert await limiter.estimate(1, "query") >= 1800.0
    with pytest.raises(QuotaWaitError, match="it frees in about 1800"):
        await limiter.acquire("query", max_wait=100.0)
    await pull(limiter, 1)
    assert time.now == 1900.0


@in_virtual_time
async def test_a_hint_to_a_closed_grant_is_ignored(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    grant = await limiter.acquire("query")
    grant.close("answered")
    grant.apply_hint(Allowance(0, 1800.0))
    assert (await limiter.snapshot("query")).next_free == 0.0


@in_virtual_time
async def test_a_refusal_in_one_class_does_not_affect_the_other(time: VirtualTime) -> None:
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)
    await refused(limiter)
    assert (await limiter.snapshot("query")).others == 5
    assert (await limiter.snapshot("non_query")).others == 0
