"""The vendor's limits, and the types of the quota.

Source of the numbers: Kentik KB, "Kentik APIs", section "API Rate Limiting".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeAlias

from kentik_async.errors import ConfigError

__all__ = ["PACINGS", "QUOTA_CLASSES", "Allowance", "Outcome", "Pacing", "Quota", "QuotaClass"]

QuotaClass: TypeAlias = Literal["non_query", "query"]
QUOTA_CLASSES: tuple[QuotaClass, ...] = ("non_query", "query")

Outcome: TypeAlias = Literal["answered", "refused", "not_sent", "unknown"]

Pacing: TypeAlias = Literal["throughput", "courteous", "auto"]
PACINGS: Mapping[Pacing, int] = {"throughput": 0, "auto": 1, "courteous": 2}
"""The pacings by strictness: if two clients share a limiter, the stricter pacing applies to both."""

_LIMITS = ("max_concurrent", "soft_per_minute", "hard_per_minute", "per_hour")
_TIMES = ("soft_delay", "minute", "hour", "drain")


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of one customer in one class of requests. None means no limit.

    Attributes:
        max_concurrent: Requests in flight at once: received before the previous one was answered.
        soft_per_minute: Requests in a rolling minute; beyond them each answer is delayed.
        soft_delay: That delay, in seconds.
        hard_per_minute: Requests in a rolling minute; beyond them requests are refused with 429.
        per_hour: Requests in a rolling hour; beyond them requests are refused with 429.
        minute: The length of a minute, in seconds; different from 60 only with a compressed clock.
        hour: The length of an hour, in seconds.
        drain: How long, in seconds, an abandoned request may continue to run at the server.
    """

    max_concurrent: int | None
    soft_per_minute: int | None
    soft_delay: float
    hard_per_minute: int | None
    per_hour: int | None
    minute: float = 60.0
    hour: float = 3600.0
    drain: float = 10.0

    NON_QUERY: ClassVar["Quota"]
    QUERY: ClassVar["Quota"]

    def __post_init__(self) -> None:
        for name in _LIMITS:
            limit = getattr(self, name)
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
                raise ConfigError(
                    f"Quota.{name} is {limit!r}: give a whole number from 1, or None for no limit"
                )
        for name in _TIMES:
            seconds, may_be_0 = getattr(self, name), name in ("soft_delay", "drain")
            number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
            if not (number and 0 <= seconds < math.inf and (seconds or may_be_0)):
                least = "from 0" if may_be_0 else "above 0"
                raise ConfigError(f"Quota.{name} is {seconds!r}: give a finite number of seconds {least}")

    def scaled(self, speed: float) -> "Quota":
        """Return the same limits for a clock that runs `speed` times as fast.

        Args:
            speed: The factor, above 0. Every time is divided by it: at 60, a minute lasts a second.

        Raises:
            ConfigError: `speed` is not a finite number above 0.
        """
        if not (isinstance(speed, int | float) and math.isfinite(speed) and speed > 0):
            raise ConfigError(f"speed is {speed!r}: give a finite number above 0")
        return replace(self, **{name: getattr(self, name) / speed for name in _TIMES})

    def combined(self, other: "Quota") -> "Quota":
        """Return the stricter value of each limit of two quotas: fewer requests, longer times."""
        strictest: dict[str, Any] = {}
        for name in _LIMITS:
            known = [limit for limit in (getattr(self, name), getattr(other, name)) if limit is not None]
            strictest[name] = min(known, default=None)
        for name in _TIMES:
            strictest[name] = max(getattr(self, name), getattr(other, name))
        return Quota(**strictest)

    def prefers_courtesy(self, latency: float) -> bool:
        """Return whether staying within the soft limit is at least as fast as accepting its delays.

        Beyond the soft limit, `max_concurrent` requests are answered per (delay + latency); within it,
        `soft_per_minute` per minute. `latency`, in seconds and without the delay, decides which is faster.
        """
        if self.soft_per_minute is None or self.max_concurrent is None:
            return False
        return latency >= self.minute * self.max_concurrent / self.soft_per_minute - self.soft_delay


Quota.NON_QUERY = Quota(
    max_concurrent=1, soft_per_minute=20, soft_delay=1.5, hard_per_minute=60, per_hour=3750
)
Quota.QUERY = Quota(max_concurrent=4, soft_per_minute=30, soft_delay=1.0, hard_per_minute=100, per_hour=1500)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The remaining requests of a quota, by the server's count.

    Attributes:
        left: Requests left after the request whose answer reported it.
        reset: Seconds until the server resets the count, or accepts requests again.
    """

    left: int
    reset: float
