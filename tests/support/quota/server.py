"""A server with the vendor's limits on a virtual clock, at the end of a network that takes its time."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from kentik_async.quota import Quota
from tests.support.quota.oracle import Limits, Visit

_LATE = 1e-6
"""Seconds; less is what sums of floats differ by."""


def limits_of(quota: Quota) -> Limits:
    """Return the limits as the judge writes them."""
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
    """How long each stretch of a request takes, in seconds: to the server, in its hands, and back."""

    there: float
    work: float
    back: float


def even(latency: float) -> Journey:
    """Return a journey of that latency, most of it on the way."""
    return Journey(latency * 0.4, latency * 0.2, latency * 0.4)


@dataclass
class SimulatedServer:
    """Receives requests, delays answers beyond the soft limit, and records what came; it refuses nothing.

    Whether anything should have been refused is for the judge to say.
    """

    quota: Quota
    visits: list[Visit] = field(default_factory=list)

    def receive(self, now: float) -> Visit:
        """Enter that a request has come."""
        visit = Visit(now)
        soft = self.quota.soft_per_minute
        recent = sum(1 for _ in islice(self._counting(now), soft))  # more need not be counted
        visit.delayed = soft is not None and recent >= soft
        self.visits.append(visit)
        return visit

    async def serve(self, journey: Journey, until: float = inf) -> Visit:
        """Take a request there and back; a caller that is cancelled does not stop it at the server.

        Args:
            journey: How long each stretch takes.
            until: The instant from which the server is done with it in any case; now if that has passed.
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
    """Sleep until an instant, and return when that was for everybody else.

    Whoever is stopped meanwhile wakes late; network and server do not wait for him.
    """
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(instant - loop.time(), 0.0))
    now = loop.time()
    return instant if now - instant > _LATE else now
