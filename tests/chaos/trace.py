"""The trace of one caller, and its delay after the deadline."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from kentik_async import ConnectError, Event

__all__ = ["End", "Trace", "current", "follow"]

current: ContextVar["Trace | None"] = ContextVar("current", default=None)
"""The call that the running task makes: the client's events do not say to which call they belong."""


@dataclass(frozen=True, slots=True)
class End:
    """How a call failed. The exception itself is not kept, because it would keep objects alive."""

    kind: type[BaseException]
    attempts: int
    words: str

    @classmethod
    def of(cls, error: BaseException) -> "End":
        """Store the relevant parts of an exception."""
        return cls(type(error), getattr(error, "attempts", 0), str(error))


@dataclass(slots=True)
class Trace:
    """The trace of one call.

    Attributes:
        timeout: Maximum duration of an attempt, in seconds.
        patience: Maximum wait for a missing connection, in seconds.
        sends: The number of requests that were sent, as far as the client knows.
        sent: When the current attempt was sent; None between attempts.
        unsent: Whether a connection was lost before the current attempt was sent.
        waiting: The time since which the call could have been sent.
        ended: When its caller was released.
        error: The error, None for success.
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
        """Return by how many seconds the caller was released after its deadline; negative if before.

        Args:
            gone_since: When the peer went away permanently. A call in the queue starts its wait again then.
        """
        if self.sent is None or (self.error is not None and self.error.kind is ConnectError):
            return self.ended - max(self.waiting, gone_since) - self.patience
        return self.ended - self.sent - self.timeout


def follow(event: Event) -> None:
    """Record an event in the trace of its call; the client's `on_event`."""
    trace = current.get()
    if trace is None:
        return
    now = time.monotonic()
    if event.kind == "sent":
        trace.sent = now
        trace.sends += 1
    elif event.kind == "retried":
        trace.sent = None
        # After a failed attempt, the wait starts again after the pause; an unsent attempt continues the wait.
        if not isinstance(event.error, ConnectError):
            trace.waiting, trace.unsent = now + event.duration, False
            return
        trace.sends -= 1
        if not trace.unsent:
            trace.waiting, trace.unsent = now, True
    elif event.kind == "refused":
        trace.sent, trace.waiting = None, now
