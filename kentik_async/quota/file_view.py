"""What a process tells of the shared quota: its present state, and when further requests will be through."""

from collections.abc import Iterable
from math import inf

from kentik_async.errors import QuotaWaitError
from kentik_async.quota.file_mirror import Mirror
from kentik_async.quota.forecast import Forecast
from kentik_async.quota.pace import Pace
from kentik_async.quota.rules import QuotaClass
from kentik_async.quota.seam import QuotaSnapshot

__all__ = ["Outlook", "snapshot", "too_long"]


class Outlook:
    """A forecast for this process's calls: good until the mirror takes something up.

    Other processes are taken to go on waiting for what they waited for at their last turns, and to take
    turns with this one.
    """

    __slots__ = ("_elsewhere", "_forecast", "_mirror", "_version")

    def __init__(self, mirror: Mirror, pace: Pace, flights: Iterable[float], now: float) -> None:
        """Look ahead.

        Args:
            mirror: What the file says.
            pace: The latency measured.
            flights: When what this process has in flight was sent.
            now: The present instant.
        """
        ledger = mirror.settle()
        flying = [*flights, *(entry.sent for entry in mirror.others())]
        self._forecast = Forecast(ledger, mirror.freeze, now, pace, flying)
        self._elsewhere = mirror.waiting_elsewhere()
        self._mirror = mirror
        self._version = mirror.version

    def good_for(self, mirror: Mirror) -> bool:
        """Tell whether it was made from that state."""
        return self._mirror is mirror and self._version == mirror.version

    def start_of(self, position: int, *, until: float) -> float:
        """Return when the call that waits at that position here, from 0, will be sent.

        Args:
            position: How many calls of this process go before it.
            until: If the call will be sent later than this, any instant later than this will do.
        """
        return self._forecast.start_of(position + self._turns(position + 1), until=until)

    def end_of(self, count: int) -> float:
        """Return when the first `count` calls of this process will all have been answered."""
        return self._forecast.end_of(count + self._turns(count))

    def _turns(self, count: int) -> int:
        """Return how many turns others have among the first `count` of this process."""
        return sum(min(waiting, count) for waiting in self._elsewhere)


def snapshot(quota_class: QuotaClass, mirror: Mirror, pace: Pace, waiting: int, now: float) -> QuotaSnapshot:
    """Return the present state.

    Args:
        quota_class: The class.
        mirror: What the file says.
        pace: The latency measured.
        waiting: How many calls wait in this process.
        now: The present instant.
    """
    ledger, free = mirror.settle(), mirror.free_at(now)
    quota = ledger.quota
    minute, hour = ledger.used(now)
    return QuotaSnapshot(
        quota_class=quota_class,
        in_flight=ledger.in_flight,
        waiting=waiting + sum(mirror.waiting_elsewhere()),
        left_soft_minute=_left(quota.soft_per_minute, minute),
        left_hard_minute=_left(quota.hard_per_minute, minute),
        left_hour=_left(quota.per_hour, hour),
        next_free=None if free == inf else free - now,
        frozen=mirror.freeze.active,
        latency=pace.latency,
        pacing="courteous" if ledger.courteous else "throughput",
    )


def too_long(quota_class: QuotaClass, max_wait: float, estimate: float | None) -> QuotaWaitError:
    """Return the error of a call that would wait, or has waited, too long."""
    kind = quota_class.replace("_", "-")
    known = "" if estimate is None else f"; it frees in about {estimate:.1f} s"
    return QuotaWaitError(
        f"no {kind} quota within max_wait={max_wait:g} s{known}: wait longer, or start fewer calls",
        max_wait=max_wait,
        estimate=estimate,
    )


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(limit - used, 0)
