"""What others outside spend of the same quota, estimated from the server's answers. Pure.

The vendor counts all who use a customer's quota; a limiter knows its own requests only. The rest is one
estimate, the requests of a rolling minute that *others* spend, which is taken off the limits of the minute.

Evidence; `load` is our own requests in the minute at that instant, the one in question included:

- A refusal, unless it answers a request from before a pause: the server counts more than `hard`, so others
  spend at least `hard + 1 - load`. At least half of what was left to us is kept, because a refusal may have
  another reason, such as two requests at once.
- Delayed answers, three in a row that took the vendor's soft delay longer than usual while `load` was within
  the soft limit: others spend at least `soft + 1 - load`. One is enough if more was requested than before.
- An answer that was not delayed: others spend at most `soft - load`. The estimate falls to that at once,
  unless the server has told better within the minute.
- `x-ratelimit-details` on any answer tells what is left: others spend `hard - load - left`. That is believed
  at once where it is more, and where it is less by more than requests that overtake each other explain. With
  nothing left, nobody goes before the instant that it names.

Recovery: an estimate that nothing confirms is eased by 1, 3, 7, 15, ... requests, first after a patience of a
minute, then each quarter of a minute. A refusal returns to the estimate and doubles the patience, to four
minutes at most; a refusal at a lower estimate than before resets the patience to a minute. So what is left to
us shrinks by division where it is refused, and grows by steps that double while nothing is refused. `n`
requests a minute that end are forgotten after `4 + log2(n) / 4` minutes at the latest.
"""

from math import inf, isfinite

import msgspec

from kentik_async.quota.limits import Quota

__all__ = ["ExternalUsageEstimator"]

_MOST_PATIENT = 2  # doublings
_EASING = 1 / 4  # of a minute
_KEPT = 1 / 2
_ALWAYS_OURS = 2  # requests a minute
_LATE_IN_A_ROW = 3
_PROMPT, _LATE, _TOO_LATE = 0.25, 0.75, 1.5  # of the soft delay, beyond the usual time


class ExternalUsageEstimator(msgspec.Struct, array_like=True):
    """What others are taken to spend of one quota class.

    Attributes:
        spent: Requests of a rolling minute, as of the latest evidence.
        since: When that was.
        patience: How often in a row asking for more was refused.
        blocked_until: Until when nobody may go, because the server has said that nothing is left.
        late: Delayed answers in a row that our own requests do not explain.
        told_at: When the server last said what is left of the minute.
    """

    spent: int = 0
    since: float = -inf
    patience: int = 0
    blocked_until: float = -inf
    late: int = 0
    told_at: float = -inf

    def estimate(self, quota: Quota, now: float) -> int:
        """Return what others are taken to spend at present, in requests of a rolling minute."""
        if not self.spent:
            return 0
        steps = self._steps(quota, now)
        spent = min(self.spent, _most(quota))
        return max(spent + 1 - (1 << steps), 0) if steps <= spent.bit_length() else 0

    def eases_at(self, quota: Quota, now: float) -> float:
        """Return the next instant at which they are taken to spend less; infinity if they spend nothing."""
        if not self.estimate(quota, now):
            return inf
        return self.since + quota.minute * (2.0**self.patience + self._steps(quota, now) * _EASING)

    def refused(self, quota: Quota, now: float, load: int) -> None:
        """Enter a refusal that no earlier one explains.

        `load` are our own requests in the minute, those in flight and the refused one included.
        """
        hard = quota.hard_per_minute
        if hard is None:
            return
        believed = self.estimate(quota, now)
        most = min(hard - int((hard - believed) * _KEPT), _most(quota))
        self._believe(quota, min(max(hard + 1 - load, believed + 1), most), now)

    def answered(self, quota: Quota, now: float, took: float, usual: float, load: int) -> None:
        """Enter how long an answer took.

        `usual` is the time of one that is not delayed; `load` is as in `refused`, too many do no harm.
        """
        soft, delay = quota.soft_per_minute, quota.soft_delay
        if soft is None or not delay or load > soft:
            return
        excess, others = (took - usual) / delay, self.estimate(quota, now)
        unexplained = load + others <= soft
        if not _LATE <= excess <= _TOO_LATE:
            self.late = 0
            if excess < _PROMPT and not unexplained and now - self.told_at >= quota.minute:
                self.spent, self.since, self.patience = soft - load, now, 0
        elif unexplained:
            self.late += 1
            # After a probe for more, the first answer counts.
            if self.late >= _LATE_IN_A_ROW or others < self.spent:
                self._believe(quota, min(soft + 1 - load, _most(quota)), now)

    def told(self, quota: Quota, now: float, load: int, left: int, reset: float) -> None:
        """Enter how many requests are left by the server's count, and in how many seconds it counts anew.

        If that is later than in a minute it is about a longer window; only its end counts.
        """
        if left < 0 or not isfinite(reset) or reset < 0:
            return
        if left == 0:
            self.blocked_until = max(self.blocked_until, now + min(reset, quota.hour))
        if quota.hard_per_minute is None or reset > quota.minute:
            return
        self.told_at = now
        found = min(max(quota.hard_per_minute - load - left, 0), _most(quota))
        change = found - self.estimate(quota, now)
        if change > 0 or change <= -(quota.max_concurrent or 1):
            self.spent, self.since, self.patience = found, now, 0

    def _believe(self, quota: Quota, found: int, now: float) -> None:
        """Take it that others spend so many, after asking for more if less was believed than before."""
        asked_in_vain = self.estimate(quota, now) < self.spent <= found
        self.patience = min(self.patience + 1, _MOST_PATIENT) if asked_in_vain else 0
        self.spent, self.since = found, now

    def _steps(self, quota: Quota, now: float) -> int:
        """Return how often the estimate has been eased."""
        waited = (now - self.since) / quota.minute - 2.0**self.patience
        return 0 if waited < 0 else int(min(waited / _EASING, 64)) + 1


def _most(quota: Quota) -> int:
    """Return how many requests of a minute others can be taken to spend at the most."""
    return max(max(quota.hard_per_minute or 0, quota.soft_per_minute or 0) - _ALWAYS_OURS, 0)
