"""Several limiters on a real Redis, in one event loop as if on several machines."""

import asyncio
import contextlib
import time
from itertools import pairwise

import pytest

from kentik_async.errors import ClientClosedError, QuotaWaitError
from kentik_async.quota import Quota
from kentik_async.quota.redis import store
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import UNHURRIED, Opener, ask, exchanges, key_of, waits, within


async def test_two_processes_never_send_at_the_same_time(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    held = await first.acquire("non_query")
    waiting = ask(second)
    await waits(first)
    assert not waiting.done()
    held.close("answered")
    assert (await within(10, waiting)).valid()


async def test_processes_take_turns_with_any_number_of_calls(server: RedisServer, opener: Opener) -> None:
    limiters = [opener(server, quota=UNHURRIED) for _ in range(3)]
    turns: list[int] = []

    async def call(number: int) -> None:
        grant = await limiters[number].acquire("non_query")
        turns.append(number)
        grant.close("answered")

    first = await limiters[0].acquire("non_query")
    calls = [
        asyncio.create_task(call(number)) for number, count in enumerate((30, 10, 10)) for _ in range(count)
    ]
    await waits(limiters[0], 50)
    first.close("answered")
    await asyncio.gather(*calls)
    for place in range(0, 27, 3):
        assert sorted(turns[place : place + 3]) == [0, 1, 2]
    assert turns[30:] == [0] * 20


async def test_calls_are_served_by_priority_then_arrival(server: RedisServer, opener: Opener) -> None:
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
    await waits(limiter, 5)
    first.close("answered")
    await asyncio.gather(*calls)
    assert turns == ["high", "a", "b", "c", "low"]


async def test_a_slot_of_unknown_end_is_held_for_the_drain(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    grant = await first.acquire("non_query")
    began = time.monotonic()
    grant.close("unknown")
    await within(10, ask(second))
    assert time.monotonic() - began > 0.19


async def test_a_cancelled_call_passes_its_turn_on(server: RedisServer, opener: Opener) -> None:
    first, second = opener(server), opener(server)
    held = await first.acquire("non_query")
    leaver, stayer = ask(second), ask(first)
    await waits(first, 2)
    leaver.cancel()
    await asyncio.wait([leaver])
    held.close("answered")
    (await within(10, stayer)).close("answered")
    held = await first.acquire("non_query")
    leaver = ask(second)
    await waits(first)
    held.close("answered")
    leaver.cancel()  # the grant was sent, but is not delivered yet
    with contextlib.suppress(asyncio.CancelledError):
        await leaver
    await within(10, ask(first))


async def test_after_one_refusal_one_probe_is_sent(server: RedisServer, opener: Opener) -> None:
    quota = Quota(4, None, 0.0, None, None, drain=0.2)
    first, second = opener(server, quota=quota), opener(server, quota=quota)
    grant = await first.acquire("non_query")
    began = time.monotonic()
    grant.close("refused", retry_after=0.4)
    calls = [ask(limiter) for limiter in (first, second) for _ in range(4)]
    (probe,), others = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    assert time.monotonic() - began > 0.35
    await waits(first, 7)
    assert (await second.snapshot()).frozen
    assert not any(call.done() for call in others)
    probe.result().close("answered")
    for call in asyncio.as_completed(others, timeout=10):
        (await call).close("answered")
    assert not (await second.snapshot()).frozen


async def test_max_wait_fails_at_once_if_the_estimate_is_longer(server: RedisServer, opener: Opener) -> None:
    # The window is an hour: a reply may take a minute, so the estimate refuses the call.
    quota = Quota(1, None, 0.0, 2, None, minute=3600.0, hour=24 * 3600.0)
    limiter = opener(server, quota=quota)
    for _ in range(2):
        (await limiter.acquire("non_query", max_wait=0.0)).close("answered")
    with pytest.raises(QuotaWaitError, match=r"it frees in about 3[56]\d\d\.\d s") as caught:
        await within(30, ask(limiter, max_wait=1.0))
    assert caught.value.max_wait == 1.0


async def test_max_wait_ends_a_wait_of_unknown_length(server: RedisServer, opener: Opener) -> None:
    limiter = opener(server)
    held = await limiter.acquire("non_query")
    began = time.monotonic()
    with pytest.raises(QuotaWaitError):
        await within(10, ask(limiter, max_wait=0.3))
    assert time.monotonic() - began > 0.29
    held.close("answered")


async def test_snapshot_and_estimate_see_all_processes(server: RedisServer, opener: Opener) -> None:
    quota = Quota(1, 10, 0.1, 20, 100)
    first, second = opener(server, quota=quota), opener(server, quota=quota)
    assert (await first.snapshot()).left_hour == 100
    for limiter in (first, second, first):
        grant = await limiter.acquire("non_query")
        await asyncio.sleep(0.01)
        grant.close("answered")
    held = await first.acquire("non_query")
    waiting = ask(second)
    await waits(first)
    snapshot = await first.snapshot()
    assert (snapshot.in_flight, snapshot.waiting, snapshot.next_free) == (1, 1, None)
    assert (snapshot.left_soft_minute, snapshot.left_hard_minute, snapshot.left_hour) == (6, 16, 96)
    assert snapshot.latency is not None
    assert snapshot.latency > 0.009
    # 16 requests fit into the minute; the others are sent when the first token returns.
    assert 60.0 < await first.estimate(40) < 180.0
    held.close("answered")
    (await waiting).close("answered")


async def test_ten_thousand_calls_are_one_entry(
    emptied_server: RedisServer, opener: Opener, customer: str
) -> None:
    first, second = opener(emptied_server), opener(emptied_server)
    held = await first.acquire("non_query")
    calls = [ask(second) for _ in range(10_000)]
    await waits(second, 10_000)
    emptied_server.admin.config_resetstat()
    held.close("answered")
    for call in calls[:200]:
        (await call).close("answered")
    assert exchanges(emptied_server) <= 200 * 1.2 + 10
    assert emptied_server.admin.memory_usage(key_of(customer)) < 2000
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)


async def test_an_uncontended_turn_takes_two_round_trips(emptied_server: RedisServer, opener: Opener) -> None:
    limiter = opener(emptied_server, quota=UNHURRIED)
    (await limiter.acquire("non_query")).close("answered")
    instants = [time.monotonic()]
    await limiter.snapshot()
    instants.append(time.monotonic())
    emptied_server.admin.config_resetstat()
    for _ in range(20):
        grant = await limiter.acquire("non_query")
        instants.append(time.monotonic())
        before = exchanges(emptied_server)
        grant.close("answered")
        while exchanges(emptied_server) == before:  # otherwise two reports could be merged
            await asyncio.sleep(0.001)
        instants.append(time.monotonic())
    # After such a slow reply the time is not known exactly enough, so the state is read first.
    slow = sum(after - before > 0.25 for before, after in pairwise(instants))
    assert exchanges(emptied_server) <= 40 + slow


async def test_waiting_calls_send_no_commands(emptied_server: RedisServer, opener: Opener) -> None:
    quota = Quota(1, None, 0.0, 1, None)
    limiters = [opener(emptied_server, quota=quota) for _ in range(2)]
    (await limiters[0].acquire("non_query")).close("answered")
    began = time.monotonic()
    calls = [ask(limiter) for limiter in limiters]
    await waits(limiters[0], 2)
    emptied_server.admin.config_resetstat()
    await asyncio.sleep(1.0)
    # Each lease is renewed after 3 s, with a second round trip if the other member has just renewed its own.
    renewals = 2 * int((time.monotonic() - began) / 3.0)
    assert exchanges(emptied_server) <= 2 + 2 * renewals, "no more round trips than the renewals need"
    for call in calls:
        call.cancel()


async def test_the_stricter_of_two_quotas_applies(server: RedisServer, opener: Opener) -> None:
    careful, careless = (opener(server, quota=Quota(1, None, 0.0, limit, None)) for limit in (3, 14))
    (await careful.acquire("non_query")).close("answered")
    for _ in range(2):
        (await within(10, ask(careless))).close("answered")
    with pytest.raises(QuotaWaitError):
        await within(10, ask(careless, max_wait=5.0))
    assert (await careless.snapshot()).left_hard_minute == 0


async def test_an_urgent_call_overtakes_calls_of_another_process(server: RedisServer, opener: Opener) -> None:
    bulk, console = (opener(server, quota=UNHURRIED) for _ in range(2))
    held = await bulk.acquire("non_query")
    pulls = [ask(bulk, priority=-1) for _ in range(20)]
    urgent = ask(console, priority=1)
    await waits(bulk, 21)
    held.close("answered")
    grant = await within(10, urgent)
    assert not any(pull.done() for pull in pulls)
    grant.close("answered")
    for pull in pulls:
        (await within(10, pull)).close("answered")


async def test_closing_reports_endings_and_withdraws_waiters(
    server: RedisServer, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_CLOSE_TIMEOUT", 60.0)  # a second is not enough on a busy machine
    first, second = opener(server), opener(server)
    grant = await first.acquire("non_query")
    waiting = ask(first)
    await waits(first)
    grant.close("answered")
    await first.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(ClientClosedError):
        await first.acquire("non_query")
    assert (await second.snapshot()).waiting == 0
    await within(10, ask(second))


async def test_closing_with_a_request_in_flight_lets_it_drain(
    server: RedisServer, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_CLOSE_TIMEOUT", 60.0)
    first, second = opener(server), opener(server)
    await first.acquire("non_query")
    began = time.monotonic()
    await first.aclose()
    await within(10, ask(second))
    assert time.monotonic() - began > 0.19
