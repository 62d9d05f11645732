"""The remaining quota, and an estimate of how long calls would take."""

from kentik_async.errors import ValidationError
from kentik_async.quota import QUOTA_CLASSES, Limiter, QuotaClass, QuotaSnapshot

__all__ = ["QuotaView"]


class QuotaView:
    """A read-only view of the limiter; its methods send nothing and spend no quota."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return requests in flight, waiting requests, the remaining quota per window, the next free time.

        Args:
            quota_class: "non_query" or "query".

        Raises:
            ValidationError: `quota_class` is invalid.
        """
        return await self._limiter.snapshot(_checked(quota_class))

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return how many seconds `n` further calls would take if they started now.

        Args:
            n: The number of calls, from 0.
            quota_class: "non_query" or "query".

        Raises:
            ValidationError: `n` is not a whole number from 0, or `quota_class` is invalid.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 0:
            raise ValidationError(f"n must be a whole number from 0; got {n!r}")
        return await self._limiter.estimate(n, _checked(quota_class))


def _checked(quota_class: QuotaClass) -> QuotaClass:
    if quota_class not in QUOTA_CLASSES:
        raise ValidationError(f"quota_class must be one of {', '.join(QUOTA_CLASSES)}; got {quota_class!r}")
    return quota_class
