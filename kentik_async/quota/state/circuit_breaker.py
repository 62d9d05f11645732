"""What a refusal does to everyone: a pause, then one probe, then all go on. Pure.

A refusal says that the server's count and ours disagree (someone else spends the same quota), so sending on
would only add refusals. One request then tries; the others wait for what it meets.
"""

from math import inf, isfinite

import msgspec

from kentik_async.quota.limits import Quota

__all__ = ["CircuitBreaker"]

_LONGEST_STREAK = 16
_LONGEST_PAUSE = 24 * 3600.0  # seconds; more is taken for a mistake


class CircuitBreaker(msgspec.Struct, array_like=True):
    """The state of one quota class after refusals.

    Attributes:
        generation: Counts the openings. A request carries the generation it was granted in, so that the
            answers to requests sent before an opening neither close the breaker nor extend the pause.
        is_open: Whether requests are held back.
        blocked_until: When the pause ends and a probe may go; meaningful while `is_open`.
        half_open: Whether a probe is in flight.
        streak: Refusals in a row.
    """

    generation: int = 0
    is_open: bool = False
    blocked_until: float = -inf
    half_open: bool = False
    streak: int = 0

    def free_at(self, now: float) -> float:
        """Return when a request may go as far as the breaker is concerned; infinity while a probe flies."""
        if not self.is_open:
            return now
        return inf if self.half_open else max(now, self.blocked_until)

    def refused(self, quota: Quota, now: float, generation: int, retry_after: float | None) -> bool:
        """Enter a refusal of a request that was granted in `generation`; return whether it is news.

        `retry_after` is the pause that the server requested, in real seconds. None, or what is no finite
        number from 0, stands for none: then the pause is a quarter of a minute, doubling up to a minute while
        probes are refused.
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
        """Enter that a request granted in `generation` was answered: if it was the probe, all may go."""
        if generation == self.generation and self.is_open:
            self.is_open = False
            self.half_open = False
            self.streak = 0

    def probe_lost(self, generation: int) -> None:
        """Enter that the probe told nothing (cancelled, never sent, lost): the next request probes."""
        if generation == self.generation:
            self.half_open = False
