"""Judges of the requests that a limiter allowed, from the record alone.

They share no code with the package: each implements its rule again, in a simple way.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Limits:
    """The vendor's limits of a customer; None for no limit."""

    max_concurrent: int | None
    soft_per_minute: int | None
    hard_per_minute: int | None
    per_hour: int | None
    minute: float
    hour: float


@dataclass
class Visit:
    """One request, in the server's record.

    Attributes:
        received: When it was received.
        finished: When the server finished it, including the delay of its answer.
        delayed: Whether its answer was delayed.
    """

    received: float
    finished: float = inf
    delayed: bool = False


def overruns(visits: Sequence[Visit], limits: Limits) -> list[str]:
    """Return a line for each request over a limit.

    A request counts in a window for the window's length from its receipt, and as concurrent until the
    server has finished it.
    """
    found = []
    # For each limit the sorted times until which the requests so far count.
    ends: dict[str, list[float]] = {"max_concurrent": [], "hard_per_minute": [], "per_hour": []}
    for place, visit in enumerate(sorted(visits, key=lambda visit: visit.received)):
        for name, until in ends.items():
            count = place - bisect_right(until, visit.received)
            limit = getattr(limits, name)
            if limit is not None and count >= limit:
                found.append(f"request {place} at {visit.received}: {count} before it, {name} is {limit}")
        insort(ends["max_concurrent"], visit.finished)
        insort(ends["hard_per_minute"], visit.received + limits.minute)
        insort(ends["per_hour"], visit.received + limits.hour)
    return found


def beyond_soft(visits: Sequence[Visit], limits: Limits) -> int:
    """Return the number of requests over the soft limit."""
    if limits.soft_per_minute is None:
        return 0
    received = sorted(visit.received for visit in visits)
    return sum(
        sum(other + limits.minute > instant for other in received[:place]) >= limits.soft_per_minute
        for place, instant in enumerate(received)
    )


@dataclass
class Ask:
    """One call's wait for quota, as seen by its caller.

    Attributes:
        priority: Its priority.
        since: The time from which its turn counts.
        asked: When it asked: a time, and its position among all events of the run.
        granted: When it got its grant, in the same form; None if it never did.
        left: When it stopped waiting without a grant, in the same form.
    """

    priority: int
    since: float
    asked: tuple[float, int]
    granted: tuple[float, int] | None = None
    left: tuple[float, int] | None = None

    def waits_at(self, instant: float) -> bool:
        """Return whether it asked before a time and still waited after it.

        If two events have the same time, a caller cannot see which was first, because tasks run later than
        they are woken: such events count as being in order.
        """
        ends = [moment[0] for moment in (self.granted, self.left) if moment is not None]
        return self.asked[0] < instant < min(ends, default=inf)


def turns_out_of_order(asks: Sequence[Ask]) -> list[str]:
    """Return a line for each grant that overtook an older waiting call of the same priority."""
    found = []
    for ask in asks:
        if ask.granted is None:
            continue
        found += [
            f"{ask} went past {other}"
            for other in asks
            if other.priority == ask.priority
            and other.waits_at(ask.granted[0])
            and (other.since, other.asked) < (ask.since, ask.asked)
        ]
    return found


def longest_passing_over(asks: Sequence[Ask], priority: int) -> int:
    """Return the maximum number of grants to others while calls of a priority waited without a pause."""
    granted = sorted((ask for ask in asks if ask.granted is not None), key=lambda ask: ask.granted or ())
    longest = passed = 0
    for ask in granted:
        assert ask.granted is not None
        instant = ask.granted[0]
        waiting = any(other.priority == priority and other.waits_at(instant) for other in asks)
        passed = passed + 1 if waiting and ask.priority != priority else 0
        longest = max(longest, passed)
    return longest
