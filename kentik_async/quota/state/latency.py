"""Estimates the latency, and decides whether to stay within the soft limit. Pure."""

from math import inf

import msgspec

from kentik_async.quota.limits import Pacing, Quota

__all__ = ["LatencyEstimator"]

_ASSUMED_LATENCY = 0.05 / 60  # of a minute, before the first answer
_SOFTWARE = 0.001
"""Seconds that the client and the server add to a latency, and their timers to a delay, on any clock."""

_FIRST = 0.01
"""Seconds of set-up in a first answer: connection settings, code that has not run before, empty caches."""

_SET_UP = 8.0
_SETTLING = 3
"""If one of the first answers takes less than an eighth of the earlier ones, those measured set-up:
connections, imports, empty caches of the server."""

_ENOUGH = 15
_WEIGHT = 1 / (_ENOUGH + 1)
"""The weight of one answer, after the first few: the last 11 answers make up half of the average."""

_OUTLIER = 4.0
"""An answer counts as at most this many times the usual latency: one slow request must not change it much."""


class LatencyEstimator(msgspec.Struct, array_like=True):
    """The measured latency, and the expected one.

    Attributes:
        latency: Seconds from sending to an answer that is not delayed; None before the first answer.
        answers: The number of answers that `latency` is based on, up to `_ENOUGH`.
        late_answers: The number of answers that `late_latency` is based on, up to `_ENOUGH` + 1.
        late_latency: Seconds from sending to an answer that is delayed; valid if `late_answers` is not 0.
    """

    latency: float | None = None
    answers: int = 0
    late_answers: int = 0
    late_latency: float = 0.0

    def learn(self, quota: Quota, took: float, delayed: bool) -> None:
        """Record how long an answer took, counted from sending.

        `delayed` is by our count. The server counts from receipt, which the client cannot see, so close to
        the limit the server may have decided differently.
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
        """Return the expected latency, also before the first answer."""
        latency, assumed = self.latency, quota.minute * _ASSUMED_LATENCY + _SOFTWARE
        if latency is None:
            return assumed
        if self.answers or quota.minute >= 60.0:
            return latency
        # A compressed clock does not compress set-up, which would count as a multiple of the vendor's time.
        return max(latency - _FIRST, min(latency, assumed))

    def expected_late(self, quota: Quota) -> float:
        """Return the seconds from sending to an answer that is delayed: as measured, else as documented."""
        return self.late_latency if self.late_answers else self.expected(quota) + quota.soft_delay + _SOFTWARE

    def courteous(self, quota: Quota, pacing: Pacing) -> bool:
        """Return whether requests must stay within the soft limit at present."""
        if pacing == "auto":
            return self.latency is not None and quota.prefers_courtesy(self.latency)
        return pacing == "courteous"
