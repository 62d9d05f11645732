"""What one member sees of the shared state: snapshots, and when requests will go."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from kentik_async.errors import KentikError
from kentik_async.quota.limits import QuotaClass
from kentik_async.quota.protocols import Store, View
from kentik_async.quota.reporter import Reporter
from kentik_async.quota.snapshot import QuotaSnapshot, snapshot_of
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.schedule import Schedule
from kentik_async.quota.waiting.deferred_lock import DeferredLock

__all__ = ["Inspector"]

R = TypeVar("R")


class Inspector:
    """Looks at a store's state for one member; it never changes it.

    Attributes:
        ahead: The latest schedule and when it was made; None if the state has changed since.
    """

    def __init__(self, store: Store, reporter: Reporter, lock: DeferredLock) -> None:
        """Start with nothing seen.

        Args:
            store: What keeps the state.
            reporter: Of the member: what it keeps to.
            lock: The lock of the member's limiter.
        """
        self._store = store
        self._reporter = reporter
        self._lock = lock
        self.ahead: tuple[Schedule, float] | None = None

    async def snapshot(self, quota_class: QuotaClass, waiting: int) -> QuotaSnapshot:
        """Return the state of the class, with so many calls waiting in this member."""
        return await self._look(partial(self._snapshot, quota_class, waiting))

    async def schedule(self) -> Schedule:
        """Return when requests of this member will go."""
        return await self._look(self._schedule)

    def idle(self) -> bool:
        """Tell whether the state holds nothing that must be remembered; False if that takes time."""
        return self._store.inspect(self._idle, _ignore) is True

    def look_ahead(
        self, now: float, then: Callable[[Schedule, float], None], *, once_more: bool = True
    ) -> None:
        """Call a function, under the lock, with a schedule and when it was made. The limiter holds the lock.

        Args:
            now: The present, by the process's clock.
            then: The function; it is not called if the store fails, as then the next report fails too.
            once_more: Whether to look again if another report follows the pending one.
        """
        if self.ahead is not None:
            then(*self.ahead)
            return
        incomplete, latest = once_more and self._reporter.due, self._reporter.latest

        def arrived(schedule: Schedule | KentikError) -> None:
            self._lock.run(take_up, schedule)

        def take_up(schedule: Schedule | KentikError) -> None:
            if isinstance(schedule, Schedule) and incomplete:
                self.look_ahead(now, then, once_more=False)
            elif isinstance(schedule, Schedule):
                if latest is self._reporter.latest:
                    self.ahead = schedule, now
                then(schedule, now)

        with suppress(KentikError):
            schedule = self._store.inspect(self._schedule, arrived)
            if schedule is not None:
                take_up(schedule)

    async def _look(self, view: View[R]) -> R:
        more_to_tell = self._reporter.due  # another report follows the pending one
        found = await self._look_once(view)
        return await self._look_once(view) if more_to_tell else found

    async def _look_once(self, view: View[R]) -> R:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def arrived(found: R | KentikError) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
                loop.call_soon_threadsafe(_settle, future, found)

        with self._lock:
            found = self._store.inspect(view, arrived)
        return await future if found is None else found

    def _snapshot(
        self, quota_class: QuotaClass, waiting: int, state: QuotaState, now: float
    ) -> QuotaSnapshot:
        now, terms = state.advance(now), self._reporter.terms
        quota = state.quota_in_force(terms.quota, terms.limits, now)
        waiting += sum(state.turns.waiting_elsewhere(self._store.member))
        return snapshot_of(quota_class, state, quota, terms.pacing, now=now, waiting=waiting)

    def _schedule(self, state: QuotaState, now: float) -> Schedule:
        now, terms = state.advance(now), self._reporter.terms
        quota = state.quota_in_force(terms.quota, terms.limits, now)
        return Schedule(state, quota, terms.pacing, self._store.member, now)

    def _idle(self, state: QuotaState, now: float) -> bool:
        return state.idle(self._reporter.terms.quota, state.advance(now))


def _settle(future: "asyncio.Future[R]", found: R | KentikError) -> None:
    if future.done():
        return
    if isinstance(found, KentikError):
        future.set_exception(found)
    else:
        future.set_result(found)


def _ignore(_: object) -> None:
    """Leave what comes too late."""
