"""Sends the reports of one member to its store: one at a time, without loss.

The limiter holds a lock around every call.
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
from kentik_async.quota.state.reporting import apply_report
from kentik_async.quota.waiting.event_loops import LoopTimer

__all__ = ["Reporter"]

R = TypeVar("R")


class Reporter:
    """The next report of one member, and the result of the latest one.

    Attributes:
        terms: The member's settings.
        open: The event loop's timer for each grant that is not closed, by the grant's number. The grants
            themselves are not kept: a grant that is no longer referenced closes itself.
        endings: The requests that have ended since the latest report.
        pending: Whether the latest report is not committed yet.
        due: Whether another report must follow it.
        reads: The functions to call with the state after the next report; see `read_state`.
        last_seen: The greatest number of a grant that was received.
        announced: How many calls wait in this member according to the state, by priority.
        state: The state after the latest report; read it only while no report is pending.
    """

    def __init__(
        self, store: Store, quota: Quota, pacing: Pacing, on_reply: Callable[[StoreReply | KentikError], None]
    ) -> None:
        """Start without a report; `on_reply` is called, without the lock, with replies that arrive later."""
        self._store = store
        self._on_reply = on_reply
        self._change = self._apply_report  # one for all reports: a partial for each takes 0.5 µs more
        self.set_limits(quota, pacing)
        self.restart()

    def set_limits(self, quota: Quota, pacing: Pacing) -> None:
        """Set the member's limits and pacing."""
        store = self._store
        self.terms = Terms(store.member, quota, astuple(quota), pacing, store.lease, store.patience)

    def restart(self) -> None:
        """Reset everything in a forked child, which is another member."""
        self.set_limits(self.terms.quota, self.terms.pacing)
        self.open: dict[int, LoopTimer] = {}
        self.endings: list[Ending] = []
        self.pending = False
        self.due = False
        self.reads: list[tuple[Future[Any], Callable[[QuotaState], Any]]] = []
        self._pending_reads = self.reads[:]
        self.announced: dict[int, int] = {}
        self.state = self._store.own_state or QuotaState()
        self.last_seen = 0
        self._latest = MemberReport(self.terms, {})

    def abandon(self, *, but_open_loops: bool = False) -> bool:
        """End all requests in flight, or those of closed loops, as unknown; return whether any ended."""
        gone = [n for n, timer in self.open.items() if not but_open_loops or timer.loop.is_closed()]
        for number in gone:
            del self.open[number]
            self.endings.append(Ending(number, "unknown", 0.0))
        return bool(gone)

    def send(self, demand: dict[int, int]) -> StoreReply | None:
        """Send a report, while none is pending; return None if the reply arrives later.

        Raises:
            KentikError: The store failed.
        """
        endings, self.endings = self.endings, []
        held = len(self.open) + len(endings)
        self._latest = MemberReport(self.terms, demand, endings, self.last_seen, held)
        if self.reads:
            self._pending_reads, self.reads = self.reads, []
        try:
            reply = self._store.transact(self._change, self._on_reply)
        except KentikError:
            self.fail()
            raise
        if reply is None:
            self.pending = True
        else:
            self.receive(reply)
        return reply

    def receive(self, reply: StoreReply) -> None:
        """Apply the reply to the latest report."""
        self.pending = False
        announced = self.announced = self._latest.demand
        for number, priority in reply.grants:
            if priority in announced:
                announced[priority] -= 1
            if number > self.last_seen:  # noqa: PLR1730 (a call of `max` would take three times as long)
                self.last_seen = number

    def read_state(self, view: Callable[[QuotaState], R]) -> "Future[R]":
        """Call a function with the state after the next report; return a future of its result."""
        result: Future[R] = Future()
        result.set_running_or_notify_cancel()  # so that it cannot be cancelled
        self.reads.append((result, view))
        return result

    def resolve_reads(self, error: KentikError | None = None) -> None:
        """Call the functions added before the latest report, or set its error on their futures."""
        if self._pending_reads:
            reads, self._pending_reads = self._pending_reads, []
            for result, view in reads:
                if error is None:
                    result.set_result(view(self.state))
                else:
                    result.set_exception(error)

    def fail(self) -> None:
        """Record that the latest report was not committed; the next one repeats its content."""
        self.endings = [*self._latest.endings, *self.endings]
        self.pending, self.announced = False, {}

    def _apply_report(self, state: QuotaState, now: float) -> StoreReply:
        self.state = state
        return apply_report(self._latest, state, now)
