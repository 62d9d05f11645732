"""How long an answer takes, and whether it pays to stay under the soft limit. Pure."""

from math import inf

import msgspec

from kentik_async.quota.limits import Pacing, Quota

__all__ = ["LatencyEstimator"]

_ASSUMED_LATENCY = 0.05 / 60  # of a minute, before the first answer
_SOFTWARE = 0.001
"""Seconds that both sides' programs add to a latency, and their timers to a delay, whatever the clock."""

_FIRST = 0.01
"""Seconds of set-up in a first answer: a connection's settings, code that never ran before, empty caches."""

_SET_UP = 8.0
_SETTLING = 3
"""One of the first answers that takes less than an eighth of those before it shows that they were set-up:
connections, imports, a server's empty caches."""

_ENOUGH = 15
_WEIGHT = 1 / (_ENOUGH + 1)
"""Of one answer against the past, the first few aside: half of what is known is from the last 11 answers."""

_OUTLIER = 4.0
"""An answer counts as at most so many times the usual latency: one stuck request must not change the pace."""


class LatencyEstimator(msgspec.Struct, array_like=True):
    """The latency measured, and what to expect.

    Attributes:
        latency: Seconds from sending to an answer that is not delayed; None before the first answer.
        answers: How many answers that rests on, as far as it matters.
        late_answers: How many answers `late_latency` rests on, as far as it matters.
        late_latency: Seconds from sending to an answer that is delayed; meaningful with `late_answers`.
    """

    latency: float | None = None
    answers: int = 0
    late_answers: int = 0
    late_latency: float = 0.0

    def learn(self, quota: Quota, took: float, delayed: bool) -> None:
        """Enter how long an answer took, from its sending.

        `delayed` is by our count: the server counts from receipt, which we cannot see, so about the limit's
        edge it may have been otherwise.
        """
        latency, delay = self.latency, quota.soft_delay if delayed else inf
        late = took >= delay and (latency is None or took - delay / 2 > latency)
        if late:
            longest = delay + _OUTLIER * latency if latency else inf
            self.late_answers = min(self.late_answers + 1, _ENOUGH + 1)
            self.late_latency += (min(took, longest) - self.late_latency) / self.late_answers
            took -= delay
        if latency is None or (not late and self.answers < _SETTLING and took * _SET_UP < latency):
            self.latency, self.answers = took, 0
            return
        if took > _OUTLIER * latency > 0:
            took = _OUTLIER * latency
        weight = _WEIGHT
        if self.answers < _ENOUGH:
            self.answers += 1
            weight = 1 / (self.answers + 1)
        self.latency = latency + (took - latency) * weight

    def expected(self, quota: Quota) -> float:
        """Return the latency to reckon with, also before the first answer."""
        latency, assumed = self.latency, quota.minute * _ASSUMED_LATENCY + _SOFTWARE
        if latency is None:
            return assumed
        if self.answers or quota.minute >= 60.0:
            return latency
        # Where the clock is compressed set-up is not, and would be taken for so much of the vendor's time.
        return max(latency - _FIRST, min(latency, assumed))

    def expected_late(self, quota: Quota) -> float:
        """Return the seconds from sending to an answer that is delayed: as measured, else as announced."""
        return self.late_latency if self.late_answers else self.expected(quota) + quota.soft_delay + _SOFTWARE

    def courteous(self, quota: Quota, pacing: Pacing) -> bool:
        """Tell whether the soft limit is to be kept like a hard one at present."""
        if pacing == "auto":
            return self.latency is not None and quota.prefers_courtesy(self.latency)
        return pacing == "courteous"
