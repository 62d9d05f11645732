"""One call's state through all its attempts."""

from dataclasses import dataclass
from typing import Any

from kentik_async._operations import Request
from kentik_async._pipeline.settings import CallOptions
from kentik_async.errors import KentikError, RateLimitedError

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """One call's state.

    Attributes:
        request: What to send.
        options: The caller's choices.
        queued_since: The monotonic instant at which it first asked for quota: its turn in the queue.
        priority: 1 high, 0 normal, -1 low.
        sent: How many attempts went out.
        failed: How many of them failed, refusals left aside.
        waited: Seconds spent waiting for quota.
        unsent_until: Until when it is tried to send it, None while things are well.
        refused_since: When it was first refused.
        refusal: How it was last refused.
    """

    request: Request[Any]
    options: CallOptions
    queued_since: float
    priority: int
    sent: int = 0
    failed: int = 0
    waited: float = 0.0
    unsent_until: float | None = None
    refused_since: float | None = None
    refusal: RateLimitedError | None = None

    def sign(self, error: KentikError) -> None:
        """Enter in an error what it happened to."""
        error.operation = self.request.operation.name
        error.attempts = self.sent
