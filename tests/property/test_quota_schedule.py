"""The limiter compared with the fastest schedule that the vendor's rules allow."""

import asyncio
import heapq
import random
from collections.abc import Callable

import pytest

from kentik_async.quota import LocalLimiter, Pacing, Quota
from tests.support.quota.oracle import overruns
from tests.support.quota.server import Journey, SimulatedServer, even, limits_of
from tests.support.virtual_time import VirtualTime


def fastest(quota: Quota, latency: float, count: int, *, courteous: bool = False) -> float:
    """Return how long the best schedule takes, for a client that knows the state of the server."""
    slots = [0.0] * (quota.max_concurrent or count)
    received: list[float] = []
    minute_limit = quota.hard_per_minute
    if courteous and quota.soft_per_minute is not None:
        minute_limit = min(quota.hard_per_minute or count, quota.soft_per_minute)
    end = 0.0
    for _ in range(count):
        at = heapq.heappop(slots) + latency * 0.4
        for limit, window in ((minute_limit, quota.minute), (quota.per_hour, quota.hour)):
            if limit is not None and len(received) >= limit:
                at = max(at, received[-limit] + window)
        soft = quota.soft_per_minute
        late = soft is not None and len(received) >= soft and received[-soft] + quota.minute > at
        received.append(at)
        answered = at + latency * 0.6 + (quota.soft_delay if late else 0.0)
        end = max(end, answered)
        heapq.heappush(slots, answered)
    return end


class Pull:
    """A pull against a simulated server; all its calls start at once."""

    def __init__(self, quota: Quota, pacing: Pacing, journey: Callable[[], Journey]) -> None:
        self.time = VirtualTime()
        self.server = SimulatedServer(quota)
        self._limiter = LocalLimiter(quota, quota, pacing=pacing, clock=self.time.clock)
        self._journey = journey

    def took(self, count: int) -> float:
        """Run it; return how many seconds it took."""
        began = self.time.now
        self.time.run(lambda: self._main(count))
        return self.time.now - began

    async def _main(self, count: int) -> None:
        await asyncio.gather(*(self._one() for _ in range(count)))

    async def _one(self) -> None:
        grant = await self._limiter.acquire("query")
        await self.server.serve(self._journey())
        grant.close("answered")


@pytest.mark.parametrize(
    ("quota", "count", "share"),
    [
        (Quota.NON_QUERY, 1000, 0.995),
        (Quota.NON_QUERY, 4000, 0.995),
        (Quota.QUERY, 1000, 0.97),
        (Quota.QUERY, 4000, 0.97),
    ],
)
@pytest.mark.parametrize("pacing", ["throughput", "auto"])
def test_a_pull_takes_little_longer_than_the_best_schedule(
    quota: Quota, count: int, share: float, pacing: Pacing
) -> None:
    pull = Pull(quota, pacing, lambda: even(0.05))
    took = pull.took(count)
    assert overruns(pull.server.visits, limits_of(quota)) == []
    assert fastest(quota, 0.05, count) / took >= share


@pytest.mark.parametrize("quota", [Quota.NON_QUERY, Quota.QUERY])
def test_courteous_is_never_delayed_and_little_slower(quota: Quota) -> None:
    pull = Pull(quota, "courteous", lambda: even(0.05))
    took = pull.took(1000)
    assert not any(visit.delayed for visit in pull.server.visits)
    assert fastest(quota, 0.05, 1000, courteous=True) / took >= 0.98


@pytest.mark.parametrize("quota", [Quota.NON_QUERY, Quota.QUERY])
@pytest.mark.parametrize("pacing", ["throughput", "courteous", "auto"])
@pytest.mark.parametrize("seed", range(3))
def test_extreme_jitter_causes_no_overrun(quota: Quota, pacing: Pacing, seed: int) -> None:
    """A limiter that counts from sending would exceed the limit for a third of the requests."""
    chance = random.Random(seed)

    def journey() -> Journey:
        return Journey(*(chance.lognormvariate(-3, 2) for _ in range(3)))

    pull = Pull(quota, pacing, journey)
    pull.took(400)
    assert overruns(pull.server.visits, limits_of(quota)) == []
    assert pacing != "courteous" or not any(visit.delayed for visit in pull.server.visits)
