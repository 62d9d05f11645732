"""The quota of one process, in both classes: exact, shared by threads and event loops."""

import os
import weakref

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ConfigError
from kentik_async.quota.lane import Lane
from kentik_async.quota.rules import PACINGS, QUOTA_CLASSES, Pacing, Quota, QuotaClass
from kentik_async.quota.seam import QuotaSnapshot
from kentik_async.quota.tray import LaneGrant, Tray

__all__ = ["LocalLimiter"]


class LocalLimiter:
    """Keeps one customer's quota within this process.

    It may be used from any thread and event loop. A child process made by a fork starts with what was used
    so far, and with nobody waiting or in flight.
    """

    def __init__(
        self,
        quota: Quota | None = None,
        query_quota: Quota | None = None,
        *,
        pacing: Pacing = "auto",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Start with nothing used.

        Args:
            quota: The limits of non-query requests; the vendor's by default.
            query_quota: The limits of queries; the vendor's by default.
            pacing: "throughput" bears the soft limit's delays, "courteous" never incurs one, "auto" takes
                what is faster at the latency measured.
            clock: Where time comes from.

        Raises:
            ConfigError: `pacing` is none of the three.
        """
        if pacing not in PACINGS:
            raise ConfigError(f"pacing is {pacing!r}: give one of {', '.join(PACINGS)}")
        quotas: dict[QuotaClass, Quota] = {
            "non_query": quota or Quota.NON_QUERY,
            "query": query_quota or Quota.QUERY,
        }
        self._pacing: Pacing = pacing
        self._lanes: dict[str, Lane] = {
            name: Lane(name, limits, pacing, clock.monotonic) for name, limits in quotas.items()
        }
        # Measured: one look-up less for each request.
        self._trays: dict[str, Tray] = {name: lane.tray for name, lane in self._lanes.items()}
        _limiters.add(self)

    @property
    def pacing(self) -> Pacing:
        """The pacing in force."""
        return self._pacing

    @pacing.setter
    def pacing(self, pacing: Pacing) -> None:
        if pacing != self._pacing:
            self._pacing = pacing
            for lane in self._lanes.values():
                lane.pace(pacing)

    async def acquire(
        self,
        quota_class: QuotaClass,
        *,
        priority: int = 0,
        queued_since: float | None = None,
        max_wait: float | None = None,
    ) -> LaneGrant:
        """Wait until one request may be sent; see `Limiter.acquire`."""
        try:
            tray = self._trays[quota_class]
        except KeyError:
            raise _unknown(quota_class) from None
        grant = tray.take()
        if grant is not None:
            return grant
        waiter = tray.lane.join(priority, queued_since, max_wait)
        try:
            return await waiter.future
        except BaseException:  # also GeneratorExit: the loop was closed, and the coroutine collected
            tray.lane.leave(waiter)
            raise
        finally:
            if waiter.expiry is not None:
                waiter.expiry.cancel()

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class."""
        return self._lane(quota_class).snapshot()

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further requests would all be answered, if asked for now."""
        return self._lane(quota_class).estimate(n)

    async def aclose(self) -> None:
        """Refuse all further requests; those that wait end with ClientClosedError."""
        for lane in self._lanes.values():
            lane.close()

    def idle(self) -> bool:
        """Tell whether nobody waits, nothing is in flight and every token has returned."""
        return all(lane.idle() for lane in self._lanes.values())

    def _lane(self, quota_class: QuotaClass) -> Lane:
        if quota_class not in self._lanes:
            raise _unknown(quota_class)
        return self._lanes[quota_class]

    def _restart(self) -> None:
        for lane in self._lanes.values():
            lane.restart()


def _unknown(quota_class: str) -> ConfigError:
    return ConfigError(f"quota_class is {quota_class!r}: give one of {', '.join(QUOTA_CLASSES)}")


# What must begin anew in a forked child. A hook, not a look at the process's id at each request: that
# costs a system call, and two threads of the child could find it changed at the same moment.
_limiters: "weakref.WeakSet[LocalLimiter]" = weakref.WeakSet()


def _restart_all() -> None:
    for limiter in list(_limiters):
        limiter._restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_all)
