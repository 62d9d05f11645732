"""The client as a bulk pull uses it."""

import datetime as dt
from typing import TypeVar

from kentik_async._clock import utc_now
from kentik_async._operations import Request
from kentik_async._pipeline.caller import Caller
from kentik_async.bulk.throttle import Leaving, leaving_quota
from kentik_async.errors import ValidationError

__all__ = ["CallerFetcher"]

T = TypeVar("T")

_LEFT_WHEN_COURTEOUS = 5


class CallerFetcher:
    """Runs a pull's requests and keeps part of each minute's quota free for other calls."""

    def __init__(self, caller: Caller, leave: int | None) -> None:
        """Wrap a caller.

        Args:
            caller: Runs requests.
            leave: Requests a minute to keep free; None for 5 with courteous pacing, else 0.

        Raises:
            ValidationError: `leave` is not a whole number from 0.
        """
        if leave is not None and (isinstance(leave, bool) or not isinstance(leave, int) or leave < 0):
            raise ValidationError(f"leave must be a whole number of requests a minute, from 0; got {leave!r}")
        self._caller = caller
        self._leave = leave
        self._leaving: Leaving | None = None

    async def run(self, request: Request[T]) -> T:
        """Send a request as soon as the quota allows, less the part that is kept free."""
        if self._leaving is None:
            self._leaving = await self._settle()
        async with self._leaving.share():
            return await self._caller.run(request)

    def now(self) -> dt.datetime:
        """Return the present time, with which responses are stamped."""
        return utc_now()

    async def estimate(self, n: int) -> float:
        """Return how many seconds `n` further requests would take."""
        if self._leaving is None:
            self._leaving = await self._settle()
        return max(await self._caller.limiter.estimate(n), await self._leaving.estimate(n))

    def concurrency(self) -> int:
        """Return how many requests the quota allows at once."""
        return self._caller.quota.max_concurrent or 64

    async def _settle(self) -> Leaving:
        courteous = (await self._caller.limiter.snapshot()).pacing == "courteous"
        leave = self._leave
        if leave is None:
            leave = _LEFT_WHEN_COURTEOUS if courteous else 0
        return Leaving(leaving_quota(self._caller.quota, leave, courteous=courteous))
