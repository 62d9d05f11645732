"""The events that the client passes to `on_event`: one for each step of a call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Event", "EventHook", "EventKind"]

EventKind: TypeAlias = Literal["queued", "sent", "answered", "retried", "refused"]


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a call.

    Attributes:
        kind: "queued": the call starts to wait for quota. "sent": an attempt was sent. "answered": an attempt
            ended with a response or an error. "refused": the response was a rate limit. "retried": an attempt
            failed, or was never sent, and another one follows. Nothing more is reported about an attempt
            after its caller stopped waiting.
        operation: The operation's name, such as "kmi.get_rankings".
        attempt: The attempt's number, from 1; 0 before the first one was sent.
        duration: Seconds: the wait for quota of "sent", the time since sending of "answered" and "refused",
            the pause before the next attempt of "retried"; 0.0 for "queued".
        error: The error, or None.
    """

    kind: EventKind
    operation: str
    attempt: int
    duration: float
    error: Exception | None = None


EventHook: TypeAlias = Callable[[Event], None]
