"""The limiter of one quota class in one process, on any store: the calls of the process wait here.

There is no polling: an answer, another member or the timer of an event loop wakes the next waiter.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from math import inf
from typing import TypeVar

from kentik_async.errors import ClientClosedError, KentikError
from kentik_async.quota.class_grant import ClassGrant
from kentik_async.quota.limits import Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import Store
from kentik_async.quota.reporter import Reporter
from kentik_async.quota.snapshot import QuotaSnapshot, snapshot_of
from kentik_async.quota.state.messages import Ending, StoreReply
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.reporting import grant_alone
from kentik_async.quota.state.schedule import Schedule
from kentik_async.quota.waiting.deferred_lock import DeferredLock
from kentik_async.quota.waiting.event_loops import LoopRegistry, LoopTimer, running_loop
from kentik_async.quota.waiting.wait_queue import Waiter, WaitQueue, wait_too_long

__all__ = ["ClassLimiter"]

R = TypeVar("R")


class ClassLimiter:
    """Limits one quota class in one process, which is a member of the store's state. Thread-safe."""

    def __init__(
        self,
        quota_class: QuotaClass,
        terms: tuple[Quota, Pacing],
        store: Store,
        monotonic: Callable[[], float],
    ) -> None:
        """Start without waiters, on a store that no other limiter uses in this process."""
        self._class: QuotaClass = quota_class
        self._store = store
        self._exclusive = store.own_state is not None
        self._reporter = Reporter(store, *terms, self._on_reply)
        self._monotonic = monotonic
        # Without leases, the end of each request is recorded, also after the limiter was closed.
        self._graceful_close, self._closed = store.lease == inf, False
        self._reset()
        store.bind(self._wake)

    def enter(self, priority: int, queued_since: float | None, max_wait: float | None) -> ClassGrant | Waiter:
        """Return a grant, or a waiter: await its future, and call `cancel` to stop waiting.

        The future raises QuotaWaitError if the wait would exceed, or did exceed, `max_wait` seconds,
        ClientClosedError when the limiter is closed, and the errors of the store.

        Raises:
            ClientClosedError: The limiter was closed.
        """
        self._lock.acquire()  # not `with`, which takes 0.2 µs more for each request
        try:
            if self._closed:
                raise ClientClosedError("the limiter is closed")
            reporter, queue, timer = self._reporter, self._queue, self._loops.timers.get(running_loop())
            if timer is None:
                self._remove_closed_loops()
                timer = self._loops.add_running()
                reporter.announced = {}  # forces a report, which sets this loop's timer too
            now, pending = self._monotonic(), reporter.pending
            if not (queue.calls or pending):
                grant = self._try_acquire(priority, timer, now)
                if grant is not None:
                    return grant
            since = now if queued_since is None else queued_since
            waiter = Waiter(priority, since, timer, timer.loop.create_future())
            queue.push(waiter)
            if pending:
                self._unreported.add(waiter)
            # Waiters of one priority are woken together; a report for this one may be pending.
            if not reporter.announced.get(priority) and (pending or not reporter.pending):
                self._report()
            if max_wait is not None and waiter.queued:
                check = partial(self._check_max_wait, waiter, now, max_wait)
                if self._schedule is not None and not reporter.endings:
                    check(reporter.state)
                else:
                    reporter.read_state(check)
                    self._report()
                # The store may need a moment to return a grant that is free now.
                longest = max(max_wait, self._store.patience if reporter.pending else 0.0)
                waiter.expiry = timer.loop.call_later(longest, self._expire, waiter, max_wait)
            return waiter
        finally:
            self._lock.release()

    def cancel(self, waiter: Waiter) -> None:
        """Stop waiting; a grant that was already delivered is returned."""
        waiter.cancelled = True
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().close("not_sent")
        else:
            self._lock.run(self._discard, waiter)

    def is_valid(self, grant: ClassGrant) -> bool:
        """Return whether a grant is still valid."""
        return grant.number in self._reporter.open and (self._exclusive or self._store.grants_valid())

    def end(self, grant: ClassGrant, outcome: Outcome, retry_after: float | None) -> None:
        """Record how a granted request ended, which may let the next one be sent; never blocks."""
        now = self._monotonic()
        at = now if self._exclusive else None
        ending = Ending(grant.number, outcome, now - grant.granted_at, retry_after, grant.hint, at)
        self._lock.run(self._end, ending)

    def set_limits(self, quota: Quota | None, pacing: Pacing) -> None:
        """Set the pacing of this process, and its limits unless `quota` is None."""
        with self._lock:
            self._reporter.set_limits(quota or self._reporter.terms.quota, pacing)
            self._report()

    async def snapshot(self) -> QuotaSnapshot:
        """Return the present state, including other members."""
        terms, queue = self._reporter.terms, self._queue
        return await self._read_state(lambda state: snapshot_of(self._class, state, terms, len(queue)))

    async def estimate(self, n: int) -> float:
        """Return the seconds until the calls that wait here and `n` more would all be answered."""
        schedule, waiting = await self._read_state(
            lambda state: (Schedule(state, self._reporter.terms), len(self._queue))
        )
        return schedule.end_of(waiting + n) - schedule.now

    def idle(self) -> bool:
        """Return whether no call waits here, and the store's state has no usage that must be kept."""
        with self._lock:
            self._remove_closed_loops()
            self._report()
            reporter = self._reporter
            return not (self._queue.calls or reporter.open or reporter.pending) and reporter.state.idle()

    async def aclose(self) -> None:
        """Grant nothing more and release the store; waiting calls end with ClientClosedError."""
        with self._lock:
            self._closed = True
            self._queue.fail_all(ClientClosedError("the limiter was closed"))
            if not self._graceful_close:
                self._reporter.abandon()
            announced = any(self._reporter.announced.values())  # these calls no longer wait
            if self._graceful_close or announced or self._reporter.endings or self._reporter.pending:
                self._report()
        if not self._graceful_close:
            await self._store.aclose()

    def restart(self) -> None:
        """Start again in a forked child: the parent keeps the waiters and the requests in flight."""
        self._store.restart()
        self._reporter.restart()
        self._reset()

    def _reset(self) -> None:
        self._lock = DeferredLock()  # at a fork, another thread of the parent may hold the old one
        self._queue = WaitQueue()
        self._unreported: set[Waiter] = set()  # waiters that joined after the pending report was sent
        self._loops = LoopRegistry(self._wake, self._monotonic)
        self._answers_help, self._alone = True, False
        self._schedule: tuple[Schedule, float] | None = None  # at the latest report, and when it was made

    def _report(self) -> None:
        """Report and deliver the grants; if a report is pending, another one follows it."""
        reporter = self._reporter
        reporter.due = True
        while reporter.due and not reporter.pending:
            reporter.due = False
            self._unreported.clear()
            try:
                reply = reporter.send(dict(self._queue.calls))
            except KentikError as error:
                self._handle_failure(error)
                return
            if reply is not None:
                self._apply_reply(reply)
                reporter.resolve_reads()

    def _try_acquire(self, priority: int, timer: LoopTimer, now: float) -> ClassGrant | None:
        """Return a grant for a call that arrives while no other waits here, or None if it must wait."""
        reporter = self._reporter
        if self._exclusive:
            self._schedule = None
            number = grant_alone(reporter.terms, reporter.endings, priority, reporter.state, now)
            reporter.last_seen = number or reporter.last_seen
        elif (reply := reporter.send({priority: 1})) is None:
            return None
        else:
            number = reply.grants.pop(0)[0] if reply.grants else None
            self._apply_reply(reply)
        if number is None:
            return None
        reporter.open[number] = timer
        if reporter.due:  # there were more grants, which are returned
            self._report()
        return ClassGrant(self, number, now)

    def _on_reply(self, reply: StoreReply | KentikError) -> None:
        self._lock.run(self._handle_reply, reply)

    def _handle_reply(self, reply: StoreReply | KentikError) -> None:
        if isinstance(reply, KentikError):
            self._reporter.fail()
            self._handle_failure(reply)
        else:
            self._reporter.receive(reply)
            self._apply_reply(reply)
            self._reporter.resolve_reads()
        if self._reporter.due:
            self._report()

    def _handle_failure(self, error: KentikError) -> None:
        """Fail the waiters of the latest report, which failed; later waiters get a report of their own."""
        self._queue.fail_all(error, but=self._unreported)
        self._reporter.resolve_reads(error)
        self._reporter.due = bool(self._queue.calls or self._reporter.reads)

    def _apply_reply(self, reply: StoreReply) -> None:
        reporter = self._reporter
        self._schedule = None
        self._answers_help = reply.answers_help
        self._alone = reply.alone and not self._closed
        if reply.reclaimed:
            reporter.open.clear()
        if reply.grants:
            now, here = self._monotonic(), running_loop()
            for number, priority in reply.grants:
                waiter = self._queue.pop(priority)
                if waiter is not None:
                    reporter.open[number] = waiter.timer
                    waiter.deliver(ClassGrant(self, number, now), here)
                else:
                    reporter.endings.append(Ending(number, "not_sent", 0.0))
                    reporter.due = True
        if reply.report_in != inf or (self._loops.several and any(reporter.announced.values())):
            self._loops.schedule(reply.report_in)
        if self._closed and self._graceful_close and not (reporter.open or reporter.endings):
            self._store.close()

    def _wake(self, delay: float = 0.0) -> None:
        self._lock.run(self._handle_wake, delay)

    def _handle_wake(self, delay: float) -> None:
        self._remove_closed_loops()
        if delay > 0:
            self._loops.schedule(delay)
        elif delay == 0 or self._reporter.endings:
            self._report()

    def _end(self, ending: Ending) -> None:
        if self._reporter.open.pop(ending.grant, None) is None:
            return  # it has ended before, or is void
        self._reporter.endings.append(ending)
        hinted = ending.hint is not None  # the remaining requests apply to the next call
        urgent = ending.outcome != "answered" or (hinted and self._exclusive)
        now = urgent or (self._queue.calls and (hinted or self._answers_help))
        # No call waits for the answer: a shared state gets it soon, if possible with the next call.
        if now or not (self._exclusive or (self._alone and self._loops.schedule_soon())):
            self._report()

    def _remove_closed_loops(self) -> None:
        """End the requests of closed event loops as unknown: they may still be running at the server."""
        if self._loops.drop_closed() and self._reporter.abandon(but_open_loops=True):
            self._report()

    def _discard(self, waiter: Waiter) -> None:
        self._queue.discard(waiter)
        if self._reporter.announced.get(waiter.priority) and not self._queue.calls.get(waiter.priority):
            self._report()

    def _expire(self, waiter: Waiter, max_wait: float) -> None:
        with self._lock:
            self._discard(waiter)
        waiter.fail(wait_too_long(self._class, max_wait))

    async def _read_state(self, view: Callable[[QuotaState], R]) -> R:
        """Make a report, call a function with the state under the lock, and return its result."""
        with self._lock:
            self._remove_closed_loops()
            result = self._reporter.read_state(view)
            self._report()
        return result.result() if result.done() else await asyncio.wrap_future(result)

    def _check_max_wait(self, waiter: Waiter, since: float, max_wait: float, state: QuotaState) -> None:
        if waiter.queued:
            if self._schedule is None:
                self._schedule = Schedule(state, self._reporter.terms), self._monotonic()
            schedule, made = self._schedule
            ahead, began = self._queue.ahead_of(waiter), schedule.now + since - made
            estimate = schedule.wait_beyond(ahead, max_wait, began)
            if estimate is not None:
                self._discard(waiter)
                waiter.fail(wait_too_long(self._class, max_wait, estimate))
