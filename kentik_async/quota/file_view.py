"""When further requests will be through, as a process that shares the quota sees it."""

from collections.abc import Iterable

from kentik_async.quota.file_mirror import Mirror
from kentik_async.quota.forecast import Forecast
from kentik_async.quota.pace import Pace

__all__ = ["Outlook"]


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
        ledger = mirror.heed(now)
        opening = max(now, mirror.congestion.hold)
        flying = [*flights, *(entry.sent for entry in mirror.others())]
        self._forecast = Forecast(ledger, mirror.freeze, opening, pace, flying)
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
