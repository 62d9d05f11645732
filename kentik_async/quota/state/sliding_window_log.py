"""The log of used tokens and slots of a quota, and when the next request may be sent. Pure.

Each token returns exactly one window after it was used, so no rolling window ever holds more than its
limit (a classic bucket of capacity C grants up to 2C in some window). A token's age counts from the
*answer*. The server counts from receipt, which the client cannot see; but receipt is before the answer,
so a token is never considered older than it is.
"""

from bisect import insort
from math import inf, isfinite

import msgspec

from kentik_async.quota.limits import Quota

__all__ = ["SlidingWindow", "SlidingWindowLog"]

_EXACT = 384
"""A window with at most this many instants keeps each of them. The vendor's minute never holds more."""

_RESOLUTION = 1 / 360
"""Beyond that, instants closer than this share of the window are one entry, at the latest of them. An hour
of 3,750 requests takes at most 744 entries, and a token returns up to 10 s late, never early."""


class SlidingWindow(msgspec.Struct, array_like=True):
    """The requests that count in one rolling window.

    Attributes:
        ends: When they were answered, oldest first.
        counts: How many were answered at each of these instants.
        total: The sum of `counts`.
        opened: When the first request of the latest entry was answered.
    """

    ends: list[float] = []
    counts: list[int] = []
    total: int = 0
    opened: float = -inf

    def expire(self, seconds: float, now: float) -> None:
        """Remove requests that no longer count at `now` in a window of `seconds`."""
        ends, gone = self.ends, 0
        while gone < len(ends) and ends[gone] + seconds <= now:
            self.total -= self.counts[gone]
            gone += 1
        if gone:
            del ends[:gone], self.counts[:gone]

    def add(self, seconds: float, now: float) -> None:
        """Record a request answered at `now` in a window of `seconds`."""
        ends = self.ends
        self.total += 1
        # A late report joins the latest entry: a request may count as younger than it is, never as older.
        if not ends or now > ends[-1]:
            if len(ends) < _EXACT or now > self.opened + seconds * _RESOLUTION:
                ends.append(now)
                self.counts.append(1)
                self.opened = now
                return
            ends[-1] = now
        self.counts[-1] += 1

    def free_at(self, seconds: float, limit: int | None, in_flight: int) -> float:
        """Return when one more request fits; infinity if a request in flight must end first. Expire first.

        `limit` is None if there is no limit. Each request in flight holds a token whose age has not begun.
        """
        if limit is None:
            return -inf
        missing = self.total + in_flight - limit + 1
        if missing <= 0:
            return -inf
        for end, count in zip(self.ends, self.counts, strict=True):
            missing -= count
            if missing <= 0:
                return end + seconds
        return inf

    def is_sound(self) -> bool:
        """Return whether a decoded window is valid; it uses fast list functions, since each read calls it."""
        ends, counts = self.ends, self.counts
        if len(ends) != len(counts) or sum(counts) != self.total or min(counts, default=1) < 1:
            return False
        return isfinite(sum(ends)) and ends == sorted(ends)

    def instants(self) -> list[float]:
        """Return one instant for each request, oldest first."""
        return [end for end, count in zip(self.ends, self.counts, strict=True) for _ in range(count)]


class SlidingWindowLog(msgspec.Struct, array_like=True):
    """The used tokens and the requests in flight of one quota. All instants are of one clock.

    Attributes:
        minute: The rolling minute.
        hour: The rolling hour.
        sends: When the latest `soft_per_minute` of the answered requests were sent.
        draining: Until when each request with unknown outcome keeps its slot and token, earliest first.
        in_flight: Requests that hold a slot and a token, including draining ones.
    """

    minute: SlidingWindow = msgspec.field(default_factory=SlidingWindow)
    hour: SlidingWindow = msgspec.field(default_factory=SlidingWindow)
    sends: list[float] = []
    draining: list[float] = []
    in_flight: int = 0

    def room(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return how many requests may be sent at `now`: below 1 if none, infinity if there is no limit.

        `per_minute` is the present limit of the minute; see `QuotaState.per_minute`.
        """
        self.advance(quota, now)
        room: float = inf if quota.max_concurrent is None else quota.max_concurrent
        if per_minute is not None and per_minute - self.minute.total < room:
            room = per_minute - self.minute.total
        if quota.per_hour is not None and quota.per_hour - self.hour.total < room:
            room = quota.per_hour - self.hour.total
        return room - self.in_flight

    def free_at(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return when one more request may be sent, `now` at the earliest.

        Infinity means that waiting does not help: a request in flight must end first.
        """
        self.advance(quota, now)
        free = inf
        if quota.max_concurrent is None or self.in_flight < quota.max_concurrent:
            minute = self.minute.free_at(quota.minute, per_minute, self.in_flight)
            free = max(minute, self.hour.free_at(quota.hour, quota.per_hour, self.in_flight))
        return max(self.draining[0] if free == inf and self.draining else free, now)

    def use(self, quota: Quota, sent: float, now: float) -> None:
        """Record that a request sent at `sent` is answered now: its slot is free, its token's age begins."""
        self.in_flight -= 1
        soft = quota.soft_per_minute
        if soft is not None:
            sends = self.sends
            sends.append(sent)
            if len(sends) > soft:
                del sends[:-soft]
        if soft is not None or quota.hard_per_minute is not None:
            self.minute.add(quota.minute, now)
        if quota.per_hour is not None:
            self.hour.add(quota.hour, now)

    def drain(self, quota: Quota, now: float) -> None:
        """Record a request of unknown outcome: it counts as in flight for `quota.drain` more seconds."""
        insort(self.draining, now + quota.drain)

    def end_all(self, quota: Quota, now: float) -> None:
        """Record all requests in flight as answered: another process holds them from now on."""
        self.draining.clear()
        while self.in_flight > 0:
            self.use(quota, now, now)

    def advance(self, quota: Quota, now: float) -> None:
        """Update the log to `now`: end finished drains, remove requests that no longer count."""
        while self.draining and self.draining[0] <= now:
            end = self.draining.pop(0)
            self.use(quota, end - quota.drain, end)
        # Checked here, because a call for each window is slower and most have nothing to remove.
        ends = self.minute.ends
        if ends and ends[0] + quota.minute <= now:
            self.minute.expire(quota.minute, now)
        ends = self.hour.ends
        if ends and ends[0] + quota.hour <= now:
            self.hour.expire(quota.hour, now)

    def used(self, quota: Quota, now: float) -> tuple[int, int]:
        """Return how many requests count in the rolling minute and hour, including those in flight."""
        self.advance(quota, now)
        return self.minute.total + self.in_flight, self.hour.total + self.in_flight

    def delayed(self, quota: Quota, sent: float, others: int = 0) -> bool:
        """Return whether a request sent at `sent` was beyond the soft limit, so that its answer is delayed.

        `others` is the estimated number of requests of other programs in the minute.
        """
        sends, soft = self.sends, quota.soft_per_minute
        if soft is None:
            return False
        spare = soft - others
        return spare <= 0 or (len(sends) >= spare and sends[-spare] + quota.minute > sent)
