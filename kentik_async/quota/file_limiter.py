"""The quota of all processes of one machine, in both classes, kept in files."""

import os
import sys
import weakref
from typing import TYPE_CHECKING

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ConfigError
from kentik_async.quota.file_place import default_quota_folder, quota_place
from kentik_async.quota.limits import PACINGS, QUOTA_CLASSES, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import Grant, QuotaSnapshot

if TYPE_CHECKING:
    from kentik_async.quota.file_lane import FileLane

__all__ = ["FileLimiter", "default_quota_folder", "open_file_limiter"]


def open_file_limiter(
    path: str | os.PathLike[str] | None,
    *,
    endpoints: tuple[str, ...],
    customer: str,
    quota: Quota,
    query_quota: Quota,
    pacing: Pacing,
    clock: Clock = SYSTEM_CLOCK,
) -> "FileLimiter":
    """Open the limiter that all processes of this machine share for one customer.

    Args:
        path: A folder, where it exists or ends with a slash: the files in it are named by a hash of
            endpoints and customer. Else what the files' names shall begin with: all that name it share
            one quota, whatever their endpoints and customer. None for `default_quota_folder()`.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: "throughput", "courteous" or "auto"; each process has its own.
        clock: Where time comes from; its monotonic reading must be the same in all processes.

    Raises:
        ConfigError: The system has no flock; the folder or the files can be neither used nor made; they
            are on a network file system, or others may write to them.
    """
    if sys.platform == "win32":
        raise ConfigError("limiter='file:' needs a POSIX system: leave limiter out, or share by 'redis://…'")
    if pacing not in PACINGS:
        raise ConfigError(f"pacing is {pacing!r}: give one of {', '.join(PACINGS)}")
    from kentik_async.quota.file_lane import FileLane

    place = quota_place(path, endpoints, customer)
    quotas: dict[QuotaClass, Quota] = {"non_query": quota, "query": query_quota}
    lanes: dict[QuotaClass, FileLane] = {
        name: FileLane(name, limits, pacing, place, clock) for name, limits in quotas.items()
    }
    lanes["non_query"].open()
    return FileLimiter(lanes, pacing)


class FileLimiter:
    """Keeps one customer's quota among all processes of a machine that open the same files.

    It may be used from any thread and event loop. A forked child takes part as a process of its own, with
    nobody waiting or in flight.
    """

    def __init__(self, lanes: "dict[QuotaClass, FileLane]", pacing: Pacing) -> None:
        """See `open_file_limiter`."""
        self._lanes = lanes
        self._pacing: Pacing = pacing
        _limiters.add(self)

    @property
    def pacing(self) -> Pacing:
        """The pacing in force in this process."""
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
    ) -> Grant:
        """Wait until one request may be sent; see `Limiter.acquire`."""
        try:
            lane = self._lanes[quota_class]
        except KeyError:
            raise _unknown(quota_class) from None
        grant = lane.try_now()
        if grant is not None:
            return grant
        # Not in a coroutine of the lane's: each of ten thousand that wait would be 300 bytes larger.
        waiter = lane.join(priority, queued_since, max_wait)
        try:
            return await waiter.future
        except BaseException:  # also GeneratorExit: the loop was closed, and the coroutine collected
            lane.leave(waiter)
            raise
        finally:
            if waiter.expiry is not None:
                waiter.expiry.cancel()

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class, other processes included.

        What they wait for is known as of their last turns.
        """
        return self._lane(quota_class).snapshot()

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further requests would all be answered, if asked for now."""
        return self._lane(quota_class).estimate(n)

    async def aclose(self) -> None:
        """Refuse all further requests, let the files go; those that wait end with ClientClosedError."""
        for lane in self._lanes.values():
            lane.close()

    def _lane(self, quota_class: QuotaClass) -> "FileLane":
        if quota_class not in self._lanes:
            raise _unknown(quota_class)
        return self._lanes[quota_class]

    def _restart(self) -> None:
        for lane in self._lanes.values():
            lane.restart()


def _unknown(quota_class: str) -> ConfigError:
    return ConfigError(f"quota_class is {quota_class!r}: give one of {', '.join(QUOTA_CLASSES)}")


# What must begin anew in a forked child; a hook, not a look at the process's id at each request.
_limiters: "weakref.WeakSet[FileLimiter]" = weakref.WeakSet()


def _restart_all() -> None:
    for limiter in list(_limiters):
        limiter._restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_all)
