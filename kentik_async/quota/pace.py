"""How long an answer takes, and whether it pays to stay under the soft limit. Pure."""

from collections.abc import Sequence
from math import inf

from kentik_async.quota.limits import Pacing, Quota

__all__ = ["Pace"]

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

_LESSONS = 32
"""Of many answers entered at once, how many of the latest to learn from."""

_OUTLIER = 4.0
"""An answer counts as at most so many times the usual latency: one stuck request must not change the pace."""


class Pace:
    """The latency measured, and the pacing that follows from it.

    Attributes:
        pacing: The pacing wished for.
        latency: Seconds from sending to an answer that is not delayed; None before the first answer.
    """

    __slots__ = ("_answers", "_delayed", "_late", "_quota", "latency", "pacing")

    def __init__(self, quota: Quota, pacing: Pacing) -> None:
        self._quota = quota
        self._answers = 0
        self._late = 0
        self._delayed = 0.0
        self.pacing: Pacing = pacing
        self.latency: float | None = None

    def delays(self, ended: Sequence[tuple[float, float]], sends: Sequence[float]) -> list[bool]:
        """Tell for each of many answers whether it was beyond the soft limit, so that it was delayed.

        Of very many only the latest are told of, since those before hardly count.

        Args:
            ended: When each request was sent and when it was answered.
            sends: When the latest `soft_per_minute` requests before these were sent.
        """
        soft, minute, before = self._quota.soft_per_minute, self._quota.minute, len(sends)
        places = range(max(len(ended) - _LESSONS, 0), len(ended))
        if soft is None:
            return [False] * len(places)
        found = []
        for place in places:
            other = before + place - soft  # the one that must have left the minute
            instant = -inf if other < 0 else sends[other] if other < before else ended[other - before][0]
            found.append(instant + minute > ended[place][0])
        return found

    def learn(self, ended: Sequence[tuple[float, float]], *, delayed: bool | Sequence[bool]) -> None:
        """Enter how long answers took.

        Args:
            ended: When each request was sent and when it was answered.
            delayed: Whether, by our count, the server delayed them, or for each of the latest whether it
                did: it counts from receipt, which we cannot see, so about the limit's edge it may have been
                otherwise.
        """
        latency, answers = self.latency, self._answers
        delays = [delayed] * min(len(ended), _LESSONS) if isinstance(delayed, bool) else delayed
        for (sent, answered), beyond in zip(ended[len(ended) - len(delays) :], delays, strict=True):
            duration, delay = answered - sent, self._quota.soft_delay if beyond else inf
            late = duration >= delay and (latency is None or duration - delay / 2 > latency)
            if late:
                self._learn_delayed(duration, latency)
                duration -= delay
            if latency is None or (not late and answers < _SETTLING and duration * _SET_UP < latency):
                latency, answers = duration, 0
                continue
            if duration > _OUTLIER * latency > 0:
                duration = _OUTLIER * latency
            answers += 1
            latency += (duration - latency) * (_WEIGHT if answers > _ENOUGH else 1 / (answers + 1))
        self.latency, self._answers = latency, answers

    def take_over(self, latency: float) -> None:
        """Take for measured what others have measured."""
        self.latency, self._answers = latency, _ENOUGH

    def expected(self) -> float:
        """Return the latency to reckon with, also before the first answer."""
        latency, assumed = self.latency, self._quota.minute * _ASSUMED_LATENCY + _SOFTWARE
        if latency is None:
            return assumed
        if self._answers or self._quota.minute >= 60.0:
            return latency
        # Where the clock is compressed set-up is not, and would be taken for so much of the vendor's time.
        return max(latency - _FIRST, min(latency, assumed))

    def expected_delayed(self) -> float:
        """Return the seconds from sending to an answer that is delayed: as measured, else as announced."""
        return self._delayed if self._late else self.expected() + self._quota.soft_delay + _SOFTWARE

    def _learn_delayed(self, duration: float, latency: float | None) -> None:
        if latency:
            duration = min(duration, self._quota.soft_delay + _OUTLIER * latency)
        self._late = min(self._late + 1, _ENOUGH + 1)
        self._delayed += (duration - self._delayed) / self._late

    def courteous(self) -> bool:
        """Tell whether the soft limit is to be kept like a hard one at present."""
        if self.pacing == "auto":
            return self.latency is not None and self._quota.prefers_courtesy(self.latency)
        return self.pacing == "courteous"
