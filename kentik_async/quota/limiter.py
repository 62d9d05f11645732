"""The public limiter: one customer's quota in both classes, on any store."""

import weakref
from collections.abc import Callable, Mapping

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async._fork import run_in_child
from kentik_async.errors import ConfigError
from kentik_async.quota.class_grant import ClassGrant
from kentik_async.quota.class_limiter import ClassLimiter
from kentik_async.quota.limits import PACINGS, QUOTA_CLASSES, Pacing, Quota, QuotaClass
from kentik_async.quota.memory.store import MemoryStore
from kentik_async.quota.protocols import Store
from kentik_async.quota.snapshot import QuotaSnapshot

__all__ = ["LocalLimiter", "StoreLimiter"]


class StoreLimiter:
    """Enforces one customer's quota together with all processes that share its stores.

    It may be used from any thread and event loop. A forked child is a member of its own, without waiters or
    requests in flight.
    """

    def __init__(
        self,
        quotas: Mapping[QuotaClass, Quota],
        make_store: Callable[[QuotaClass], Store],
        *,
        pacing: Pacing = "auto",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Start without waiters, on the stores that `make_store` returns for each class.

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
        """The pacing that this process requests."""
        return self._pacing

    @pacing.setter
    def pacing(self, pacing: Pacing) -> None:
        self._pacing = pacing
        for limiter in self._classes.values():
            limiter.set_limits(None, pacing)

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
        # Not in a coroutine of `ClassLimiter`: that takes 300 bytes more for each waiting call.
        entry = limiter.enter(priority, queued_since, max_wait)
        if isinstance(entry, ClassGrant):
            return entry
        try:
            return await entry.future
        except BaseException:  # also GeneratorExit, if the coroutine of a closed loop is collected
            limiter.cancel(entry)
            raise
        finally:
            if entry.expiry is not None:
                entry.expiry.cancel()

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class, including other members."""
        return await self._class(quota_class).snapshot()

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return the seconds until `n` more requests would all be answered, if started now."""
        return await self._class(quota_class).estimate(n)

    async def aclose(self) -> None:
        """Refuse all further requests; waiting calls end with ClientClosedError."""
        for limiter in self._classes.values():
            await limiter.aclose()

    def idle(self) -> bool:
        """Return whether no call waits, no request is in flight and every token has returned."""
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
    """Enforces one customer's quota within this process. A forked child starts with the same usage."""

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
            pacing: "throughput" accepts the soft limit's delays, "courteous" stays within the soft limit,
                "auto" selects the faster one by the measured latency.
            clock: The source of time.

        Raises:
            ConfigError: `pacing` is not one of the three names.
        """
        quotas: dict[QuotaClass, Quota] = {
            "non_query": quota or Quota.NON_QUERY,
            "query": query_quota or Quota.QUERY,
        }
        super().__init__(quotas, lambda _: MemoryStore(clock.monotonic), pacing=pacing, clock=clock)

    def set_limits(self, quota: Quota, query_quota: Quota, pacing: Pacing) -> None:
        """Set limits and pacing, from the next grant on."""
        self._pacing = pacing
        self._classes["non_query"].set_limits(quota, pacing)
        self._classes["query"].set_limits(query_quota, pacing)


# Restarted in a forked child by a hook: comparing process ids would cost a system call at each request.
_limiters: "weakref.WeakSet[StoreLimiter]" = weakref.WeakSet()


def _restart_all() -> None:
    for limiter in list(_limiters):
        limiter._restart()


run_in_child(_restart_all)
