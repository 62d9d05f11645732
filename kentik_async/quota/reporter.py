"""The reports of one member to its store: one at a time, none lost, and what the latest has told.

Its limiter holds a lock around every call.
"""

from collections.abc import Callable
from dataclasses import astuple

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Pacing, Quota
from kentik_async.quota.protocols import Store
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.reporting import enter
from kentik_async.quota.waiting.event_loops import LoopTimer

__all__ = ["Reporter"]


class Reporter:
    """What one member has to tell, and what it was told.

    Attributes:
        terms: What the member keeps to.
        open: The event loop's timer for each grant that is not closed, by the grant's number. The grants
            themselves are not kept: one that is forgotten ends itself.
        endings: The requests that have ended since the latest report.
        pending: The report that is not committed yet, if there is one.
        due: Whether another is to follow it.
        told: How many calls the state believes to wait in this member, by priority.
        latest: The latest report.
    """

    def __init__(
        self, store: Store, quota: Quota, pacing: Pacing, later: Callable[[StoreReply | KentikError], None]
    ) -> None:
        """Start with nothing to tell.

        Args:
            store: What keeps the state.
            quota: The limits that the member keeps to.
            pacing: The pacing that it wishes for.
            later: What to call, without the lock, with a reply that does not come at once; see `receive`.
        """
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
        self.pending: MemberReport | None = None
        self.due = False
        self.told: dict[int, int] = {}
        self._last_seen = 0
        self.latest = MemberReport(self.terms, {})

    def owes(self) -> bool:
        """Tell whether the state knows, or may know, of something that is over."""
        return bool(self.endings or self.pending or any(self.told.values()))

    def abandon(self, *, but_open_loops: bool = False) -> bool:
        """Note that nobody will tell how the requests in flight end; return whether there are any.

        Args:
            but_open_loops: Leave aside the requests of event loops that are not closed.
        """
        gone = [n for n, timer in self.open.items() if not but_open_loops or timer.loop.is_closed()]
        for number in gone:
            del self.open[number]
            self.endings.append(Ending(number, "unknown", 0.0))
        return bool(gone)

    def send(self, demand: dict[int, int]) -> StoreReply | None:
        """Report; there must be no pending report.

        Args:
            demand: How many calls wait, by priority; the reporter keeps and changes it.

        Returns:
            The reply; None if it comes later.

        Raises:
            KentikError: The store has failed.
        """
        endings, self.endings = self.endings, []
        held = len(self.open) + len(endings)
        report = self.latest = MemberReport(self.terms, demand, endings, self._last_seen, held)
        try:
            reply = self._store.transact(self._change, self._later)
        except KentikError:
            self.pending = report
            self.fail()
            raise
        if reply is None:
            self.pending = report
        else:
            self._note(report, reply)
        return reply

    def receive(self, reply: StoreReply) -> None:
        """Enter the reply to the pending report."""
        if self.pending is not None:
            report, self.pending = self.pending, None
            self._note(report, reply)

    def _enter(self, state: QuotaState, now: float) -> StoreReply:
        return enter(self.latest, state, now)

    def _note(self, report: MemberReport, reply: StoreReply) -> None:
        told = self.told = report.demand
        for number, priority in reply.grants:
            if priority in told:
                told[priority] -= 1
            if number > self._last_seen:  # noqa: PLR1730 (a call of `max` would take three times as long)
                self._last_seen = number

    def fail(self) -> None:
        """Enter that the pending report could not be committed; the next one repeats what it said."""
        if self.pending is not None:
            self.endings = [*self.pending.endings, *self.endings]
            self.pending, self.told = None, {}
