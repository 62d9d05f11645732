"""The arithmetic of one customer's quota: tokens, slots, and when the next request may go. Pure.

Each token returns exactly one window after it was used, so no rolling window ever holds more than its
limit (a classic bucket of capacity C grants up to 2C in some window). A token's age counts from the
*answer*: the server counts from receipt, which the client cannot see but which lies before the answer,
so a token is never taken for older than it is.
"""

from collections import deque
from collections.abc import Sequence
from math import inf

from kentik_async.quota.limits import Quota

__all__ = ["Ledger", "Window"]


class Window:
    """One rolling window.

    Attributes:
        limit: How many requests it holds; None counts them only.
        seconds: How long each counts, from its stamp.
        stamps: When each of those that still count was used, oldest first.
    """

    __slots__ = ("limit", "seconds", "stamps")

    def __init__(self, limit: int | None, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.stamps: deque[float] = deque()

    def expire(self, now: float) -> None:
        """Drop what no longer counts at `now`."""
        stamps = self.stamps
        while stamps and stamps[0] + self.seconds <= now:
            stamps.popleft()

    def spare(self, flying: int) -> float:
        """Return how many more requests fit, below 1 if none; infinity without a limit. Expire first."""
        # Each request in flight holds a token whose age has not begun.
        return inf if self.limit is None else self.limit - len(self.stamps) - flying

    def free_at(self, flying: int) -> float:
        """Return from when one more request fits; infinity if one in flight must end first. Expire first."""
        if self.limit is None:
            return -inf
        missing = len(self.stamps) + flying - self.limit
        if missing < 0:
            return -inf
        return self.stamps[missing] + self.seconds if missing < len(self.stamps) else inf


class Ledger:
    """What was used of one quota, and what is in flight.

    Instants are readings of one monotonic clock and are handed in.

    Attributes:
        quota: The limits.
        in_flight: Requests that hold a slot and a token, the draining ones included.
        draining: When each request of unknown outcome lets go of both, soonest first.
        sends: When the latest `soft_per_minute` of the answered requests were sent.
        minute: The rolling minute.
        hour: The rolling hour.
    """

    __slots__ = (
        "_courteous",
        "_kept",
        "_others",
        "_slots",
        "draining",
        "hour",
        "in_flight",
        "minute",
        "quota",
        "sends",
    )

    def __init__(self, quota: Quota, *, courteous: bool = False) -> None:
        """Start with nothing used.

        Args:
            quota: The limits.
            courteous: Whether to keep the soft limit like a hard one, so that no answer is ever delayed.
        """
        self.quota = quota
        self.in_flight = 0
        self.draining: deque[float] = deque()
        self.sends: deque[float] = deque(maxlen=quota.soft_per_minute or 0)
        self.minute = Window(None, quota.minute)
        self.hour = Window(quota.per_hour, quota.hour)
        counted = quota.hard_per_minute is not None or quota.soft_per_minute is not None
        limited = quota.per_hour is not None
        self._kept = (*((self.minute,) if counted else ()), *((self.hour,) if limited else ()))
        self._slots = inf if quota.max_concurrent is None else quota.max_concurrent
        self._others = 0
        self.courteous = courteous

    @property
    def courteous(self) -> bool:
        """Whether the soft limit is kept like a hard one."""
        return self._courteous

    @courteous.setter
    def courteous(self, courteous: bool) -> None:
        self._courteous = courteous
        self._set_limit()

    @property
    def others(self) -> int:
        """How many requests of the rolling minute somebody else is taken to spend."""
        return self._others

    @others.setter
    def others(self, others: int) -> None:
        self._others = others
        self._set_limit()

    def free_at(self, now: float) -> float:
        """Return the instant from which one more request may go: `now` at the earliest.

        Infinity means that no passing of time helps: a request in flight must end first.
        """
        if self.in_flight >= self._slots and not self.draining:
            return inf
        slots, tokens = self.room(now)
        if slots > 0 and tokens > 0:
            return now
        flying, free = self.in_flight, inf
        if slots > 0:
            free = max(self.minute.free_at(flying), self.hour.free_at(flying))
        return self.draining[0] if free == inf and self.draining else free

    def room(self, now: float) -> tuple[float, float]:
        """Return how many slots are free, and how many tokens; infinity where there is no limit."""
        if self.draining:
            self._settle(now)
        flying, tokens = self.in_flight, inf
        for window in self._kept:
            window.expire(now)
            spare = window.spare(flying)
            tokens = min(tokens, spare)
        return self._slots - flying, tokens

    def take(self, count: int = 1) -> None:
        """Enter requests as in flight."""
        self.in_flight += count

    def give_back(self, count: int = 1) -> None:
        """Strike requests that were never sent: slots and tokens are as if they had not been."""
        self.in_flight -= count

    def use(self, sent: float, now: float) -> None:
        """Enter that a request sent at `sent` is answered now: its slot is free, its token ages."""
        self.in_flight -= 1
        self.sends.append(sent)
        for window in self._kept:
            stamps = window.stamps
            stamps.append(now if not stamps or stamps[-1] <= now else stamps[-1])

    def stamp(self, ended: Sequence[tuple[float, float]]) -> None:
        """Enter tokens as used; no slot is freed.

        Args:
            ended: When each request was sent and when it was answered, in about the order of the answers.
        """
        if self.sends.maxlen:
            self.sends.extend([sent for sent, _ in ended[-self.sends.maxlen :]])
        instants = sorted([answered for _, answered in ended])
        for window in self._kept:
            stamps = window.stamps
            if stamps and instants[0] < stamps[-1]:
                # Threads and drains report late; a token taken for younger than it is does no harm.
                stamps.extend([max(stamps[-1], instant) for instant in instants])
            else:
                stamps.extend(instants)

    def drain(self, now: float) -> None:
        """Enter that a request's end is unknown: it counts as in flight for `quota.drain` seconds more."""
        self.draining.append(now + self.quota.drain)

    def end_all(self, now: float) -> None:
        """Enter all requests in flight as answered: someone else holds them from now on."""
        self.draining.clear()
        while self.in_flight > 0:
            self.use(now, now)

    def used(self, now: float) -> tuple[int, int]:
        """Return how many requests count in the rolling minute and hour, those in flight included."""
        self.room(now)
        return len(self.minute.stamps) + self.in_flight, len(self.hour.stamps) + self.in_flight

    def delayed(self, sent: float) -> bool:
        """Tell whether a request sent at that instant was beyond the soft limit, so its answer delayed."""
        sends, soft = self.sends, self.quota.soft_per_minute
        if soft is None:
            return False
        spare = soft - self._others
        return spare <= 0 or (len(sends) >= spare and sends[-spare] + self.quota.minute > sent)

    def load(self, later: int = 0) -> int:
        """Return how many requests counted in the rolling minute when one under way was sent, it included.

        Args:
            later: How many of those under way were sent after it.
        """
        return len(self.minute.stamps) + self.in_flight - later

    def idle(self, now: float) -> bool:
        """Tell whether nothing is in flight and every token has returned, so nothing needs remembering."""
        return self.used(now) == (0, 0)

    def _set_limit(self) -> None:
        soft = self.quota.soft_per_minute if self._courteous else None
        limits = [limit for limit in (self.quota.hard_per_minute, soft) if limit is not None]
        self.minute.limit = max(min(limits) - self._others, 1) if limits else None

    def _settle(self, now: float) -> None:
        while self.draining and self.draining[0] <= now:
            end = self.draining.popleft()
            self.use(end - self.quota.drain, end)
