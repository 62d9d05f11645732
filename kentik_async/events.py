"""What the client reports while it works: one record a step, handed to a plain function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Event", "EventHook", "EventKind"]

EventKind: TypeAlias = Literal["queued", "sent", "answered", "retried", "refused"]


@dataclass(frozen=True, slots=True)
class Event:
    """One step in a call's life.

    Attributes:
        kind: "queued" when the call asks for quota, "sent" when an attempt goes out, "answered" when it
            ended (with an error too), "refused" when the answer was a rate limit, "retried" when an
            attempt failed, or turned out never to have left, and another will follow. An attempt whose
            caller stopped waiting is reported no further.
        operation: The operation's name, such as "kmi.get_rankings".
        attempt: The attempt's number, from 1; 0 while none was sent.
        duration: Seconds: of waiting for "sent", from sending for "answered" and "refused", until the
            next attempt for "retried"; 0.0 for "queued".
        error: What went wrong, or None.
    """

    kind: EventKind
    operation: str
    attempt: int
    duration: float
    error: Exception | None = None


EventHook: TypeAlias = Callable[[Event], None]
