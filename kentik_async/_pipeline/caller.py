"""What a resource needs of the client: a pipeline and the caller's choices."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from kentik_async._clock import Clock
from kentik_async._operations import Request
from kentik_async._pipeline import CallOptions, Pipeline
from kentik_async.quota import Limiter, Quota

__all__ = ["Caller"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Runs requests with one set of options; shared by all resources of a client or of a view on it."""

    pipeline: Pipeline
    options: CallOptions
    clock: Clock
    limiter: Limiter
    quota: Quota

    async def run(self, request: Request[T]) -> T:
        """Send a request as the quota allows and return its result."""
        return await self.pipeline.run(request, self.options)

    def now(self) -> datetime:
        """Return the instant that an answer is stamped with."""
        return self.clock.utc_now()
