"""The reports of one member to its store: one at a time, none lost, and what the latest has told.

Its limiter holds a lock around every call.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import astuple
from typing import Any, TypeVar

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Pacing, Quota
from kentik_async.quota.protocols import Store
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.reporting import enter
from kentik_async.quota.waiting.event_loops import LoopTimer

__all__ = ["Reporter"]

R = TypeVar("R")


class Reporter:
    """What one member has to tell, and what it was told.

    Attributes:
        terms: What the member keeps to.
        open: The event loop's timer for each grant that is not closed, by the grant's number. The grants
            themselves are not kept: one that is forgotten ends itself.
        endings: The requests that have ended since the latest report.
        pending: Whether the latest report is not committed yet.
        due: Whether another is to follow it.
        looks: What is to look at the state after the next report; see `look`.
        last_seen: The greatest number of a grant that has come.
        told: How many calls the state believes to wait in this member, by priority.
        state: The state as the latest report left it; to be looked at while none is pending.
    """

    def __init__(
        self, store: Store, quota: Quota, pacing: Pacing, later: Callable[[StoreReply | KentikError], None]
    ) -> None:
        """Start with nothing to tell; `later` is called, without the lock, with replies that come late."""
        self._store = store
        self._later = later
        self._change = self._enter  # one for all reports: a partial for each took 0.5 µs more
        self.keep_to(quota, pacing)
        self.restart()

    def keep_to(self, quota: Quota, pacing: Pacing) -> None:
        """Change what the member keeps to."""
        store = self._store
        self.terms = Terms(store.member, quota, astuple(quota), pacing, store.lease, store.patience)

    def restart(self) -> None:
        """Forget all, in a forked child, which is another member."""
        self.keep_to(self.terms.quota, self.terms.pacing)
        self.open: dict[int, LoopTimer] = {}
        self.endings: list[Ending] = []
        self.pending = False
        self.due = False
        self.looks: list[tuple[Future[Any], Callable[[QuotaState], Any]]] = []
        self._now_looking = self.looks[:]
        self.told: dict[int, int] = {}
        self.state = self._store.own_state or QuotaState()
        self.last_seen = 0
        self._latest = MemberReport(self.terms, {})

    def abandon(self, *, but_open_loops: bool = False) -> bool:
        """Note that nobody will tell how requests in flight end, or those of closed loops; return if any."""
        gone = [n for n, timer in self.open.items() if not but_open_loops or timer.loop.is_closed()]
        for number in gone:
            del self.open[number]
            self.endings.append(Ending(number, "unknown", 0.0))
        return bool(gone)

    def send(self, demand: dict[int, int]) -> StoreReply | None:
        """Report how many calls wait, by priority, with none pending; return None if the reply comes later.

        Raises:
            KentikError: The store has failed.
        """
        endings, self.endings = self.endings, []
        held = len(self.open) + len(endings)
        self._latest = MemberReport(self.terms, demand, endings, self.last_seen, held)
        if self.looks:
            self._now_looking, self.looks = self.looks, []
        try:
            reply = self._store.transact(self._change, self._later)
        except KentikError:
            self.fail()
            raise
        if reply is None:
            self.pending = True
        else:
            self.receive(reply)
        return reply

    def receive(self, reply: StoreReply) -> None:
        """Enter the reply to the latest report."""
        self.pending = False
        told = self.told = self._latest.demand
        for number, priority in reply.grants:
            if priority in told:
                told[priority] -= 1
            if number > self.last_seen:  # noqa: PLR1730 (a call of `max` would take three times as long)
                self.last_seen = number

    def look(self, view: Callable[[QuotaState], R]) -> "Future[R]":
        """Have a function look at the state after the next report; return what will hold what it finds."""
        found: Future[R] = Future()
        found.set_running_or_notify_cancel()  # so that nobody can cancel it
        self.looks.append((found, view))
        return found

    def take_looks(self, error: KentikError | None = None) -> None:
        """Have those look that wanted to before the latest report, or tell them why it failed."""
        if self._now_looking:
            looks, self._now_looking = self._now_looking, []
            for found, view in looks:
                if error is None:
                    found.set_result(view(self.state))
                else:
                    found.set_exception(error)

    def fail(self) -> None:
        """Enter that the latest report could not be committed; the next one repeats what it said."""
        self.endings = [*self._latest.endings, *self.endings]
        self.pending, self.told = False, {}

    def _enter(self, state: QuotaState, now: float) -> StoreReply:
        self.state = state
        return enter(self._latest, state, now)
