"""The vendor's rate limits, as a server applies them to the requests of one customer in one class.

This is a reading of its own: it shares no line with the client's limiter, so that each checks the other.

Source: Kentik KB, "Kentik APIs", section "API Rate Limiting". Where the page leaves a choice open:

* A request counts from its receipt whatever becomes of it, a refused one too ("each request counted …
  from receipt").
* The page notes beside the hard limit that it is reached only by exceeding the concurrent requests. That
  does not follow from its numbers for fast queries, so both per-minute limits are applied as they stand.
* What happens to a request that is only over the concurrency is not said: it is counted as an overrun, and
  refused when the ledger is strict.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["NON_QUERY", "QUERY", "Ledger", "Limits", "Refusal", "Verdict", "judge"]

Refusal = Literal["", "concurrency", "minute", "hour"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one customer may ask of one class of API.

    Attributes:
        concurrent: Requests received and not yet answered, at most.
        soft: Requests in a rolling minute beyond which each answer is delayed.
        soft_delay: That delay, in seconds.
        hard: Requests in a rolling minute beyond which each is refused with 429.
        hourly: Requests in a rolling hour beyond which each is refused with 429.
        minute: The length of a minute, in seconds.
        hour: The length of an hour, in seconds.
    """

    concurrent: int
    soft: int
    soft_delay: float
    hard: int
    hourly: int
    minute: float = 60.0
    hour: float = 3600.0

    def compressed(self, speed: float) -> "Limits":
        """Return the same numbers in a world where every span of time is `speed` times shorter."""
        return replace(
            self, soft_delay=self.soft_delay / speed, minute=self.minute / speed, hour=self.hour / speed
        )


NON_QUERY = Limits(concurrent=1, soft=20, soft_delay=1.5, hard=60, hourly=3750)
QUERY = Limits(concurrent=4, soft=30, soft_delay=1.0, hard=100, hourly=1500)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one request at the instant of its receipt.

    Attributes:
        delay: Seconds by which its answer is held back; 0 if it is within the soft limit, or refused.
        refusal: Which limit refuses it, "" if none.
        retry_after: Seconds until another request is admitted if none arrives meanwhile; None if this one is
            not refused, or refused for concurrency, whose end nobody knows.
        concurrent: Requests under way at its receipt, itself included.
        overrun: Whether that is more than the class allows.
        in_minute: Requests of the rolling minute, itself included.
        in_hour: Requests of the rolling hour, itself included.
    """

    delay: float
    refusal: Refusal
    retry_after: float | None
    concurrent: int
    overrun: bool
    in_minute: int
    in_hour: int

    @property
    def violation(self) -> bool:
        """Whether the request exceeds a limit that a well-behaved client keeps."""
        return self.overrun or bool(self.refusal)


def judge(
    limits: Limits,
    minute: Sequence[float],
    hour: Sequence[float],
    under_way: int,
    received: float,
    *,
    strict: bool = False,
) -> Verdict:
    """Judge a request that has just been received.

    Args:
        limits: The limits of its class.
        minute: Receipts of the rolling minute, oldest first, this one last.
        hour: Receipts of the rolling hour, oldest first, this one last.
        under_way: Earlier requests that are not answered yet.
        received: The instant of receipt.
        strict: Whether an overrun of the concurrency is refused too.

    Returns:
        The verdict; nothing is changed.
    """
    refusal: Refusal = ""
    overrun = under_way >= limits.concurrent
    if overrun and strict:
        refusal = "concurrency"
    if len(minute) > limits.hard:
        refusal = "minute"
    if len(hour) > limits.hourly:
        refusal = "hour"
    retry_after: float | None = None
    if refusal in ("minute", "hour"):
        # The next request must find room in both windows, whichever of them this one exceeds.
        room_in_minute = _room(minute, limits.hard, limits.minute, received)
        retry_after = max(room_in_minute, _room(hour, limits.hourly, limits.hour, received))
    delayed = len(minute) > limits.soft and not refusal
    return Verdict(
        delay=limits.soft_delay if delayed else 0.0,
        refusal=refusal,
        retry_after=retry_after,
        concurrent=under_way + 1,
        overrun=overrun,
        in_minute=len(minute),
        in_hour=len(hour),
    )


def _room(window: Sequence[float], limit: int, length: float, now: float) -> float:
    """Return the seconds until a window has room for one more request."""
    return window[-limit] + length - now if len(window) >= limit else 0.0


class Ledger:
    """The requests of one customer in one class: what is under way, and what still counts."""

    def __init__(self, limits: Limits, *, strict: bool = False) -> None:
        self.limits = limits
        self.strict = strict
        self.under_way = 0
        self._minute: deque[float] = deque()
        self._hour: deque[float] = deque()

    def receive(self, received: float) -> Verdict:
        """Enter a request into the ledger, and judge it.

        Args:
            received: The instant of receipt, in seconds; never earlier than that of the last one.
        """
        for window, length in ((self._minute, self.limits.minute), (self._hour, self.limits.hour)):
            while window and window[0] + length <= received:
                window.popleft()
            window.append(received)
        verdict = judge(self.limits, self._minute, self._hour, self.under_way, received, strict=self.strict)
        self.under_way += 1
        return verdict

    def left(self, now: float) -> tuple[int, float]:
        """Return how many more requests are admitted, and in how many seconds there will be room for one."""
        limits = self.limits
        left = min(limits.hard - len(self._minute), limits.hourly - len(self._hour))
        room_in_minute = _room(self._minute, limits.hard, limits.minute, now)
        return max(left, 0), max(room_in_minute, _room(self._hour, limits.hourly, limits.hour, now))

    def answer(self) -> None:
        """Note that a request, refused or not, has been answered: it is no longer under way."""
        self.under_way -= 1
