"""When the next requests will be answered, if all goes as it has gone so far. Pure.

The forecast plays the fastest schedule forward from the present state, request by request, with the
latency measured so far, and that of delayed answers where the soft limit will have been passed.
"""

import heapq
from collections.abc import Iterable
from itertools import islice
from math import inf

from kentik_async.quota.freeze import Freeze
from kentik_async.quota.ledger import Ledger, Window
from kentik_async.quota.pace import Pace

__all__ = ["Forecast"]


class Forecast:
    """A schedule of requests to come, extended as far as it is asked for.

    It belongs to the state that it was made from: any grant or answer since makes it stale.
    """

    __slots__ = (
        "_delayed",
        "_ends",
        "_latency",
        "_minute",
        "_opening",
        "_sends",
        "_slots",
        "_soft",
        "_starts",
        "_windows",
    )

    def __init__(
        self, ledger: Ledger, freeze: Freeze, now: float, pace: Pace, flights: Iterable[float]
    ) -> None:
        """Start from the present; nothing of it is kept.

        Args:
            ledger: What was used and what is in flight.
            freeze: Whether a refusal holds everyone back.
            now: The present instant.
            pace: How long answers take.
            flights: When the requests that have not ended yet were sent.
        """
        quota = ledger.quota
        self._latency, self._delayed = pace.expected(), pace.expected_delayed()
        self._soft, self._minute = quota.soft_per_minute, quota.minute
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._sends = list(ledger.sends)
        flying = [max(self._send(sent), now) for sent in sorted(flights)]
        self._sends += [end - quota.drain for end in ledger.draining]
        flying = sorted([*flying, *ledger.draining])
        self._windows = [_Schedule(window, flying) for window in (ledger.minute, ledger.hour)]
        self._opening = now
        if freeze.active:
            # A probe goes alone; if it is on its way, what flies now is what all wait for.
            self._opening = max([now, *flying]) if freeze.probing else max(now, freeze.until)
        # One instant a slot: when it is next free. Without a limit no request waits for another.
        self._slots: list[float] | None = None
        if quota.max_concurrent is not None:
            busy = flying[-quota.max_concurrent :]
            free = [self._opening] * (quota.max_concurrent - len(busy))
            self._slots = sorted([max(self._opening, end) for end in busy] + free)
        if freeze.active and not freeze.probing:
            self._probe()

    def start_of(self, position: int, *, until: float = inf) -> float:
        """Return the instant at which the request at that position, from 0, will be sent.

        Args:
            position: How many go before it.
            until: If the request will be sent later than this, any instant later than this will do.
        """
        starts = self._starts
        while len(starts) <= position and (not starts or starts[-1] <= until):
            self._extend()
        return starts[min(position, len(starts) - 1)]

    def end_of(self, count: int) -> float:
        """Return the instant at which the first `count` requests will all have been answered."""
        while len(self._ends) < count:
            self._extend()
        return max(islice(self._ends, count), default=self._opening)

    def _probe(self) -> None:
        self._extend()
        if self._slots is not None:
            self._slots = [max(slot, self._ends[0]) for slot in self._slots]
        self._opening = self._ends[0]

    def _extend(self) -> None:
        start = max(self._slots[0] if self._slots is not None else self._opening, *self._starts[-1:], -inf)
        start = max(start, *(schedule.free_at() for schedule in self._windows))
        end = self._send(start)
        if self._slots is not None:
            heapq.heapreplace(self._slots, end)
        for schedule in self._windows:
            schedule.stamps.append(end)
        self._starts.append(start)
        self._ends.append(end)

    def _send(self, start: float) -> float:
        """Enter a request as sent, and return when it will be answered."""
        sends, soft = self._sends, self._soft
        delayed = soft is not None and len(sends) >= soft and sends[-soft] + self._minute > start
        sends.append(start)
        return start + (self._delayed if delayed else self._latency)


class _Schedule:
    """One window as it will be filled."""

    __slots__ = ("limit", "seconds", "stamps")

    def __init__(self, window: Window, flying: list[float]) -> None:
        self.limit = window.limit
        self.seconds = window.seconds
        self.stamps = [*window.stamps, *flying] if window.limit is not None else []

    def free_at(self) -> float:
        """Return from when one more request fits."""
        limit, stamps = self.limit, self.stamps
        return -inf if limit is None or len(stamps) < limit else stamps[-limit] + self.seconds
