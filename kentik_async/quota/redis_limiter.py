"""The quota of one customer, shared through Redis by all processes on all machines."""

import asyncio
import os
from collections.abc import Sequence

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ClientClosedError, ConfigError
from kentik_async.quota.limits import PACINGS, QUOTA_CLASSES, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import QuotaSnapshot
from kentik_async.quota.redis_address import RedisAddress, RedisNames
from kentik_async.quota.redis_courier import OnOutage
from kentik_async.quota.redis_lane import RedisGrant, RedisLane

__all__ = ["RedisLimiter"]


class RedisLimiter:
    """Keeps one customer's quota across processes and machines.

    It belongs to one event loop at a time; when that has ended, another may use it. A child process made by
    a fork connects anew.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoints: Sequence[str],
        customer: str,
        quota: Quota | None = None,
        query_quota: Quota | None = None,
        pacing: Pacing = "auto",
        on_outage: OnOutage = "wait",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Check the settings; nothing is opened before the first call.

        Args:
            url: `redis[s]://[user[:password]@]host[:port][/database][?option=…]`.
            endpoints: Where the requests go: each installation counts for itself.
            customer: Whose quota it is.
            quota: The limits of non-query requests; the vendor's by default.
            query_quota: The limits of queries; the vendor's by default.
            pacing: See `LocalLimiter`; the most careful pacing of all who wait or hold decides.
            on_outage: What happens when Redis is lost on the way: with "wait" calls wait until it is back,
                with "raise" they end with ConnectError. A quota of its own no process ever has.
            clock: Where time comes from in this process. The windows are the server's, by its own clock.

        Raises:
            ConfigError: An argument is unusable.
        """
        if pacing not in PACINGS:
            raise ConfigError(f"pacing is {pacing!r}: give one of {', '.join(PACINGS)}")
        if on_outage not in ("wait", "raise"):
            raise ConfigError(f"on_outage is {on_outage!r}: give 'wait' or 'raise'")
        self._address = RedisAddress.parse(url)
        self._quotas: dict[QuotaClass, Quota] = {
            "non_query": quota or Quota.NON_QUERY,
            "query": query_quota or Quota.QUERY,
        }
        self._names = {name: RedisNames.of(endpoints, customer, name) for name in QUOTA_CLASSES}
        self._pacing: Pacing = pacing
        self._on_outage: OnOutage = on_outage
        self._clock = clock
        self._closed = False
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: dict[QuotaClass, RedisLane] = {}
        self._past: dict[QuotaClass, RedisLane] = {}
        self._inherited: list[dict[QuotaClass, RedisLane]] = []

    async def acquire(
        self,
        quota_class: QuotaClass,
        *,
        priority: int = 0,
        queued_since: float | None = None,
        max_wait: float | None = None,
    ) -> RedisGrant:
        """Wait until one request may be sent; see `Limiter.acquire`.

        Raises:
            ConnectError: Redis cannot be reached at the first call, or later with `on_outage="raise"`.
            ConfigError: Redis refuses the credentials or lacks what is needed, or another event loop uses
                this limiter.
            QuotaWaitError: The wait would exceed, or did exceed, `max_wait`.
            ClientClosedError: The limiter was closed.
        """
        return await self._lane(quota_class).acquire(priority, queued_since, max_wait)

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return the present state of one class, all processes together."""
        return await self._lane(quota_class).snapshot()

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further requests of this process would all be answered."""
        return await self._lane(quota_class).estimate(n)

    async def aclose(self) -> None:
        """Tell Redis all there is to tell and let go; those that wait end with ClientClosedError."""
        self._closed = True
        if self._loop is asyncio.get_running_loop() and self._pid == os.getpid():
            for lane in self._lanes.values():
                await lane.aclose()

    def _lane(self, quota_class: QuotaClass) -> RedisLane:
        if self._closed:
            raise ClientClosedError("the limiter is closed")
        if quota_class not in self._quotas:
            raise ConfigError(f"quota_class is {quota_class!r}: give one of {', '.join(QUOTA_CLASSES)}")
        self._settle_in(asyncio.get_running_loop())
        lane = self._lanes.get(quota_class)
        if lane is None:
            lane = self._lanes[quota_class] = RedisLane(
                quota_class,
                self._quotas[quota_class],
                self._pacing,
                address=self._address,
                names=self._names[quota_class],
                clock=self._clock,
                on_outage=self._on_outage,
                past=self._past.pop(quota_class, None),
            )
        return lane

    def _settle_in(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin anew where this limiter has not been at work yet."""
        if self._pid != os.getpid():
            # Kept, not dropped: closing the parent's connections here would take them out of its loop.
            self._inherited += [self._lanes, self._past]
            self._pid, self._loop, self._lanes, self._past = os.getpid(), loop, {}, {}
        elif self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed():
                raise ConfigError("a limiter belongs to one event loop at a time: open one for each loop")
            self._loop, self._past, self._lanes = loop, {**self._past, **self._lanes}, {}
