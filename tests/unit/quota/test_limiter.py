"""The limiter of one process, as its callers see it."""

import asyncio
import gc
from typing import Any

import pytest

from kentik_async.errors import ClientClosedError, ConfigError, QuotaWaitError
from kentik_async.quota import Grant, Limiter, LocalLimiter, Quota, QuotaSnapshot
from tests.support.virtual_time import VirtualTime, in_virtual_time

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=10.0)


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(100.0)


def limiter_of(time: VirtualTime, quota: Quota, **options: Any) -> LocalLimiter:
    return LocalLimiter(quota, quota, clock=time.clock, **options)


async def waiting(limiter: Limiter, **options: Any) -> "asyncio.Task[Grant]":
    """Start a call that waits, and let it take its place."""
    task = asyncio.create_task(limiter.acquire("non_query", **options))
    await asyncio.sleep(0)
    return task


@in_virtual_time
async def test_the_limiter_and_its_grants_are_what_the_seam_asks_for(time: VirtualTime) -> None:
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
async def test_the_classes_are_counted_apart(time: VirtualTime) -> None:
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
async def test_an_answer_wakes_the_next_at_once(time: VirtualTime) -> None:
    limiter = limiter_of(time, ONE_AT_A_TIME)
    grant = await limiter.acquire("non_query")
    first, second = await waiting(limiter), await waiting(limiter)
    grant.close("answered")
    (await first).close("answered")
    await second
    assert time.now == 100.0


@in_virtual_time
async def test_not_sent_gives_slot_and_token_back(time: VirtualTime) -> None:
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
async def test_a_refusal_holds_everyone_back_then_one_probes(time: VirtualTime) -> None:
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
def test_a_probe_that_tells_nothing_hands_on(time: VirtualTime, outcome: Any) -> None:
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
async def test_a_probe_cancelled_before_it_has_its_grant_hands_on(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(2, None, 0.0, None, None))
    (await limiter.acquire("non_query")).close("refused", retry_after=5.0)
    first, second = await waiting(limiter), await waiting(limiter)
    # In the loop's same turn as the limiter's own timer, and just after it.
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
    limiter._restart()  # what a fork does to the child's copy
    assert not probe.valid()
    await limiter.acquire("non_query", max_wait=0.0)
    assert time.now == 105.0


@in_virtual_time
async def test_a_retry_keeps_the_place_of_its_first_arrival(time: VirtualTime) -> None:
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
async def test_a_hopeless_wait_fails_at_once_and_spends_nothing(time: VirtualTime) -> None:
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
async def test_those_who_went_away_do_not_lengthen_the_estimate(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(1, None, 0.0, 1, None))
    (await limiter.acquire("non_query")).close("answered")
    gone = [await waiting(limiter) for _ in range(50)]
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)
    await limiter.acquire("non_query", max_wait=60.0)


@in_virtual_time
async def test_a_cancelled_waiter_gives_its_turn_to_the_next(time: VirtualTime) -> None:
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
async def test_a_waiter_whose_coroutine_is_thrown_away_keeps_no_turn(time: VirtualTime) -> None:
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
async def test_closing_ends_all_waiting_and_all_asking(time: VirtualTime) -> None:
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
async def test_closing_takes_back_what_was_laid_out(time: VirtualTime) -> None:
    limiter = limiter_of(time, Quota(5, None, 0.0, None, None))
    (await limiter.acquire("non_query")).close("answered")
    await limiter.aclose()
    with pytest.raises(ClientClosedError):
        await limiter.acquire("non_query")


@in_virtual_time
async def test_the_snapshot_tells_what_is_left(time: VirtualTime) -> None:
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
async def test_a_look_at_the_quota_costs_nothing(time: VirtualTime) -> None:
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
    """The collector may run at any allocation; here the clock, read under the lock, runs it."""
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


@pytest.mark.parametrize("pause", [float("nan"), -5.0, float("inf")])
def test_a_pause_that_is_no_number_of_seconds_counts_as_none(time: VirtualTime, pause: float) -> None:
    @in_virtual_time
    async def scenario(time: VirtualTime) -> None:
        limiter = limiter_of(time, ONE_AT_A_TIME)
        (await limiter.acquire("non_query")).close("refused", retry_after=pause)
        assert (await limiter.snapshot()).next_free == 15.0
        (await limiter.acquire("non_query")).close("answered")
        assert time.now == 115.0

    scenario(time=time)
