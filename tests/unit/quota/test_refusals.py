"""The limiter of one process after a refusal."""

import asyncio
from typing import Any

import pytest

from kentik_async.quota import Quota
from tests.support.quota.local import ONE_AT_A_TIME, limiter_of, waiting
from tests.support.virtual_time import VirtualTime, in_virtual_time


@in_virtual_time
async def test_after_a_refusal_one_probe_is_sent(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(3, None, 0.0, None, None))
    refused, earlier = await limiter.acquire("non_query"), await limiter.acquire("non_query")
    refused.close("refused", retry_after=5.0)
    earlier.close("answered")
    assert (await limiter.snapshot()).frozen
    tasks = [await waiting(limiter) for _ in range(3)]
    probe = await tasks[0]
    assert time.now == 105.0
    await asyncio.sleep(20)
    assert [task.done() for task in tasks] == [True, False, False]
    probe.close("answered")
    await asyncio.gather(*tasks[1:])
    assert time.now == 125.0
    assert not (await limiter.snapshot()).frozen


@pytest.mark.parametrize("outcome", ["not_sent", "unknown"])
def test_a_probe_with_unknown_outcome_permits_another(time: VirtualTime, outcome: Any) -> None:
    @in_virtual_time
    async def scenario(time: VirtualTime) -> None:
        limiter = limiter_of(time, Quota(2, None, 0.0, None, None))
        (await limiter.acquire("non_query")).close("refused", retry_after=5.0)
        first, second = await waiting(limiter), await waiting(limiter)
        (await first).close(outcome)
        await second
        assert time.now == 105.0

    scenario(time=time)


@in_virtual_time
async def test_a_probe_cancelled_before_its_grant_permits_another(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(2, None, 0.0, None, None))
    (await limiter.acquire("non_query")).close("refused", retry_after=5.0)
    first, second = await waiting(limiter), await waiting(limiter)
    # In the same iteration of the loop as the limiter's own timer, just after it.
    asyncio.get_running_loop().call_at(105.0 + 1e-10, first.cancel)
    await second
    assert time.now == 105.0
    assert first.cancelled()
    assert (await limiter.snapshot()).in_flight == 1


@in_virtual_time
async def test_refusals_of_probes_double_the_pause(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    instants = []
    for _ in range(5):
        grant = await limiter.acquire("non_query")
        instants.append(time.now - 100.0)
        grant.close("refused")
    assert instants == [0.0, 15.0, 45.0, 105.0, 165.0]


@in_virtual_time
async def test_a_refused_request_counts_as_used(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(1, None, 0.0, 2, None))
    (await limiter.acquire("non_query")).close("refused", retry_after=1.0)
    (await limiter.acquire("non_query")).close("refused", retry_after=1.0)
    await limiter.acquire("non_query")
    assert time.now == 160.0


@in_virtual_time
async def test_a_child_of_a_frozen_parent_sends_a_probe_of_its_own(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(2, None, 0.0, None, None))
    (await limiter.acquire("non_query")).close("refused", retry_after=5.0)
    probe = await limiter.acquire("non_query")
    limiter._restart()  # as in the child after a fork
    assert not probe.valid()
    await limiter.acquire("non_query", max_wait=0.0)
    assert time.now == 105.0


@pytest.mark.parametrize("pause", [float("nan"), -5.0, float("inf")])
def test_an_invalid_pause_counts_as_none(time: VirtualTime, pause: float) -> None:
    @in_virtual_time
    async def scenario(time: VirtualTime) -> None:
        limiter = limiter_of(time, ONE_AT_A_TIME)
        (await limiter.acquire("non_query")).close("refused", retry_after=pause)
        assert (await limiter.snapshot()).next_free == 15.0
        (await limiter.acquire("non_query")).close("answered")
        assert time.now == 115.0

    scenario(time=time)
