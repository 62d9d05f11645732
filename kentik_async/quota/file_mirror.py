"""What the quota file says, as a ledger and a freeze in memory. Pure.

Each process keeps one and brings it up to date from the entries that are new or may have changed. All
that read the same entries come to the same state: the latest grant names the freeze it was made under,
and what has ended since moves that on. So nothing but the entries needs to be stored, or to be agreed on.
"""

from collections import deque
from collections.abc import Iterable
from itertools import chain
from math import inf
from typing import NamedTuple

from kentik_async.quota.congestion import Congestion
from kentik_async.quota.file_entry import Entry, State
from kentik_async.quota.freeze import Freeze
from kentik_async.quota.ledger import Ledger
from kentik_async.quota.limits import Quota
from kentik_async.quota.pace import Pace
from kentik_async.quota.rate_limit_header import Allowance

__all__ = ["Member", "Mirror"]

_LONGEST_STREAK = 16
_RECENT = 64  # grants: who has not been in turn for so long no longer waits


class Member(NamedTuple):
    """Who takes part: a process, and which of its limiters."""

    pid: int
    number: int


class Mirror:
    """The state of one quota class on this machine, as last read.

    Attributes:
        ledger: Tokens used and in flight, but for the ends in `ended`.
        freeze: What refusals have led to.
        congestion: What others are taken to spend, who do not enter it here.
        streak: Refusals in a row that the freeze rests on.
        next: The place that has not been given yet.
        order: The number of the latest grant.
        open: The entries that may still change, by place, but for what is in flight in this process.
        sure: How many requests may go whatever time it is, as long as nothing is taken up; 0 if unknown.
        version: Changes with whatever is taken up.
    """

    __slots__ = (
        "_ended",
        "_me",
        "_pace",
        "_recent",
        "congestion",
        "freeze",
        "ledger",
        "next",
        "open",
        "order",
        "streak",
        "sure",
        "version",
    )

    def __init__(
        self,
        quota: Quota,
        pace: Pace,
        me: Member,
        entries: Iterable[Entry],
        now: float,
        congestion: Congestion | None = None,
    ) -> None:
        """Read a whole ring.

        Args:
            quota: The limits of this process; another may keep to others.
            pace: What learns from this process's answers, and says whether to be courteous.
            me: Who this is.
            entries: All entries by `seq`; those of the lap before included.
            now: The present instant; what is dated later is taken for present.
            congestion: What others are taken to spend; nothing if omitted.
        """
        self._me = me
        self._pace = pace
        self.congestion = congestion or Congestion(quota)
        self._ended: list[tuple[float, float]] = []
        self._recent: deque[Entry] = deque(maxlen=_RECENT)
        self.ledger = Ledger(quota, courteous=pace.courteous())
        self.freeze = Freeze(quota)
        self.streak = 0
        self.next = 0
        self.order = 0
        self.open: dict[int, Entry] = {}
        self.sure = 0.0
        self.version = 0
        known = list(entries)
        if pace.latency is None:
            self._study(known)
        self.apply(known, now)

    def apply(self, entries: Iterable[Entry], now: float) -> None:
        """Take up entries that are new or have changed, at an instant not before any of them."""
        self.settle()
        self.version += 1
        self.sure = 0.0
        ended: list[Entry] = []
        for entry in entries:
            known = self.open.pop(entry.seq, None)
            if known is not None and known.state == State.IN_FLIGHT:
                self.ledger.give_back()
            if entry.state == State.IN_FLIGHT:
                self.ledger.take()
                if not self.is_mine(entry):
                    self.open[entry.seq] = entry
            elif entry.state != State.VOID:
                ended.append(entry)
                if entry.state == State.RETURNED:
                    self.open[entry.seq] = entry
            self.next = max(self.next, entry.seq + 1)
            if entry.order > self.order:
                self._follow(entry)
        ended.sort(key=_stamp)
        self._book(ended, now)

    def granted(self, seq: int) -> None:
        """Take up a grant of this process, made under the present freeze at `place()`."""
        self.version += 1
        self.sure -= 1
        self.order += 1
        self.ledger.take()
        if seq == self.next:
            self.next = seq + 1
        else:
            del self.open[seq]
        if self.streak:
            self.freeze.granted()

    def answered(self, sent: float, now: float, epoch: int) -> None:
        """Take up that a request of this process was answered."""
        self.version += 1
        self.ledger.give_back()
        self._ended.append((sent, now))
        if self.freeze.active:
            self.freeze.answered(epoch)
            self.streak = 0 if not self.freeze.active else self.streak

    def landed(self, entry: Entry, now: float) -> None:
        """Take up that a request of this process ended otherwise."""
        self.ledger.give_back()
        self.apply((entry,), now)

    def follow_pace(self) -> None:
        """Be as courteous as the pace says from now on."""
        self.sure = 0.0
        self.ledger.courteous = self._pace.courteous()

    def settle(self) -> Ledger:
        """Return the ledger with all answers entered."""
        ended, ledger = self._ended, self.ledger
        if ended:
            late = self.congestion.late > 0 or (ledger.others > 0 and ledger.delayed(ended[0][0]))
            self._pace.learn(ended, delayed=late or self._pace.delays(ended, ledger.sends))
            ledger.stamp(ended)
            self._ended = []
            self.follow_pace()
        return ledger

    def heed(self, now: float) -> Ledger:
        """Return the ledger with all answers entered, and what others spend left to them."""
        ledger, others = self.settle(), self.congestion.others(now)
        if others != ledger.others:
            ledger.others = others
            self.sure = 0.0
            self.version += 1
        return ledger

    def telling(self, sent: float, state: State, now: float) -> bool:
        """Tell whether the end of a request of this process may say something about others outside."""
        if state is not State.USED:
            return state is State.REFUSED
        usual = self._pace.latency
        return usual is not None and self.congestion.telling(now - sent, usual)

    def weigh(self, sent: float, epoch: int, state: State, now: float, later: int) -> bool:
        """Take up what the end of such a request says; return whether it said anything.

        Args:
            sent: When it was sent.
            epoch: The freeze epoch of its grant.
            state: How it ended.
            now: The present instant.
            later: How many of this process's requests under way were sent after it.
        """
        load, usual = self._load(sent, now, later), self._pace.latency
        if state is State.USED and usual is not None:
            self.congestion.answered(now, now - sent, usual, load)
        elif state is State.REFUSED and epoch == self.freeze.epoch:
            self.congestion.refused(now, load)
        else:
            return False
        self.sure = 0.0
        self.version += 1
        return True

    def told(self, sent: float, now: float, later: int, allowance: Allowance) -> None:
        """Take up what the server says is left, with the answer to a request that is still under way."""
        self.congestion.told(now, self._load(sent, now, later), allowance)
        self.sure = 0.0
        self.version += 1

    def free_at(self, now: float) -> float:
        """Return the instant from which one more request may go; infinity if another must end first."""
        ledger = self.heed(now)
        when = max(ledger.free_at(now), self.freeze.free_at(now), self.congestion.hold)
        if self.open:
            # A process that allows fewer at once has its way while it has one in flight.
            limit = min((e.limit for e in self.open.values() if e.state == State.IN_FLIGHT), default=inf)
            if ledger.in_flight >= limit:
                when = max(when, ledger.draining[0] if ledger.draining else inf)
        if when <= now and not self.freeze.active and not ledger.draining:
            _, self.sure = ledger.room(now)
            soft = ledger.quota.soft_per_minute
            if soft is not None and (undelayed := soft - ledger.used(now)[0]) > 0:
                # Passing the soft limit is worth a fresh look at the latency and the pacing.
                self.sure = min(self.sure, undelayed)
        return when

    def is_mine(self, entry: Entry) -> bool:
        """Tell whether a request is this process's."""
        return (entry.pid, entry.member) == self._me

    def others(self) -> list[Entry]:
        """Return the requests that other processes have in flight."""
        return [entry for entry in self.open.values() if entry.state == State.IN_FLIGHT]

    def place(self) -> int:
        """Return the place of the next grant: one that was returned, so that none is lost."""
        returned = (seq for seq, entry in self.open.items() if entry.state == State.RETURNED)
        return min(chain(returned, (self.next,)))

    def stamps(self) -> list[float]:
        """Return when the tokens that still count were used, oldest first."""
        ledger = self.settle()
        minute, hour = ledger.minute.stamps, ledger.hour.stamps
        return list(hour if len(hour) > len(minute) else minute)

    def alone(self) -> bool:
        """Tell whether no other process was in turn lately."""
        return not self._recent or self._recent[-1].order <= self.order - _RECENT

    def waiting_elsewhere(self) -> list[int]:
        """Return how many wait in each other process that was in turn lately, as of its last turn."""
        oldest = self.order - _RECENT
        latest = {(entry.pid, entry.member): entry.waiting for entry in self._recent if entry.order > oldest}
        return [waiting for waiting in latest.values() if waiting]

    def _load(self, sent: float, now: float, later: int) -> int:
        """Return how many requests counted in the minute when one was sent that is still under way."""
        ledger = self.settle()
        ledger.room(now)
        return ledger.load(later + sum(entry.sent > sent for entry in self.others()))

    def _study(self, entries: Iterable[Entry]) -> None:
        """Learn how long answers took that others had: a new process then need not begin with a guess."""
        # Those entered to err on the safe side took no time.
        used = [entry for entry in entries if entry.state == State.USED and entry.stamp > entry.sent]
        used.sort(key=_stamp)
        ended = [(entry.sent, entry.stamp) for entry in used]
        self._pace.learn(ended, delayed=self._pace.delays(ended, ()))
        self.ledger.courteous = self._pace.courteous()

    def _follow(self, entry: Entry) -> None:
        """Take over the freeze under which the latest grant was made."""
        self.order = entry.order
        if not self.is_mine(entry):
            self._recent.append(entry)
        if (entry.epoch, entry.streak) != (self.freeze.epoch, self.streak):
            self.freeze = Freeze(self.ledger.quota)
            for _ in range(entry.streak):
                self.freeze.refused(-inf, self.freeze.epoch, 0.0)
            self.freeze.epoch = entry.epoch
            self.streak = entry.streak
        if entry.streak:
            self.freeze.granted()

    def _book(self, ended: list[Entry], now: float) -> None:
        """Enter requests that have ended, in the order of their ends."""
        ledger, used = self.ledger, list[tuple[float, float]]()
        for entry in ended:
            self._heed(entry, now)
            if entry.state == State.DRAINING and entry.stamp > now:
                # Another process may drain for longer than this one; an earlier run of the machine may not.
                until = min(entry.stamp, now + max(ledger.quota.drain, ledger.quota.minute))
                ledger.take()
                ledger.drain(max((until, *ledger.draining)) - ledger.quota.drain)
            elif entry.state != State.RETURNED:
                used.append((entry.sent, min(entry.stamp, now)))
        if used:
            ledger.stamp(used)

    def _heed(self, entry: Entry, now: float) -> None:
        """Enter what an end means for the freeze: only those of its epoch mean anything."""
        freeze = self.freeze
        if entry.epoch != freeze.epoch:
            return
        if entry.state == State.REFUSED:
            freeze.refused(min(entry.stamp, now), entry.epoch, None if entry.pause < 0 else entry.pause)
            self.streak = min(self.streak + 1, _LONGEST_STREAK)
        elif entry.streak and entry.state == State.USED:
            freeze.answered(entry.epoch)
            self.streak = 0
        elif entry.streak and entry.order == self.order:  # else another probe is on its way since
            freeze.probe_lost(entry.epoch)


def _stamp(entry: Entry) -> float:
    return entry.stamp
