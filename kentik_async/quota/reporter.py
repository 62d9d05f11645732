"""The reports of one member to its store: one at a time, none lost, and what the latest has told.

Its limiter holds a lock around every call.
"""

from collections.abc import Callable
from dataclasses import astuple
from functools import partial

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Pacing, Quota
from kentik_async.quota.protocols import Store
from kentik_async.quota.state.messages import Ending, Reply, Report, Terms
from kentik_async.quota.state.reporting import enter

__all__ = ["Reporter"]


class Reporter:
    """What one member has to tell, and what it was told.

    Attributes:
        terms: What the member keeps to.
        endings: The requests that have ended since the latest report.
        pending: The report that is not committed yet, if there is one.
        due: Whether another is to follow it.
        told: How many calls the state believes to wait in this member, by priority.
    """

    def __init__(self, store: Store, quota: Quota, pacing: Pacing) -> None:
        """Start with nothing to tell.

        Args:
            store: What keeps the state.
            quota: The limits that the member keeps to.
            pacing: The pacing that it wishes for.
        """
        self._store = store
        self.keep_to(quota, pacing)
        self.restart()

    def keep_to(self, quota: Quota, pacing: Pacing) -> None:
        """Change what the member keeps to."""
        store = self._store
        self.terms = Terms(store.member, quota, astuple(quota), pacing, store.lease, store.patience)

    def restart(self) -> None:
        """Forget all, in a forked child, which is another member."""
        self.keep_to(self.terms.quota, self.terms.pacing)
        self.endings: list[Ending] = []
        self.pending: Report | None = None
        self.due = False
        self.told: dict[int, int] = {}
        self._last_seen = 0

    def owes(self) -> bool:
        """Tell whether the state knows, or may know, of something that is over."""
        return bool(self.endings or self.pending or any(self.told.values()))

    def send(
        self, demand: dict[int, int], held: int, later: Callable[[Reply | KentikError], None]
    ) -> Reply | None:
        """Report; there must be no report under way.

        Args:
            demand: How many calls wait, by priority; the reporter keeps and changes it.
            held: How many grants are open.
            later: What to call, without the lock, with a reply that does not come at once; see `receive`.

        Returns:
            The reply; None if `later` will be called.

        Raises:
            KentikError: The store has failed.
        """
        endings, self.endings = self.endings, []
        report = self.pending = Report(self.terms, demand, endings, self._last_seen, held + len(endings))
        try:
            reply = self._store.transact(partial(enter, report), later)
        except KentikError:
            self.fail()
            raise
        if reply is not None:
            self.receive(reply)
        return reply

    def receive(self, reply: Reply) -> None:
        """Enter the reply to the report that is under way."""
        if self.pending is None:
            return
        told, self.pending = self.pending.demand, None
        for number, priority in reply.grants:
            told[priority] = told.get(priority, 0) - 1
            self._last_seen = max(self._last_seen, number)
        self.told = told

    def fail(self) -> None:
        """Enter that the report under way could not be committed: what it said is told by the next."""
        if self.pending is not None:
            self.endings = [*self.pending.endings, *self.endings]
            self.pending, self.told = None, {}
