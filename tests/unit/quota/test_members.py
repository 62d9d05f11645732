"""Several members of one shared state: turns, priorities, stops, deaths, lost replies."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kentik_async.quota import Quota, QuotaClass
from kentik_async.quota.limiter import StoreLimiter
from tests.support.quota.oracle import overruns
from tests.support.quota.server import SimulatedServer, even, limits_of
from tests.support.shared_state import SharedState, SharedStore
from tests.support.virtual_time import VirtualTime

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=10.0)


class Members:
    """Processes that share a quota and use one server."""

    def __init__(self, quota: Quota) -> None:
        self.time = VirtualTime()
        self.quota = quota
        self.shared = SharedState(lambda: self.time.now)
        self.server = SimulatedServer(quota)
        self.served: list[str] = []

    def join(self, name: str, quota: Quota | None = None, **options: Any) -> tuple[StoreLimiter, SharedStore]:
        store = SharedStore(self.shared, name, **options)
        quotas: dict[QuotaClass, Quota] = {"non_query": quota or self.quota}
        limiter = StoreLimiter(quotas, lambda _: store, pacing="throughput", clock=self.time.clock)
        return limiter, store

    async def call(self, name: str, limiter: StoreLimiter, latency: float = 0.05, **options: Any) -> None:
        grant = await limiter.acquire("non_query", **options)
        self.served.append(name)
        await self.server.serve(even(latency))
        grant.close("answered")

    def run(self, main: Callable[[], Any]) -> None:
        self.time.run(main)
        assert overruns(self.server.visits, limits_of(self.quota)) == []


delays = pytest.mark.parametrize("delay", [None, 0.002], ids=["at once", "later"])


@delays
def test_members_take_turns_almost_without_delay(delay: float | None) -> None:
    world = Members(Quota.NON_QUERY)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name, calls in (("a", 80), ("b", 80), ("c", 80), ("d", 80)):
                limiter, _ = world.join(name, delay=delay)
                for _ in range(calls):
                    group.create_task(world.call(name, limiter))

    world.run(main)
    assert len(world.served) == 320
    assert max(Counter(world.served[:200]).values()) - min(Counter(world.served[:200]).values()) <= 2
    best = 20 * 0.05 + 300 * 1.55
    assert world.server.visits[-1].finished - world.server.visits[0].received <= best * 1.02


@delays
def test_concurrent_slots_are_all_used(delay: float | None) -> None:
    world = Members(replace(Quota.QUERY, soft_per_minute=None))

    async def main() -> float:
        began = world.time.now
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                limiter, _ = world.join(name, delay=delay)
                for _ in range(30):
                    group.create_task(world.call(name, limiter, 1.0))
        return world.time.now - began

    world.run(main)
    took = world.server.visits[-1].finished - world.server.visits[0].received
    assert took <= 90 / 4 * 1.0 + 2.0


@delays
def test_an_interactive_call_overtakes_another_members_pull(delay: float | None) -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        bulk, _ = world.join("bulk", delay=delay)
        console, _ = world.join("console", delay=delay)
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(world.call("bulk", bulk, 1.0))
            await asyncio.sleep(5.2)
            began = world.time.now
            await world.call("console", console, 1.0, priority=1)
            assert world.time.now - began < 2.1

    world.run(main)


@delays
def test_a_stopped_waiting_member_does_not_block_others(delay: float | None) -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        first, _ = world.join("first", delay=delay)
        stopped = [world.join(f"stopped{number}", delay=delay) for number in range(3)]
        last, _ = world.join("last", delay=delay)
        grant = await first.acquire("non_query")
        waiting = [asyncio.create_task(world.call("stopped", limiter)) for limiter, _ in stopped]
        await asyncio.sleep(0.1)
        for _, store in stopped:
            store.stopped = True
        late = asyncio.create_task(world.call("last", last))
        await asyncio.sleep(0.1)
        grant.close("answered")
        began = world.time.now
        await late
        assert world.time.now - began < 2.0
        for _, store in stopped:
            store.go_on()
        await asyncio.gather(*waiting)

    world.run(main)


@delays
def test_a_slot_of_a_dead_holder_drains_and_is_not_lost(delay: float | None) -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        victim, store = world.join("victim", delay=delay)
        heir, _ = world.join("heir", delay=delay)
        held = await victim.acquire("non_query")
        task = asyncio.create_task(heir.acquire("non_query"))
        await asyncio.sleep(5)
        died = world.time.now
        store.die()
        await task
        assert 10.0 <= world.time.now - died < 10.1
        held.close("answered")

    world.run(main)


@delays
def test_a_collected_grant_drains_and_is_not_lost(delay: float | None) -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        forgetful, _ = world.join("forgetful", delay=delay)
        heir, _ = world.join("heir", delay=delay)
        grant = await forgetful.acquire("non_query")
        forgotten = world.time.now
        del grant
        gc.collect()
        await heir.acquire("non_query")
        assert 10.0 <= world.time.now - forgotten < 10.1

    world.run(main)


def test_an_expired_lease_voids_the_grant() -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        sleeper, store = world.join("sleeper", delay=0.01, lease=10.0)
        heir, _ = world.join("heir", delay=0.01, lease=10.0)
        held = await sleeper.acquire("non_query")
        task = asyncio.create_task(heir.acquire("non_query"))
        await asyncio.sleep(60)
        assert held.valid(), "the lease is renewed while the member is alive"
        assert not task.done()
        store.stopped = True
        stopped = world.time.now
        grant = await task
        assert 15.0 < world.time.now - stopped < 20.5
        assert not held.valid()
        store.go_on()
        held.close("answered")
        await asyncio.sleep(1)
        assert grant.valid()
        assert (await heir.snapshot()).in_flight == 1

    world.run(main)


def test_a_lost_reply_costs_no_slot() -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        limiter, store = world.join("a", delay=0.01)
        for _ in range(5):
            store.replies_to_lose = 1
            grant = await limiter.acquire("non_query")
            store.replies_to_lose = 1
            grant.close("answered")
        await asyncio.sleep(1)
        assert (await limiter.snapshot()).in_flight == 0
        assert world.shared.decoded().members == {}

    world.run(main)


def test_the_stricter_of_two_quotas_applies_to_all_members() -> None:
    careful, careless = Quota(None, None, 0.0, 10, None), Quota(None, None, 0.0, 14, 100_000)
    world = Members(careful)

    async def main() -> None:
        one, _ = world.join("one", careful)
        other, _ = world.join("other", careless)
        await world.call("one", one)
        async with asyncio.TaskGroup() as group:
            for limiter in [one, other] * 20:
                group.create_task(world.call("x", limiter))

    world.run(main)


def test_after_a_refusal_one_probe_of_all_members_is_sent() -> None:
    world = Members(Quota(4, None, 0.0, None, None))

    async def main() -> None:
        limiters = [world.join(name)[0] for name in "abcd"]
        refused = await limiters[0].acquire("non_query")
        refused.close("refused", retry_after=5.0)
        tasks = [asyncio.create_task(limiter.acquire("non_query")) for limiter in limiters]
        await asyncio.sleep(20)
        done = [task for task in tasks if task.done()]
        assert len(done) == 1
        done[0].result().close("answered")
        await asyncio.gather(*tasks)

    world.run(main)


def test_waiting_for_an_hour_takes_few_changes() -> None:
    world = Members(Quota(None, None, 0.0, None, 10))

    async def main() -> None:
        limiters = [world.join(name)[0] for name in "abcd"]
        async with asyncio.TaskGroup() as group:
            for limiter in limiters * 3:
                group.create_task(world.call("x", limiter))
        assert world.shared.commits < 100

    world.run(main)


def test_estimates_count_waiting_calls_of_other_members() -> None:
    world = Members(ONE_AT_A_TIME)

    async def main() -> None:
        one, _ = world.join("one")
        other, _ = world.join("other")
        await world.call("one", one, 1.0)
        tasks = [asyncio.create_task(world.call("other", other, 1.0)) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert (await one.snapshot()).waiting >= 1
        estimate = await one.estimate(3)
        began = world.time.now
        await asyncio.gather(*(world.call("one", one, 1.0) for _ in range(3)))
        assert world.time.now - began <= 7.0
        assert estimate == pytest.approx(world.time.now - began, rel=0.4)
        await asyncio.gather(*tasks)

    world.run(main)
