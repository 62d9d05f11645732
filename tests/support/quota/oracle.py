"""Judges of what a limiter let through, from the record alone.

They share no code with the package: each says the rule once more, in a plain way.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Limits:
    """The vendor's limits on a customer; None lifts one."""

    max_concurrent: int | None
    soft_per_minute: int | None
    hard_per_minute: int | None
    per_hour: int | None
    minute: float
    hour: float


@dataclass
class Visit:
    """One request, as the server saw it.

    Attributes:
        received: When it came.
        finished: When the server was done with it, the delay of its answer included.
        delayed: Whether its answer was delayed.
    """

    received: float
    finished: float = inf
    delayed: bool = False


def overruns(visits: Sequence[Visit], limits: Limits) -> list[str]:
    """Return a line for each request that came beyond a limit.

    A request counts in a window for the window's length from its receipt, and as concurrent until the
    server is done with it.
    """
    found = []
    # For each limit the sorted instants until which the requests so far count.
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
    """Return how many requests came beyond the soft limit."""
    if limits.soft_per_minute is None:
        return 0
    received = sorted(visit.received for visit in visits)
    return sum(
        sum(other + limits.minute > instant for other in received[:place]) >= limits.soft_per_minute
        for place, instant in enumerate(received)
    )


@dataclass
class Ask:
    """One call's asking for quota, as its caller saw it.

    Attributes:
        priority: Its priority.
        since: From when on its turn counts.
        asked: When it asked: an instant, and the place among all events of the run.
        granted: When it got its grant, likewise; None if it never did.
        left: When it stopped waiting without a grant, likewise.
    """

    priority: int
    since: float
    asked: tuple[float, int]
    granted: tuple[float, int] | None = None
    left: tuple[float, int] | None = None

    def waits_at(self, instant: float) -> bool:
        """Tell whether it had asked before that instant and waited on beyond it.

        Of two things at one instant a caller cannot see which was first, since tasks run later than they
        are woken: they count as being in order.
        """
        ends = [moment[0] for moment in (self.granted, self.left) if moment is not None]
        return self.asked[0] < instant < min(ends, default=inf)


def turns_out_of_order(asks: Sequence[Ask]) -> list[str]:
    """Return a line for each grant that went past an older call of the same priority that waited."""
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
    """Return how many grants at most went to others while calls of that priority waited without a pause."""
    granted = sorted((ask for ask in asks if ask.granted is not None), key=lambda ask: ask.granted or ())
    longest = passed = 0
    for ask in granted:
        assert ask.granted is not None
        instant = ask.granted[0]
        waiting = any(other.priority == priority and other.waits_at(instant) for other in asks)
        passed = passed + 1 if waiting and ask.priority != priority else 0
        longest = max(longest, passed)
    return longest
