"""What a pull needs of the client, made of a caller."""

import datetime as dt
from typing import TypeVar

from kentik_async._operations import Request
from kentik_async._pipeline.caller import Caller
from kentik_async.bulk.throttle import Leaving, leaving_quota
from kentik_async.errors import ValidationError

__all__ = ["CallerFetcher"]

T = TypeVar("T")

_LEFT_WHEN_COURTEOUS = 5


class CallerFetcher:
    """Runs a pull's requests, and leaves some of each minute to others."""

    def __init__(self, caller: Caller, leave: int | None) -> None:
        """Wrap a caller.

        Args:
            caller: Runs requests.
            leave: Requests a minute to leave; None for 5 where the pacing is courteous, else none.

        Raises:
            ValidationError: `leave` is no whole number from 0.
        """
        if leave is not None and (isinstance(leave, bool) or not isinstance(leave, int) or leave < 0):
            raise ValidationError(f"leave is {leave!r}: give a whole number of requests a minute, from 0")
        self._caller = caller
        self._leave = leave
        self._leaving: Leaving | None = None

    async def run(self, request: Request[T]) -> T:
        """Send a request as the quota, less what is left to others, allows."""
        if self._leaving is None:
            self._leaving = await self._settle()
        async with self._leaving.share():
            return await self._caller.run(request)

    def now(self) -> dt.datetime:
        """Return the instant that an answer is stamped with."""
        return self._caller.now()

    async def estimate(self, n: int) -> float:
        """Return in how many seconds `n` further requests would all be answered."""
        if self._leaving is None:
            self._leaving = await self._settle()
        return max(await self._caller.limiter.estimate(n), await self._leaving.estimate(n))

    def concurrency(self) -> int:
        """Return how many requests the quota lets fly at once."""
        return self._caller.quota.max_concurrent or 64

    async def _settle(self) -> Leaving:
        courteous = (await self._caller.limiter.snapshot()).pacing == "courteous"
        leave = self._leave
        if leave is None:
            leave = _LEFT_WHEN_COURTEOUS if courteous else 0
        return Leaving(leaving_quota(self._caller.quota, leave, courteous=courteous))
