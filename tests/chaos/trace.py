"""What one caller saw, and how much later than promised he was let go."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from kentik_async import ConnectError, Event

__all__ = ["End", "Trace", "current", "follow"]

current: ContextVar["Trace | None"] = ContextVar("current", default=None)
"""The call that the running task makes: the client's events do not say to which call they belong."""


@dataclass(frozen=True, slots=True)
class End:
    """How a call failed. The exception itself is let go: it would hold on to all that is to be gone."""

    kind: type[BaseException]
    attempts: int
    words: str

    @classmethod
    def of(cls, error: BaseException) -> "End":
        """Note what matters of an exception."""
        return cls(type(error), getattr(error, "attempts", 0), str(error))


@dataclass(slots=True)
class Trace:
    """The course of one call.

    Attributes:
        timeout: How long an attempt may take, in seconds.
        patience: How long a missing connection is waited for, in seconds.
        sends: How many requests went out, as far as the client knows.
        sent: When the present attempt was sent; None between attempts.
        unsent: Whether a connection was lost before the present attempt was sent.
        waiting: Since when the call could have been sent.
        ended: When its caller was let go.
        error: What with, None for success.
    """

    timeout: float
    patience: float
    sends: int = 0
    sent: float | None = None
    unsent: bool = False
    waiting: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    error: End | None = None

    def late(self, gone_since: float) -> float:
        """Return how many seconds after the promised end the caller was let go; below zero for before.

        Args:
            gone_since: When the peer went away permanently. A call in the queue starts its wait again then.
        """
        if self.sent is None or (self.error is not None and self.error.kind is ConnectError):
            return self.ended - max(self.waiting, gone_since) - self.patience
        return self.ended - self.sent - self.timeout


def follow(event: Event) -> None:
    """Enter an event in the trace of the call that it belongs to; the client's `on_event`."""
    trace = current.get()
    if trace is None:
        return
    now = time.monotonic()
    if event.kind == "sent":
        trace.sent = now
        trace.sends += 1
    elif event.kind == "retried":
        trace.sent = None
        # A failed attempt begins anew after its pause; what was never sent waits on since the first time.
        if not isinstance(event.error, ConnectError):
            trace.waiting, trace.unsent = now + event.duration, False
            return
        trace.sends -= 1
        if not trace.unsent:
            trace.waiting, trace.unsent = now, True
    elif event.kind == "refused":
        trace.sent, trace.waiting = None, now
