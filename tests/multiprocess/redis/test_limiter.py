"""The limiter on a real Redis, several of them in one event loop as if on several machines."""

import asyncio
import contextlib
import time

import pytest

from kentik_async.errors import ClientClosedError, QuotaWaitError
from kentik_async.quota import Quota
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import Opener, ask, settled, within


async def test_two_processes_are_never_in_flight_together(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    held = await first.acquire("non_query")
    waiting = ask(second)
    await settled(waiting)
    assert not waiting.done()
    held.close("answered")
    assert (await within(1, waiting)).valid()


async def test_turns_go_round_among_processes_however_many_calls_wait(
    server: RedisServer, opener: Opener
) -> None:
    limiters = [opener(server) for _ in range(3)]
    turns: list[int] = []

    async def call(number: int) -> None:
        grant = await limiters[number].acquire("non_query")
        turns.append(number)
        grant.close("answered")

    first = await limiters[0].acquire("non_query")
    calls = [
        asyncio.create_task(call(number)) for number, count in enumerate((30, 10, 10)) for _ in range(count)
    ]
    await settled(*calls)
    first.close("answered")
    await asyncio.gather(*calls)
    for place in range(0, 27, 3):
        assert sorted(turns[place : place + 3]) == [0, 1, 2]
    assert turns[30:] == [0] * 20


async def test_within_a_process_the_urgent_go_first_then_the_first_to_come(
    server: RedisServer, opener: Opener
) -> None:
    limiter, turns = opener(server), []

    async def call(name: str, priority: int, queued_since: float | None = None) -> None:
        grant = await limiter.acquire("non_query", priority=priority, queued_since=queued_since)
        turns.append(name)
        grant.close("answered")

    first = await limiter.acquire("non_query")
    calls = [
        asyncio.create_task(call(name, *how))
        for name, *how in (("low", -1), ("b", 0), ("c", 0), ("a", 0, 0.0), ("high", 1))
    ]
    await settled(*calls)
    first.close("answered")
    await asyncio.gather(*calls)
    assert turns == ["high", "a", "b", "c", "low"]


async def test_a_slot_of_unknown_end_stays_taken_for_the_drain(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    (await first.acquire("non_query")).close("unknown")
    began = time.monotonic()
    await second.acquire("non_query")
    assert 0.19 < time.monotonic() - began < 0.6


async def test_a_call_that_was_cancelled_hands_its_turn_on(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    held = await first.acquire("non_query")
    leaver, stayer = ask(second), ask(first)
    await settled(leaver, stayer)
    leaver.cancel()
    await settled(leaver)
    held.close("answered")
    (await within(1, stayer)).close("answered")
    held = await first.acquire("non_query")
    leaver = ask(second)
    await settled(leaver)
    held.close("answered")
    leaver.cancel()  # the grant is on its way
    with contextlib.suppress(asyncio.CancelledError):
        await leaver
    await within(1, ask(first))


async def test_one_refusal_holds_everyone_back_and_one_probe_goes(
    server: RedisServer, opener: Opener
) -> None:
    quota = Quota(4, None, 0.0, None, None, minute=0.6, hour=36.0, drain=0.2)
    first, second = opener(server, quota=quota), opener(server, quota=quota)
    (await first.acquire("non_query")).close("refused", retry_after=0.4)
    began = time.monotonic()
    calls = [ask(limiter) for limiter in (first, second) for _ in range(4)]
    done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert 0.35 < time.monotonic() - began < 1
    await settled(*calls)
    assert sum(call.done() for call in calls) == 1
    assert (await second.snapshot()).frozen
    done.pop().result().close("answered")
    await settled(*calls)
    assert sum(call.done() for call in calls) == 5
    for call in calls:
        if call.done() and call not in done:
            call.result().close("answered")
    await asyncio.wait(calls, timeout=1)
    assert all(call.done() for call in calls)


async def test_max_wait_is_refused_at_once_where_waiting_is_in_vain(
    server: RedisServer, opener: Opener
) -> None:
    quota = Quota(1, None, 0.0, 2, None, minute=3.0, hour=180.0, drain=0.2)
    limiter = opener(server, quota=quota)
    for _ in range(2):
        (await limiter.acquire("non_query", max_wait=0.0)).close("answered")
    began = time.monotonic()
    with pytest.raises(QuotaWaitError, match=r"it frees in about [23]\.\d s") as caught:
        await limiter.acquire("non_query", max_wait=1.0)
    assert time.monotonic() - began < 0.5
    assert caught.value.max_wait == 1.0


async def test_max_wait_ends_a_wait_that_nobody_could_foresee(server: RedisServer, opener: Opener) -> None:
    limiter = opener(server)
    await limiter.acquire("non_query")
    began = time.monotonic()
    with pytest.raises(QuotaWaitError):
        await limiter.acquire("non_query", max_wait=0.3)
    assert 0.29 < time.monotonic() - began < 0.6


async def test_snapshot_and_estimate_see_all_processes(server: RedisServer, opener: Opener) -> None:
    quota = Quota(1, 10, 0.1, 20, 100, minute=3.0, hour=180.0, drain=0.2)
    first, second = opener(server, quota=quota), opener(server, quota=quota)
    assert (await first.snapshot()).left_hour == 100
    for limiter in (first, second, first):
        grant = await limiter.acquire("non_query")
        await asyncio.sleep(0.01)
        grant.close("answered")
    held = await first.acquire("non_query")
    waiting = ask(second)
    await settled(waiting)
    snapshot = await first.snapshot()
    assert (snapshot.in_flight, snapshot.waiting, snapshot.next_free) == (1, 1, None)
    assert (snapshot.left_soft_minute, snapshot.left_hard_minute, snapshot.left_hour) == (6, 16, 96)
    assert snapshot.latency == pytest.approx(0.012, abs=0.01)
    # 16 fit into the minute; the rest goes when the first of them comes back.
    estimate = await first.estimate(40)
    assert 3.0 < estimate < 9.0
    held.close("answered")
    (await waiting).close("answered")


async def test_ten_thousand_waiting_calls_are_one_entry_and_a_step_a_grant(
    emptied_server: RedisServer, opener: Opener
) -> None:
    first, second = opener(emptied_server), opener(emptied_server)
    held = await first.acquire("non_query")
    calls = [ask(second) for _ in range(10_000)]
    await settled(*calls)
    emptied_server.admin.config_resetstat()
    held.close("answered")
    for call in calls[:200]:
        (await call).close("answered")
    steps = emptied_server.admin.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert steps <= 200 * 1.2 + 10
    names = [key.decode() for key in emptied_server.admin.keys("*")]
    assert max(emptied_server.admin.memory_usage(name) or 0 for name in names) < 2000
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)


async def test_closing_tells_redis_what_ended_and_lets_go(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    grant = await first.acquire("non_query")
    waiting = ask(first)
    await settled(waiting)
    grant.close("answered")
    await first.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(ClientClosedError):
        await first.acquire("non_query")
    await within(0.1, ask(second))


async def test_closing_with_a_request_in_flight_leaves_it_its_drain(
    server: RedisServer, opener: Opener
) -> None:
    first, second = opener(server), opener(server)
    await first.acquire("non_query")
    await first.aclose()
    began = time.monotonic()
    await second.acquire("non_query")
    assert 0.19 < time.monotonic() - began < 0.6
