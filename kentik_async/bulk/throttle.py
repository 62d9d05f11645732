"""A pull's own share of the quota: it leaves some requests of each minute to others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kentik_async.errors import ValidationError
from kentik_async.quota import LocalLimiter, Quota

__all__ = ["Throttle", "throttled_quota", "valid_leave"]


def valid_leave(leave: int | None) -> int | None:
    """Return a number of requests a minute to leave to others, None for the default.

    Raises:
        ValidationError: It is not a whole number from 0.
    """
    if leave is not None and (isinstance(leave, bool) or not isinstance(leave, int) or leave < 0):
        raise ValidationError(f"leave must be a whole number of requests a minute, from 0; got {leave!r}")
    return leave


def throttled_quota(quota: Quota, leave: int, *, courteous: bool) -> Quota | None:
    """Return the limits that a pull keeps to so that `leave` requests a minute remain for others.

    Args:
        quota: The customer's limits.
        leave: How many requests a minute to leave, from 0.
        courteous: Whether the soft limit is the ceiling; else it is what the delays let through.

    Returns:
        Limits for the pull alone; None if it may use everything, or there is no ceiling to stay below.

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
        raise ValidationError(
            f"leave must be less than the {ceiling} requests a minute that there are in all; got {leave}"
        )
    return Quota(None, None, 0.0, ceiling - leave, None, quota.minute, quota.hour, quota.drain)


class Throttle:
    """Holds requests back so that no rolling minute has more of them than the pull may use."""

    def __init__(self, quota: Quota | None) -> None:
        self._limiter = None if quota is None else LocalLimiter(quota, quota, pacing="throughput")

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Enter when the pull's share of the minute allows one more request; exit when it was answered."""
        if self._limiter is None:
            yield
            return
        grant = await self._limiter.acquire("non_query")
        try:
            yield
        finally:
            grant.close("answered")

    async def estimate(self, n: int) -> float:
        """Return how many seconds the pull's share alone makes `n` requests take."""
        return 0.0 if self._limiter is None else await self._limiter.estimate(n)
