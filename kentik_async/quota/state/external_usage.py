"""Estimates the usage of the same quota by other programs from the server's answers. Pure.

The vendor counts all programs that use a customer's quota; a limiter knows its own requests only. The rest is
one estimate: the requests of *others* in a rolling minute. It is subtracted from the limits of the minute.

Evidence; `load` is our own requests in the minute at that instant, including the request in question:

- A refusal, unless its request was sent before a pause: the server counts more than `hard`, so others use at
  least `hard + 1 - load`. The estimate takes at most half of what was left to us, because a refusal may have
  another reason, such as two requests at once.
- Delayed answers, three in a row that took the vendor's soft delay longer than usual while `load` was within
  the soft limit: others use at least `soft + 1 - load`. One is enough if the estimate had been lowered.
- An answer that was not delayed: others use at most `soft - load`. The estimate falls to that at once,
  unless the server reported the remaining requests within the minute.
- `x-ratelimit-details` on any answer reports the remaining requests: others use `hard - load - left`. The
  estimate is set to that at once if it is higher, and if it is lower by more than requests that overtake each
  other explain. If nothing is left, no request is sent before the instant that the header names.

Recovery: an estimate that nothing confirms is lowered by 1, 3, 7, 15, ... requests, first after a patience of
a minute, then each quarter of a minute. A refusal restores the estimate and doubles the patience, to four
minutes at most; a refusal at a lower estimate than before resets the patience to a minute. So our share is
divided when a request is refused, and grows by steps that double while none is refused. Usage of `n` requests
a minute that stops is forgotten after `4 + log2(n) / 4` minutes at the latest.
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
    """The estimated usage of one quota class by others.

    Attributes:
        spent: Requests in a rolling minute, as of the latest evidence.
        since: When the latest evidence arrived.
        patience: How often in a row a lowered estimate was refused.
        blocked_until: No request may be sent before: the server reported that nothing is left.
        late: Delayed answers in a row that our own requests do not explain.
        reported_at: When the server last reported the remaining requests of the minute.
    """

    spent: int = 0
    since: float = -inf
    patience: int = 0
    blocked_until: float = -inf
    late: int = 0
    reported_at: float = -inf

    def estimate(self, quota: Quota, now: float) -> int:
        """Return the present estimate: the requests of others in a rolling minute."""
        if not self.spent:
            return 0
        steps = self._steps(quota, now)
        spent = min(self.spent, _most(quota))
        return max(spent + 1 - (1 << steps), 0) if steps <= spent.bit_length() else 0

    def eases_at(self, quota: Quota, now: float) -> float:
        """Return the next instant at which the estimate is lowered; infinity if it is 0."""
        if not self.estimate(quota, now):
            return inf
        return self.since + quota.minute * (2.0**self.patience + self._steps(quota, now) * _EASING)

    def refused(self, quota: Quota, now: float, load: int) -> None:
        """Record a refusal that no earlier one explains.

        `load` is our own requests in the minute, including those in flight and the refused one.
        """
        hard = quota.hard_per_minute
        if hard is None:
            return
        believed = self.estimate(quota, now)
        most = min(hard - int((hard - believed) * _KEPT), _most(quota))
        self._believe(quota, min(max(hard + 1 - load, believed + 1), most), now)

    def answered(self, quota: Quota, now: float, took: float, usual: float, load: int) -> None:
        """Record how long an answer took.

        `usual` is the time of an answer that is not delayed. `load` is as in `refused`; it may be too high.
        """
        soft, delay = quota.soft_per_minute, quota.soft_delay
        if soft is None or not delay or load > soft:
            return
        excess, others = (took - usual) / delay, self.estimate(quota, now)
        unexplained = load + others <= soft
        if not _LATE <= excess <= _TOO_LATE:
            self.late = 0
            if excess < _PROMPT and not unexplained and now - self.reported_at >= quota.minute:
                self.spent, self.since, self.patience = soft - load, now, 0
        elif unexplained:
            self.late += 1
            # If the estimate had been lowered, one delayed answer is enough.
            if self.late >= _LATE_IN_A_ROW or others < self.spent:
                self._believe(quota, min(soft + 1 - load, _most(quota)), now)

    def reported(self, quota: Quota, now: float, load: int, left: int, reset: float) -> None:
        """Record how many requests the server reports as left, and the seconds until it resets the count.

        If that is more than a minute, the report is about a longer window, and only its end is used.
        """
        if left < 0 or not isfinite(reset) or reset < 0:
            return
        if left == 0:
            self.blocked_until = max(self.blocked_until, now + min(reset, quota.hour))
        if quota.hard_per_minute is None or reset > quota.minute:
            return
        self.reported_at = now
        found = min(max(quota.hard_per_minute - load - left, 0), _most(quota))
        change = found - self.estimate(quota, now)
        if change > 0 or change <= -(quota.max_concurrent or 1):
            self.spent, self.since, self.patience = found, now, 0

    def _believe(self, quota: Quota, found: int, now: float) -> None:
        """Set the estimate; raise the patience if it had been lowered and `found` is not below `spent`."""
        asked_in_vain = self.estimate(quota, now) < self.spent <= found
        self.patience = min(self.patience + 1, _MOST_PATIENT) if asked_in_vain else 0
        self.spent, self.since = found, now

    def _steps(self, quota: Quota, now: float) -> int:
        """Return how often the estimate has been lowered."""
        waited = (now - self.since) / quota.minute - 2.0**self.patience
        return 0 if waited < 0 else int(min(waited / _EASING, 64)) + 1


def _most(quota: Quota) -> int:
    """Return the greatest estimate: requests of others in a minute."""
    return max(max(quota.hard_per_minute or 0, quota.soft_per_minute or 0) - _ALWAYS_OURS, 0)
