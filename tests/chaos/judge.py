"""A second implementation of the vendor's limits on the peer's record: exact, and without package code."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.record import Visit

__all__ = ["Limits", "violations"]


@dataclass(frozen=True)
class Limits:
    """The limits of one customer; durations in seconds."""

    at_once: int
    a_minute: int
    an_hour: int
    minute: float
    hour: float


def violations(visits: Sequence[Visit], limits: Limits) -> int:
    """Return the number of requests over a limit.

    A request counts in a window for the window's length from its receipt, and as concurrent until the peer
    has finished it.
    """
    received = sorted(visit.received for visit in visits)
    return (
        _too_dense(received, limits.a_minute, limits.minute)
        + _too_dense(received, limits.an_hour, limits.hour)
        + _too_many_at_once(visits, limits.at_once)
    )


def _too_dense(received: Sequence[float], limit: int, window: float) -> int:
    return sum(earlier + window > later for earlier, later in zip(received, received[limit:], strict=False))


def _too_many_at_once(visits: Sequence[Visit], limit: int) -> int:
    beyond, ends = 0, list[float]()
    for visit in sorted(visits, key=lambda visit: visit.received):
        while ends and ends[0] <= visit.received:
            heapq.heappop(ends)
        beyond += len(ends) >= limit
        heapq.heappush(ends, visit.finished)
    return beyond
