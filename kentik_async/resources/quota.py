"""What is left of the quota, and how long it will take to spend."""

from kentik_async.errors import ValidationError
from kentik_async.quota import QUOTA_CLASSES, Limiter, QuotaClass, QuotaSnapshot

__all__ = ["QuotaView"]


class QuotaView:
    """A look at the limiter; nothing here sends or spends."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        """Return what is in flight, what waits, what is left in each window and when the next may go.

        Args:
            quota_class: "non_query" or "query".

        Raises:
            ValidationError: `quota_class` is neither.
        """
        return await self._limiter.snapshot(_known(quota_class))

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        """Return in how many seconds `n` further calls would all be answered, if started now.

        Args:
            n: How many calls, from 0.
            quota_class: "non_query" or "query".

        Raises:
            ValidationError: `n` is no whole number from 0, or `quota_class` is neither.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 0:
            raise ValidationError(f"n is {n!r}: give a whole number from 0")
        return await self._limiter.estimate(n, _known(quota_class))


def _known(quota_class: QuotaClass) -> QuotaClass:
    if quota_class not in QUOTA_CLASSES:
        raise ValidationError(f"quota_class is {quota_class!r}: give one of {', '.join(QUOTA_CLASSES)}")
    return quota_class
