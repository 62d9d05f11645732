"""Predicts when the next requests will be sent and answered. Pure.

It simulates the fastest sequence that the limits allow, from the present state, request by request. It uses
the measured latency, and the latency of delayed answers for requests beyond the soft limit.
"""

import heapq
from itertools import islice
from math import inf

from kentik_async.quota.state.messages import Terms
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["Schedule"]


class Schedule:
    """The next requests, simulated as far as needed.

    It is valid only for the state that it was made from: a later grant or answer makes it stale.

    Attributes:
        now: The instant at which it was made.
        eases_at: When the estimate of usage by others falls, which is not simulated; infinity if never.
    """

    def __init__(self, state: QuotaState, terms: Terms) -> None:
        """Start from the present state, for a member that has just reported; the state is not changed."""
        quota, now = state.strictest_quota(), state.now
        log, breaker, latency = state.log, state.breaker, state.latency
        log.advance(quota, now)
        self.now, self.eases_at = now, state.external.eases_at(quota, now)
        self._latency, self._late = latency.expected(quota), latency.expected_late(quota)
        self._soft, self._minute = quota.soft_per_minute, quota.minute
        self._elsewhere = state.turns.waiting_elsewhere(terms.member)
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._sends = list(log.sends)
        opening = max(now, state.blocked_until, state.external.blocked_until)
        in_flight = sorted(hold.granted_at for hold in state.holds.values())
        ends = [max(self._send(sent), opening) for sent in in_flight]
        self._sends += [end - quota.drain for end in log.draining]
        ends = sorted([*ends, *log.draining])
        per_minute = state.per_minute(quota, terms.pacing, now)
        # For each window: its limit, its length, and the instants at which its requests end.
        windows = (log.minute, per_minute, quota.minute), (log.hour, quota.per_hour, quota.hour)
        self._windows = [
            (limit, seconds, [*window.instants(), *ends])
            for window, limit, seconds in windows
            if limit is not None
        ]
        self._opening = opening
        if breaker.is_open:
            # A probe is sent alone; if it is in flight, all calls wait for the requests in flight.
            self._opening = max([opening, *ends] if breaker.half_open else [opening, breaker.blocked_until])
        # When each slot is next free. Without a limit no request waits for another.
        self._unlimited = quota.max_concurrent is None
        slots = quota.max_concurrent or 1
        busy = [] if self._unlimited else [max(self._opening, end) for end in ends[-slots:]]
        self._slots = sorted([*busy, *[self._opening] * (slots - len(busy))])
        if breaker.is_open and not breaker.half_open:
            self._extend()
            self._opening = self._ends[0]
            self._slots = [max(slot, self._opening) for slot in self._slots]

    def start_of(self, position: int, *, until: float = inf) -> float:
        """Return when the waiting call behind `position` other calls of the member will be sent.

        If that is later than `until`, the result may be any instant later than `until`.
        """
        starts, position = self._starts, position + self._turns_elsewhere(position + 1)
        while len(starts) <= position and (not starts or starts[-1] <= until):
            self._extend()
        return starts[min(position, len(starts) - 1)]

    def wait_beyond(self, position: int, max_wait: float, began: float) -> float | None:
        """Return how long a call waits from `began` if that certainly exceeds `max_wait`; else None."""
        wait = self.start_of(position, until=began + max_wait) - began
        # The schedule does not simulate a fall of the estimate of usage by others.
        return wait if wait > max_wait and self.eases_at > began + max_wait else None

    def end_of(self, count: int) -> float:
        """Return the instant at which the member's first `count` calls will all have been answered."""
        count += self._turns_elsewhere(count)
        while len(self._ends) < count:
            self._extend()
        return max(islice(self._ends, count), default=self._opening)

    def _turns_elsewhere(self, count: int) -> int:
        """Return how many turns other members have among the first `count` of this one."""
        return sum(min(calls, count) for calls in self._elsewhere)

    def _extend(self) -> None:
        start = max(self._slots[0], *self._starts[-1:], -inf)
        for limit, seconds, instants in self._windows:
            if len(instants) >= limit:
                start = max(start, instants[-limit] + seconds)
        end = self._send(start)
        if not self._unlimited:
            heapq.heapreplace(self._slots, end)
        for _, _, instants in self._windows:
            instants.append(end)
        self._starts.append(start)
        self._ends.append(end)

    def _send(self, start: float) -> float:
        """Record a simulated request as sent; return when it will be answered."""
        sends, soft = self._sends, self._soft
        delayed = soft is not None and len(sends) >= soft and sends[-soft] + self._minute > start
        sends.append(start)
        return start + (self._late if delayed else self._latency)
