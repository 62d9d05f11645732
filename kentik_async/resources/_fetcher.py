"""What a pull needs of the client, made of a caller."""

import datetime as dt
from typing import TypeVar

from msgspec.structs import replace

from kentik_async._clock import utc_now
from kentik_async._operations.request import Request
from kentik_async._pipeline.caller import Caller
from kentik_async.bulk.throttle import Throttle, throttled_quota, valid_leave

__all__ = ["CallerFetcher"]

T = TypeVar("T")

_LEFT_WHEN_COURTEOUS = 5


class CallerFetcher:
    """Sends a pull's requests, and leaves some of each minute to others.

    Attributes:
        sent: Requests sent so far, retries included.
    """

    def __init__(self, caller: Caller, leave: int | None) -> None:
        """Wrap a caller.

        Args:
            caller: Sends requests.
            leave: Requests a minute to leave to others; None for 5 where the pacing is courteous, else 0.

        Raises:
            ValidationError: `leave` is not a whole number from 0.
        """
        self.sent = 0
        self._caller = caller
        self._leave = valid_leave(leave)
        self._throttle: Throttle | None = None

    async def run(self, request: Request[T]) -> T:
        """Send a request as the quota, less what is left to others, allows."""
        if self._throttle is None:
            self._throttle = await self._make_throttle()
        async with self._throttle.slot():
            return await self._caller.run(replace(request, on_send=self._count))

    def now(self) -> dt.datetime:
        """Return the present instant, in UTC."""
        return utc_now()

    async def estimate(self, n: int) -> float:
        """Return in how many seconds `n` further requests would all be answered."""
        if self._throttle is None:
            self._throttle = await self._make_throttle()
        return max(await self._caller.limiter.estimate(n), await self._throttle.estimate(n))

    def concurrency(self) -> int:
        """Return how many requests the quota allows at once."""
        return self._caller.quota.max_concurrent or 64

    def _count(self) -> None:
        self.sent += 1

    async def _make_throttle(self) -> Throttle:
        courteous = (await self._caller.limiter.snapshot()).pacing == "courteous"
        leave = self._leave
        if leave is None:
            leave = _LEFT_WHEN_COURTEOUS if courteous else 0
        return Throttle(throttled_quota(self._caller.quota, leave, courteous=courteous))
