"""A server with the vendor's limits on a virtual clock, behind a network with latency."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from kentik_async.quota import Quota
from tests.support.quota.oracle import Limits, Visit

_LATE = 1e-6
"""Seconds; smaller differences are rounding errors of floats."""


def limits_of(quota: Quota) -> Limits:
    """Return the limits in the form of the judge."""
    return Limits(
        quota.max_concurrent,
        quota.soft_per_minute,
        quota.hard_per_minute,
        quota.per_hour,
        quota.minute,
        quota.hour,
    )


@dataclass(frozen=True)
class Journey:
    """The times of a request in seconds: to the server, in the server, and back."""

    there: float
    work: float
    back: float


def even(latency: float) -> Journey:
    """Return the times for a latency, most of it in the network."""
    return Journey(latency * 0.4, latency * 0.2, latency * 0.4)


@dataclass
class SimulatedServer:
    """Receives requests, delays answers beyond the soft limit, and records the requests; it refuses nothing.

    The judge decides whether a request should have been refused.
    """

    quota: Quota
    visits: list[Visit] = field(default_factory=list)

    def receive(self, now: float) -> Visit:
        """Record that a request was received."""
        visit = Visit(now)
        soft = self.quota.soft_per_minute
        recent = sum(1 for _ in islice(self._counting(now), soft))  # older requests need not be counted
        visit.delayed = soft is not None and recent >= soft
        self.visits.append(visit)
        return visit

    async def serve(self, journey: Journey, until: float = inf) -> Visit:
        """Process a request; if its caller is cancelled, it continues at the server.

        Args:
            journey: The times of the request.
            until: The time at which the server has finished it in any case; now if that has passed.
        """
        now = asyncio.get_running_loop().time()
        last = max(until, now)
        visit = self.receive(await _until(min(now + journey.there, last)))
        work = journey.work + (self.quota.soft_delay if visit.delayed else 0.0)
        visit.finished = await _until(min(visit.received + work, max(last, visit.received)))
        await _until(visit.finished + journey.back)
        return visit

    def _counting(self, now: float) -> Iterator[Visit]:
        for visit in reversed(self.visits):
            if visit.received + self.quota.minute <= now:
                return
            yield visit


async def _until(instant: float) -> float:
    """Sleep until a time, and return that time as it is for all other parts.

    A caller that is stopped meanwhile wakes late; network and server do not wait for it.
    """
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(instant - loop.time(), 0.0))
    now = loop.time()
    return instant if now - instant > _LATE else now
