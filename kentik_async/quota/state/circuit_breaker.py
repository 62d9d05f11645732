"""The pause after a refusal: all requests wait, then one probe is sent, then all continue. Pure.

A refusal shows that the server's count and ours differ (another program uses the same quota), so more
requests would only cause more refusals. After the pause one request is the probe; the others wait for it.
"""

from math import inf, isfinite

import msgspec

from kentik_async.quota.limits import Quota

__all__ = ["CircuitBreaker"]

_LONGEST_STREAK = 16
_LONGEST_PAUSE = 24 * 3600.0  # seconds; a longer one is considered a mistake


class CircuitBreaker(msgspec.Struct, array_like=True):
    """The state of one quota class after refusals.

    Attributes:
        generation: Counts how often the breaker opened. A request carries the generation it was granted in,
            so the answer to a request sent before the breaker opened does not close it or extend the pause.
        is_open: Whether requests are held back.
        blocked_until: When the pause ends and a probe may be sent; valid only while `is_open`.
        half_open: Whether a probe is in flight.
        streak: Refusals in a row.
    """

    generation: int = 0
    is_open: bool = False
    blocked_until: float = -inf
    half_open: bool = False
    streak: int = 0

    def free_at(self, now: float) -> float:
        """Return when the breaker lets a request be sent; infinity while a probe is in flight."""
        if not self.is_open:
            return now
        return inf if self.half_open else max(now, self.blocked_until)

    def refused(self, quota: Quota, now: float, generation: int, retry_after: float | None) -> bool:
        """Record a refusal of a request granted in `generation`; return whether it opens the breaker.

        `retry_after` is the pause that the server requested, in real seconds. If it is None, negative or not
        finite, the pause is a quarter of a minute, doubling up to a minute while probes are refused.
        """
        if generation != self.generation:
            return False
        if retry_after is None or not isfinite(retry_after) or retry_after < 0:
            retry_after = min(quota.minute / 4 * 2.0**self.streak, quota.minute)
        self.streak = min(self.streak + 1, _LONGEST_STREAK)
        self.generation += 1
        self.is_open = True
        self.half_open = False
        self.blocked_until = now + min(retry_after, _LONGEST_PAUSE)
        return True

    def answered(self, generation: int) -> None:
        """Record the answer to a request granted in `generation`: if it was the probe, close the breaker."""
        if generation == self.generation and self.is_open:
            self.is_open = False
            self.half_open = False
            self.streak = 0

    def probe_lost(self, generation: int) -> None:
        """Record that the probe has no result (cancelled, not sent, lost): the next request is the probe."""
        if generation == self.generation:
            self.half_open = False
