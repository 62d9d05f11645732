"""All that a process knows of its own quota class: the ledger, refusals, others outside, the pace. Pure."""

from collections.abc import Sequence

from kentik_async.quota.congestion import Congestion
from kentik_async.quota.freeze import Freeze
from kentik_async.quota.ledger import Ledger
from kentik_async.quota.limits import Outcome, Pacing, Quota
from kentik_async.quota.pace import Pace
from kentik_async.quota.rate_limit_header import Allowance

__all__ = ["Books"]

_TELLING = 3
"""How many of the answers that are entered at once to weigh as evidence of others: so many it takes."""


class Books:
    """The state of one quota class, and what follows from it for the next request.

    Attributes:
        ledger: What was used and what is in flight.
        freeze: What refusals have led to.
        congestion: What others outside are taken to spend.
        pace: How long answers take, and whether to be courteous.
    """

    __slots__ = ("congestion", "freeze", "ledger", "pace")

    def __init__(self, quota: Quota, pacing: Pacing) -> None:
        """Start with nothing used.

        Args:
            quota: The limits.
            pacing: See `KentikClient`.
        """
        self.ledger = Ledger(quota)
        self.freeze = Freeze(quota)
        self.congestion = Congestion(quota)
        self.pace = Pace(quota, pacing)
        self.follow_pace()

    def follow_pace(self) -> None:
        """Be as courteous as the pace says from now on."""
        courteous = self.pace.courteous()
        if courteous is not self.ledger.courteous:
            self.ledger.courteous = courteous

    def heed(self, now: float) -> bool:
        """Leave to others what they are taken to spend; return whether that is not what it was."""
        ledger, congestion = self.ledger, self.congestion
        if not (congestion.spent or ledger.others):
            return False
        others = congestion.others(now)
        if others == ledger.others:
            return False
        ledger.others = others
        return True

    def room(self, now: float) -> float:
        """Return how many may go this instant; `heed` first."""
        if self.congestion.hold > now:
            return 0
        slots, tokens = self.ledger.room(now)
        room = min(tokens, slots)
        if self.freeze.active:
            return min(room, 1) if self.freeze.free_at(now) <= now else 0
        return room

    def free_at(self, now: float) -> float:
        """Return when one may go if nothing ends, and nothing is eased, before; `heed` first."""
        return max(self.freeze.free_at(now), self.ledger.free_at(now), self.congestion.hold)

    def eases_at(self, now: float) -> float:
        """Return when others will be taken to spend less than now; infinity if they spend nothing."""
        return self.congestion.eases_at(now)

    def end(
        self, outcome: Outcome, sent: float, epoch: int, now: float, *, retry_after: float | None, later: int
    ) -> None:
        """Enter how a request ended.

        Args:
            outcome: See `Grant.close`.
            sent: When it was granted.
            epoch: The freeze's epoch in which it was.
            now: The present instant.
            retry_after: The pause that a refusal asked for, in seconds.
            later: Of a refusal, how many of those under way were sent after it.
        """
        ledger, freeze = self.ledger, self.freeze
        if outcome == "answered":
            ended = [(sent, now)]
            self._weigh(ended)
            self._learn(ended, ledger.delayed(sent))
            ledger.use(sent, now)
            freeze.answered(epoch)
        elif outcome == "refused":
            load = self._load(now, later)
            ledger.use(sent, now)
            if freeze.refused(now, epoch, retry_after):
                self.congestion.refused(now, load)
        else:
            if outcome == "not_sent":
                ledger.give_back()
            else:
                ledger.drain(now)
            freeze.probe_lost(epoch)

    def stamp(self, ended: Sequence[tuple[float, float]]) -> None:
        """Enter that many requests were answered, whose slots were given back before.

        Args:
            ended: When each was sent and when it was answered, in about the order of the answers.
        """
        ledger = self.ledger
        late = ledger.others > 0 and ledger.delayed(ended[0][0])
        delayed = late or self.pace.delays(ended, ledger.sends)
        ledger.stamp(ended)
        self._weigh(ended[-_TELLING:])
        self._learn(ended, delayed)

    def told(self, now: float, later: int, allowance: Allowance) -> None:
        """Enter what the server says is left, with the answer to a request that is still under way."""
        self.congestion.told(now, self._load(now, later), allowance)

    def _load(self, now: float, later: int) -> int:
        """Return how many requests counted in the minute when one was sent, it included."""
        self.ledger.room(now)
        return self.ledger.load(later)

    def _weigh(self, ended: Sequence[tuple[float, float]]) -> None:
        """Look whether answers tell of others."""
        usual, congestion = self.pace.latency, self.congestion
        if usual is None:
            return
        for sent, answered in ended:
            if congestion.telling(answered - sent, usual):
                congestion.answered(answered, answered - sent, usual, self._load(answered, 0))

    def _learn(self, ended: Sequence[tuple[float, float]], delayed: bool | Sequence[bool]) -> None:
        self.pace.learn(ended, delayed=self.congestion.late > 0 or delayed)
        self.follow_pace()
