"""How long an answer takes, and whether it pays to stay under the soft limit. Pure."""

from collections.abc import Iterable
from math import inf

from kentik_async.quota.rules import Pacing, Quota

__all__ = ["Pace"]

_ASSUMED_LATENCY = 0.05 / 60  # of a minute, before the first answer

_ENOUGH = 15
_WEIGHT = 1 / (_ENOUGH + 1)
"""Of one answer against the past, the first few aside: half of what is known is from the last 11 answers."""

_OUTLIER = 4.0
"""An answer counts as at most so many times the usual latency: one stuck request must not change the pace."""


class Pace:
    """The latency measured, and the pacing that follows from it.

    Attributes:
        pacing: The pacing wished for.
        latency: Seconds from sending to an answer that is not delayed; None before the first answer.
    """

    __slots__ = ("_answers", "_quota", "latency", "pacing")

    def __init__(self, quota: Quota, pacing: Pacing) -> None:
        self._quota = quota
        self._answers = 0
        self.pacing: Pacing = pacing
        self.latency: float | None = None

    def learn(self, ended: Iterable[tuple[float, float]], *, delayed: bool) -> None:
        """Enter how long answers took.

        Args:
            ended: When each request was sent and when it was answered.
            delayed: Whether, by our count, the server delayed them: it counts from receipt, which we
                cannot see, so about the limit's edge it may have been otherwise.
        """
        latency, answers = self.latency, self._answers
        delay = self._quota.soft_delay if delayed else inf
        for sent, answered in ended:
            duration = answered - sent
            if latency is None:
                latency = duration - delay if duration >= delay else duration
                continue
            if duration >= delay and duration - delay / 2 > latency:
                duration -= delay
            if duration > _OUTLIER * latency > 0:
                duration = _OUTLIER * latency
            answers += 1
            latency += (duration - latency) * (_WEIGHT if answers > _ENOUGH else 1 / (answers + 1))
        self.latency, self._answers = latency, answers

    def expected(self) -> float:
        """Return the latency to reckon with, also before the first answer."""
        return self._quota.minute * _ASSUMED_LATENCY if self.latency is None else self.latency

    def courteous(self) -> bool:
        """Tell whether the soft limit is to be kept like a hard one at present."""
        if self.pacing == "auto":
            return self.latency is not None and self._quota.prefers_courtesy(self.latency)
        return self.pacing == "courteous"
