"""Somebody outside spends the same quota: what the server's answers tell of it, and what follows. Pure.

The vendor counts everyone who uses a customer's quota; a ledger knows its own requests only. What it cannot
see is estimated as one number, the requests of a rolling minute that *others* spend, and is taken off the
limits of the minute. The ledger's own arithmetic does the rest: requests go at the instants at which own
tokens return, which is when the server has room again.

Evidence, `load` being our own requests in the minute at that instant, the one in question included:

- A refusal, unless it answers a request from before a freeze: the server counts more than `hard`, so others
  spend at least `hard + 1 - load`. At least half of what was left to us is kept, for a refusal may have
  another reason, such as two requests at once.
- Delayed answers, three in a row that took the vendor's soft delay longer than usual where `load` lay within
  the soft limit: others spend at least `soft + 1 - load`. One will do where more was asked for than before.
- An answer that was not delayed: others spend at most `soft - load`, so the estimate falls to that at once,
  unless the server has said better within the minute:
- `x-ratelimit-details` on any answer says what is left: others spend `hard - load - left`, which is believed
  at once where it is more, and where it is less by more than requests that overtake each other explain. With
  nothing left, nobody goes before the instant that it names.

Recovery. An estimate that nothing confirms is eased by 1, 3, 7, 15, … requests: first after a patience of one
minute, then each quarter of a minute. One request more is the cheapest question that can be asked; a refusal
is the answer "no", which returns to the estimate and doubles the patience, to four minutes at most; a "no" at
a lower estimate than before is a "yes, in part", and returns the patience to a minute. So what is left to us
shrinks by division where it is refused, and grows from steps of one that double as long as none is refused.
Whoever has spent `n` a minute and vanishes is forgotten after `4 + log2(n) / 4` minutes at the latest.

Without such evidence the estimate is 0, and nothing here changes anything.
"""

from math import inf, isfinite

from kentik_async.quota.limits import Quota
from kentik_async.quota.rate_limit_header import Allowance

__all__ = ["Congestion"]

_MOST_PATIENT = 2  # doublings
_EASING = 1 / 4  # of a minute
_KEPT = 1 / 2
_ALWAYS_OURS = 2  # requests a minute
_LATE_IN_A_ROW = 3
_PROMPT, _LATE, _TOO_LATE = 0.25, 0.75, 1.5  # of the soft delay, beyond the usual time


class Congestion:
    """What others are taken to spend of one quota class.

    Attributes:
        spent: Requests of a rolling minute, as of the latest evidence.
        since: When that was.
        patience: How often in a row asking for more was refused.
        hold: Until when nobody may go, because the server has said that nothing is left.
        late: Delayed answers in a row that our own requests do not explain.
        said: When the server last said what is left of the minute.
    """

    __slots__ = ("_late_after", "_most", "_quota", "hold", "late", "patience", "said", "since", "spent")

    def __init__(self, quota: Quota) -> None:
        """Start without any evidence."""
        self._quota = quota
        limits = [limit for limit in (quota.hard_per_minute, quota.soft_per_minute) if limit is not None]
        delayed = quota.soft_per_minute is not None and quota.soft_delay > 0
        self._late_after = _LATE * quota.soft_delay if delayed else inf
        self._most = max(max(limits, default=0) - _ALWAYS_OURS, 0)
        self.spent = 0
        self.since = -inf
        self.patience = 0
        self.hold = -inf
        self.late = 0
        self.said = -inf

    def take_over(self, spent: int, patience: int, since: float, hold: float) -> None:
        """Believe what another process does, as far as that can be under these limits."""
        self.spent = min(spent, self._most)
        self.patience = min(patience, _MOST_PATIENT)
        self.since = since if isfinite(since) else -inf
        self.hold = hold if isfinite(hold) else -inf

    def others(self, now: float) -> int:
        """Return what others are taken to spend at present, in requests of a rolling minute."""
        if not self.spent:
            return 0
        steps = self._steps(now)
        return max(self.spent + 1 - (1 << steps), 0) if steps <= self.spent.bit_length() else 0

    def eases_at(self, now: float) -> float:
        """Return the next instant at which they are taken to spend less; infinity if they spend nothing."""
        if not self.others(now):
            return inf
        return self.since + self._quota.minute * (2.0**self.patience + self._steps(now) * _EASING)

    def refused(self, now: float, load: int) -> None:
        """Enter a refusal that no earlier one explains.

        Args:
            now: The present instant.
            load: Our own requests in the minute, those under way and the refused one included.
        """
        hard = self._quota.hard_per_minute
        if hard is None:
            return
        believed = self.others(now)
        most = min(hard - int((hard - believed) * _KEPT), self._most)
        self._believe(min(max(hard + 1 - load, believed + 1), most), now)

    def telling(self, took: float, usual: float) -> bool:
        """Tell whether an answer may say something about others, so that it is to be entered.

        Args:
            took: Seconds from sending to answer.
            usual: How long an answer takes that is not delayed.
        """
        return took - usual >= self._late_after or self.spent > 0 or self.late > 0

    def answered(self, now: float, took: float, usual: float, load: int) -> None:
        """Enter how long an answer took.

        Args:
            now: The present instant.
            took: Seconds from sending to answer.
            usual: How long an answer takes that is not delayed.
            load: As in `refused`; too many do no harm.
        """
        soft, delay = self._quota.soft_per_minute, self._quota.soft_delay
        if soft is None or not delay or load > soft:
            return
        excess, unexplained = (took - usual) / delay, load + self.others(now) <= soft
        if not _LATE <= excess <= _TOO_LATE:
            self.late = 0
            if excess < _PROMPT and not unexplained and now - self.said >= self._quota.minute:
                self.spent, self.since, self.patience = soft - load, now, 0
        elif unexplained:
            self.late += 1
            # Who has just asked for more expects an answer, and takes the first.
            if self.late >= _LATE_IN_A_ROW or self.others(now) < self.spent:
                self._believe(min(soft + 1 - load, self._most), now)

    def told(self, now: float, load: int, allowance: Allowance) -> None:
        """Enter what the server says is left.

        Args:
            now: The present instant.
            load: As in `refused`.
            allowance: What it says. If it is renewed later than in a minute it is about a longer window, of
                which only the end is heeded.
        """
        quota = self._quota
        if allowance.left == 0:
            self.hold = max(self.hold, now + min(allowance.reset, quota.hour))
        if quota.hard_per_minute is None or allowance.reset > quota.minute:
            return
        self.said = now
        found = min(max(quota.hard_per_minute - load - allowance.left, 0), self._most)
        change = found - self.others(now)
        if change > 0 or change <= -(quota.max_concurrent or 1):
            self.spent, self.since, self.patience = found, now, 0

    def _believe(self, found: int, now: float) -> None:
        """Take it that others spend so many, after asking for more if less was believed than before."""
        asked_in_vain = self.others(now) < self.spent <= found
        self.patience = min(self.patience + 1, _MOST_PATIENT) if asked_in_vain else 0
        self.spent, self.since = found, now

    def _steps(self, now: float) -> int:
        """Return how often the estimate has been eased."""
        waited = (now - self.since) / self._quota.minute - 2.0**self.patience
        return 0 if waited < 0 else int(min(waited / _EASING, 64)) + 1
