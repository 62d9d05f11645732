"""A limiter, a server and a network in virtual time, to compare estimates with results."""

import asyncio
import random

from kentik_async.quota import LocalLimiter, Pacing, Quota, QuotaClass
from tests.support.quota.server import Journey, SimulatedServer, even
from tests.support.virtual_time import VirtualTime


class World:
    """One limiter at one server.

    Attributes:
        time: The clock.
        server: Keeps the record.
        limiter: The limiter.
    """

    def __init__(
        self,
        quota_class: QuotaClass,
        quota: Quota,
        latency: float,
        pacing: Pacing = "auto",
        jitter: float = 0.0,
    ) -> None:
        """Start with unused quota; the latency varies uniformly by a share of it in both directions."""
        self.quota_class = quota_class
        self.time = VirtualTime()
        self.server = SimulatedServer(quota)
        self.limiter = LocalLimiter(quota, quota, pacing=pacing, clock=self.time.clock)
        self._latency = latency
        self._jitter = jitter
        self._random = random.Random(1)

    async def call(self) -> None:
        """Make one call."""
        grant = await self.limiter.acquire(self.quota_class)
        await self.server.serve(self._journey())
        grant.close("answered")

    async def took(self, count: int) -> float:
        """Make concurrent calls; return their duration in seconds."""
        began = self.time.now
        await asyncio.gather(*(self.call() for _ in range(count)))
        return self.time.now - began

    async def estimate(self, count: int) -> float:
        """Return the limiter's estimate for a number of calls."""
        return await self.limiter.estimate(count, self.quota_class)

    def _journey(self) -> Journey:
        return even(self._latency * self._random.uniform(1 - self._jitter, 1 + self._jitter))
