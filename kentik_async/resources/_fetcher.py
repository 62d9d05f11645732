"""Sends the requests of a pull, and leaves some of each minute's quota to others."""

import datetime as dt
from typing import TypeVar

from msgspec.structs import replace

from kentik_async._clock import utc_now
from kentik_async._operations.request import Request
from kentik_async._pipeline.caller import Caller
from kentik_async.errors import ValidationError
from kentik_async.quota import LocalLimiter, Quota

__all__ = ["CallerFetcher"]

T = TypeVar("T")

_LEFT_WHEN_COURTEOUS = 5


class CallerFetcher:
    """Sends a pull's requests so that no rolling minute has more of them than the pull may use.

    Attributes:
        sent: Requests sent so far, retries included.
    """

    def __init__(self, caller: Caller, leave: int | None) -> None:
        """Wrap a caller.

        Args:
            caller: Sends requests.
            leave: Requests a minute to leave to others; None for 5 if the pacing is courteous, else 0.

        Raises:
            ValidationError: `leave` is not a whole number from 0.
        """
        if leave is not None and (isinstance(leave, bool) or not isinstance(leave, int) or leave < 0):
            raise ValidationError(f"leave must be a whole number of requests a minute, from 0; got {leave!r}")
        self.sent = 0
        self._caller = caller
        self._leave = leave
        self._knows_share = False
        self._share: LocalLimiter | None = None

    async def run(self, request: Request[T]) -> T:
        """Send a request when the quota allows it, without the part that is left to others."""
        if not self._knows_share:
            await self._limit_share()
        request = replace(request, on_send=self._count)
        if self._share is None:
            return await self._caller.run(request)
        grant = await self._share.acquire("non_query")
        try:
            return await self._caller.run(request)
        finally:
            grant.close("answered")

    def now(self) -> dt.datetime:
        """Return the present instant, in UTC."""
        return utc_now()

    async def estimate(self, n: int) -> float:
        """Return in how many seconds `n` further requests would all be answered."""
        if not self._knows_share:
            await self._limit_share()
        seconds = await self._caller.limiter.estimate(n)
        return seconds if self._share is None else max(seconds, await self._share.estimate(n))

    def concurrency(self) -> int:
        """Return how many requests the quota allows at once."""
        return self._caller.quota.max_concurrent or 64

    def _count(self) -> None:
        self.sent += 1

    async def _limit_share(self) -> None:
        """Create the limiter for the pull's part of the quota, unless the pull may use all of it."""
        courteous = (await self._caller.limiter.snapshot()).pacing == "courteous"
        leave = self._leave
        if leave is None:
            leave = _LEFT_WHEN_COURTEOUS if courteous else 0
        quota = _share_of(self._caller.quota, leave, courteous=courteous)
        if not self._knows_share:  # another request of the pull may have created it
            self._share = None if quota is None else LocalLimiter(quota, quota, pacing="throughput")
            self._knows_share = True


def _share_of(quota: Quota, leave: int, *, courteous: bool) -> Quota | None:
    """Return the limits for a pull, so that `leave` requests a minute remain for others.

    Args:
        quota: The customer's limits.
        leave: How many requests a minute to leave, from 0.
        courteous: Whether the soft limit is the ceiling; else the ceiling is the rate that the delays allow.

    Returns:
        Limits for the pull alone; None if it may use the whole quota, or there is no ceiling.

    Raises:
        ValidationError: Nothing would be left for the pull.
    """
    ceiling = quota.soft_per_minute if courteous else quota.hard_per_minute
    if not courteous and quota.soft_delay and quota.max_concurrent is not None:
        sustained = int(quota.minute / quota.soft_delay * quota.max_concurrent)
        ceiling = sustained if ceiling is None else min(ceiling, sustained)
    if leave == 0 or ceiling is None:
        return None
    if leave >= ceiling:
        raise ValidationError(f"leave must be below the quota of {ceiling} requests a minute; got {leave}")
    return Quota(None, None, 0.0, ceiling - leave, None, quota.minute, quota.hour, quota.drain)
