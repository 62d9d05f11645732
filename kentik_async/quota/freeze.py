"""What a refusal does to everyone: a pause, then one probe, then all go on. Pure.

A refusal says that the server's ledger and ours disagree (someone else spends the same quota), so
sending on would only add refusals. One request then tries; the others wait for what it meets.
"""

from math import inf

from kentik_async.quota.limits import Quota

__all__ = ["Freeze"]


class Freeze:
    """The state of one quota class after refusals.

    Attributes:
        epoch: Counts the freezes. A request carries the epoch it was granted in, so that the answers to
            requests sent before a freeze neither lift nor extend it.
        active: Whether requests are held back.
        until: When the pause ends and a probe may go; meaningful while `active`.
        probing: Whether a probe is under way.
    """

    __slots__ = ("_quota", "_streak", "active", "epoch", "probing", "until")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._streak = 0
        self.epoch = 0
        self.active = False
        self.until = -inf
        self.probing = False

    def free_at(self, now: float) -> float:
        """Return when a request may go as far as the freeze is concerned; infinity while a probe flies."""
        if not self.active:
            return now
        return inf if self.probing else max(now, self.until)

    def granted(self) -> None:
        """Enter that a request was granted: during a freeze it is the probe."""
        self.probing = self.active

    def refused(self, now: float, epoch: int, retry_after: float | None) -> bool:
        """Enter a refusal of a request that was granted in `epoch`; return whether it is news.

        Args:
            now: The instant of the refusal.
            epoch: The epoch in which the request was granted.
            retry_after: The pause that the server asked for, in real seconds; None if it named none: then
                a quarter of a minute, doubling up to a minute while probes are refused.
        """
        if epoch != self.epoch:
            return False
        if retry_after is None:
            retry_after = min(self._quota.minute / 4 * 2.0**self._streak, self._quota.minute)
        self._streak = min(self._streak + 1, 16)
        self.epoch += 1
        self.active = True
        self.probing = False
        self.until = now + retry_after
        return True

    def answered(self, epoch: int) -> None:
        """Enter that a request granted in `epoch` was answered: if it was the probe, the freeze lifts."""
        if epoch == self.epoch and self.active:
            self.active = False
            self.probing = False
            self._streak = 0

    def probe_lost(self, epoch: int) -> None:
        """Enter that the probe told nothing (cancelled, never sent, lost): the next request probes."""
        if epoch == self.epoch:
            self.probing = False
