"""When the next requests will be answered, if all goes as it has gone so far. Pure.

The schedule plays the fastest one that the limits allow forward from the present state, request by request,
with the latency measured so far, and that of delayed answers where the soft limit will have been passed.
"""

import heapq
from itertools import islice
from math import inf

from kentik_async.quota.state.messages import Terms
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["Schedule"]


class Schedule:
    """The requests to come, extended as far as anybody wants to know.

    It belongs to the state that it was made from: any grant or answer since makes it stale.

    Attributes:
        now: The instant that it was made at.
        eases_at: When others will be taken to spend less, which it does not foresee; infinity if never.
    """

    def __init__(self, state: QuotaState, terms: Terms) -> None:
        """Start from the present, for a member that has just reported; nothing is changed."""
        quota, now = state.most_careful(), state.now
        log, breaker, latency = state.log, state.breaker, state.latency
        log.settle(quota, now)
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
        # Of each window its limit, its length, and the instants at which the requests in it end.
        windows = (log.minute, per_minute, quota.minute), (log.hour, quota.per_hour, quota.hour)
        self._windows = [
            (limit, seconds, [*window.instants(), *ends])
            for window, limit, seconds in windows
            if limit is not None
        ]
        self._opening = opening
        if breaker.is_open:
            # A probe goes alone; if it is on its way, what flies now is what all wait for.
            self._opening = max([opening, *ends] if breaker.half_open else [opening, breaker.blocked_until])
        # One instant a slot: when it is next free. Without a limit no request waits for another.
        self._unlimited = quota.max_concurrent is None
        slots = quota.max_concurrent or 1
        busy = [] if self._unlimited else [max(self._opening, end) for end in ends[-slots:]]
        self._slots = sorted([*busy, *[self._opening] * (slots - len(busy))])
        if breaker.is_open and not breaker.half_open:
            self._extend()
            self._opening = self._ends[0]
            self._slots = [max(slot, self._opening) for slot in self._slots]

    def start_of(self, position: int, *, until: float = inf) -> float:
        """Return when a waiting call will be sent that `position` other calls of the member precede.

        If that is later than `until`, any instant later than `until` will do.
        """
        starts, position = self._starts, position + self._turns_elsewhere(position + 1)
        while len(starts) <= position and (not starts or starts[-1] <= until):
            self._extend()
        return starts[min(position, len(starts) - 1)]

    def wait_beyond(self, position: int, max_wait: float, began: float) -> float | None:
        """Return how long a call waits from `began` on if that certainly exceeds `max_wait`; else None."""
        wait = self.start_of(position, until=began + max_wait) - began
        # What is eased meanwhile is not foreseen.
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
        """Enter a request as sent, and return when it will be answered."""
        sends, soft = self._sends, self._soft
        delayed = soft is not None and len(sends) >= soft and sends[-soft] + self._minute > start
        sends.append(start)
        return start + (self._late if delayed else self._latency)
