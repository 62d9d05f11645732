"""The vendor's rate limits, as a server applies them to one customer and quota class.

This implementation is independent of the client's limiter, so that each checks the other.

Source: Kentik KB, "Kentik APIs", section "API Rate Limiting". Decisions where the page is not explicit:

* Every request counts from its receipt, including a refused one ("each request counted … from receipt").
* The page says that the hard limit is reached only by exceeding the concurrency limit. For fast queries that
  does not follow from its numbers, so the emulator enforces both per-minute limits.
* The page does not say what happens to a request that exceeds only the concurrency limit. It is counted as
  an overrun, and refused if the limiter is strict.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["NON_QUERY", "QUERY", "RateLimitDecision", "RateLimiter", "RateLimits", "Refusal", "decide"]

Refusal = Literal["", "concurrency", "minute", "hour"]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one quota class.

    Attributes:
        concurrent: Maximum number of requests in flight.
        soft: Requests in a rolling minute; each answer beyond is delayed.
        soft_delay: That delay, in seconds.
        hard: Requests in a rolling minute; each request beyond is refused with 429.
        hourly: Requests in a rolling hour; each request beyond is refused with 429.
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

    def scaled(self, speed: float) -> "RateLimits":
        """Return the same limits with all durations divided by `speed`."""
        return replace(
            self, soft_delay=self.soft_delay / speed, minute=self.minute / speed, hour=self.hour / speed
        )


NON_QUERY = RateLimits(concurrent=1, soft=20, soft_delay=1.5, hard=60, hourly=3750)
QUERY = RateLimits(concurrent=4, soft=30, soft_delay=1.0, hard=100, hourly=1500)


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """The decision about one request at its receipt.

    Attributes:
        delay: Seconds by which the answer is delayed; 0 if the request is within the soft limit or refused.
        refusal: The limit that refuses the request; "" if none.
        retry_after: Seconds until another request is allowed if none arrives before. None if the request is
            not refused, or is refused for concurrency, because that wait is unknown.
        concurrent: Requests in flight, including this one.
        overrun: Whether that is more than allowed.
        in_minute: Requests in the rolling minute, including this one.
        in_hour: Requests in the rolling hour, including this one.
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
        """Whether the request exceeds the concurrency, minute or hour limit."""
        return self.overrun or bool(self.refusal)


def decide(
    limits: RateLimits,
    minute: Sequence[float],
    hour: Sequence[float],
    in_flight: int,
    received: float,
    *,
    strict: bool = False,
) -> RateLimitDecision:
    """Decide about a request that has just been received. Pure.

    Args:
        limits: The limits of its class.
        minute: Times of receipt in the rolling minute, oldest first, including this request.
        hour: Times of receipt in the rolling hour, oldest first, including this request.
        in_flight: Number of earlier requests that are not answered.
        received: The time of receipt.
        strict: Refuse requests over the concurrency limit.
    """
    refusal: Refusal = ""
    overrun = in_flight >= limits.concurrent
    if overrun and strict:
        refusal = "concurrency"
    if len(minute) > limits.hard:
        refusal = "minute"
    if len(hour) > limits.hourly:
        refusal = "hour"
    retry_after: float | None = None
    if refusal in ("minute", "hour"):
        # The next request must fit into both windows, whichever of them this one exceeds.
        minute_wait = _wait(minute, limits.hard, limits.minute, received)
        retry_after = max(minute_wait, _wait(hour, limits.hourly, limits.hour, received))
    delayed = len(minute) > limits.soft and not refusal
    return RateLimitDecision(
        delay=limits.soft_delay if delayed else 0.0,
        refusal=refusal,
        retry_after=retry_after,
        concurrent=in_flight + 1,
        overrun=overrun,
        in_minute=len(minute),
        in_hour=len(hour),
    )


def _wait(window: Sequence[float], limit: int, length: float, now: float) -> float:
    """Return the seconds until a window allows one more request."""
    return window[-limit] + length - now if len(window) >= limit else 0.0


class RateLimiter:
    """The rate limiter of one customer and quota class: requests in flight and in the rolling windows."""

    def __init__(self, limits: RateLimits, *, strict: bool = False) -> None:
        self.limits = limits
        self.strict = strict
        self.in_flight = 0
        self._minute: deque[float] = deque()
        self._hour: deque[float] = deque()

    def receive(self, received: float) -> RateLimitDecision:
        """Record a request and decide about it.

        Args:
            received: The time of receipt in seconds; never earlier than that of the previous request.
        """
        for window, length in ((self._minute, self.limits.minute), (self._hour, self.limits.hour)):
            while window and window[0] + length <= received:
                window.popleft()
            window.append(received)
        decision = decide(self.limits, self._minute, self._hour, self.in_flight, received, strict=self.strict)
        self.in_flight += 1
        return decision

    def remaining(self, now: float) -> tuple[int, float]:
        """Return the number of requests still allowed, and the seconds until the next one is allowed."""
        limits = self.limits
        remaining = min(limits.hard - len(self._minute), limits.hourly - len(self._hour))
        minute_wait = _wait(self._minute, limits.hard, limits.minute, now)
        return max(remaining, 0), max(minute_wait, _wait(self._hour, limits.hourly, limits.hour, now))

    def answer(self) -> None:
        """Record that a request was answered or refused and is no longer in flight."""
        self.in_flight -= 1
