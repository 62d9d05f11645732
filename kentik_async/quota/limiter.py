"""The public limiter: one customer's quota in both classes, on any store."""

import os
import weakref
from collections.abc import Callable, Mapping

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ConfigError
from kentik_async.quota.class_grant import ClassGrant
from kentik_async.quota.class_limiter import ClassLimiter
from kentik_async.quota.limits import PACINGS, QUOTA_CLASSES, Pacing, Quota, QuotaClass
from kentik_async.quota.memory.store import MemoryStore
from kentik_async.quota.protocols import Store
from kentik_async.quota.snapshot import QuotaSnapshot

__all__ = ["LocalLimiter", "StoreLimiter"]


class StoreLimiter:
    """Keeps one customer's quota together with all that share its stores.

    It may be used from any thread and event loop. A child made by a fork takes part as a member of its own,
    with nobody waiting or in flight.
    """

    def __init__(
        self,
        quotas: Mapping[QuotaClass, Quota],
        make_store: Callable[[QuotaClass], Store],
        *,
        pacing: Pacing = "auto",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Start with nobody waiting, on the stores that `make_store` returns for each class.

        Raises:
            ConfigError: `pacing` is not one of the three names.
        """
        if pacing not in PACINGS:
            raise ConfigError(f"pacing must be one of {', '.join(PACINGS)}; got {pacing!r}")
        self._pacing: Pacing = pacing
        self._classes: dict[str, ClassLimiter] = {
            name: ClassLimiter(name, (quota, pacing), make_store(name), clock.monotonic)
            for name, quota in quotas.items()
        }
        _limiters.add(self)

    @property
    def pacing(self) -> Pacing:
        """The pacing that this process wishes for."""
        return self._pacing

    @pacing.setter
    def pacing(self, pacing: Pacing) -> None:
        self._pacing = pacing
        for limiter in self._classes.values():
            limiter.keep_to(None, pacing)

    async def acquire(
        self,
        quota_class: QuotaClass,
        *,
        priority: int = 0,
        queued_since: float | None = None,
        max_wait: float | None = None,
    ) -> ClassGrant:
        """Wait until one request may be sent; see `Limiter.acquire`."""
        limiter = self._classes.get(quota_class) or self._class(quota_class)
        # Not in a coroutine of the class's: each of ten thousand that wait would be 300 bytes larger.
        entry = limiter.enter(priority, queued_since, max_wait)
        if isinstance(entry, ClassGrant):
            return entry
        try:
            return await entry.future
        except BaseException:  # also GeneratorExit: the loop was closed, and the coroutine collected
            limiter.leave(entry)
            raise
        finally:
            if entry.expiry is not None:
                entry.expiry.cancel()

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class, other members included."""
        return await self._class(quota_class).snapshot()

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further requests would all be answered, if started now."""
        return await self._class(quota_class).estimate(n)

    async def aclose(self) -> None:
        """Refuse all further requests; those that wait end with ClientClosedError."""
        for limiter in self._classes.values():
            await limiter.aclose()

    def idle(self) -> bool:
        """Tell whether nobody waits, nothing is in flight and every token has returned."""
        return all(limiter.idle() for limiter in self._classes.values())

    def _class(self, quota_class: str) -> ClassLimiter:
        if quota_class not in self._classes:
            allowed = ", ".join(QUOTA_CLASSES)
            raise ConfigError(f"quota_class must be one of {allowed}; got {quota_class!r}")
        return self._classes[quota_class]

    def _restart(self) -> None:
        for limiter in self._classes.values():
            limiter.restart()


class LocalLimiter(StoreLimiter):
    """Keeps one customer's quota within this process; a child made by a fork starts with what was used."""

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
            pacing: "throughput" accepts the soft limit's delays, "courteous" never incurs one, "auto" takes
                what is faster at the latency measured.
            clock: Where time comes from.

        Raises:
            ConfigError: `pacing` is not one of the three names.
        """
        quotas: dict[QuotaClass, Quota] = {
            "non_query": quota or Quota.NON_QUERY,
            "query": query_quota or Quota.QUERY,
        }
        super().__init__(quotas, lambda _: MemoryStore(clock.monotonic), pacing=pacing, clock=clock)

    def keep_to(self, quota: Quota, query_quota: Quota, pacing: Pacing) -> None:
        """Change limits and pacing, from the next grant on."""
        self._pacing = pacing
        self._classes["non_query"].keep_to(quota, pacing)
        self._classes["query"].keep_to(query_quota, pacing)


# What must begin anew in a forked child. A hook, not a look at the process's id at each request: that
# costs a system call, and two threads of the child could find it changed at the same moment.
_limiters: "weakref.WeakSet[StoreLimiter]" = weakref.WeakSet()


def _restart_all() -> None:
    for limiter in list(_limiters):
        limiter._restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_all)
