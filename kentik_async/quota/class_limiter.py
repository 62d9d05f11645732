"""One quota class as one process takes part in it: its calls wait here, on whatever store.

There is no polling: an answer or another member wakes the next waiter, or else one timer an event loop.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from kentik_async.errors import ClientClosedError, KentikError
from kentik_async.quota.class_grant import ClassGrant
from kentik_async.quota.inspector import Inspector
from kentik_async.quota.limits import Outcome, Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import Store
from kentik_async.quota.reporter import Reporter
from kentik_async.quota.snapshot import QuotaSnapshot
from kentik_async.quota.state.messages import Ending, StoreReply
from kentik_async.quota.state.schedule import Schedule
from kentik_async.quota.waiting.deferred_lock import DeferredLock
from kentik_async.quota.waiting.event_loops import LoopRegistry, LoopTimer
from kentik_async.quota.waiting.wait_errors import wait_too_long
from kentik_async.quota.waiting.wait_queue import Waiter
from kentik_async.quota.waiting.waiters import Waiters

__all__ = ["ClassLimiter"]


class ClassLimiter:
    """One quota class in one process: one member of those that share its store's state.

    Every public method may be called from any thread.

    Attributes:
        quota_class: The class's name.
    """

    def __init__(
        self,
        quota_class: QuotaClass,
        quota: Quota,
        pacing: Pacing,
        store: Store,
        monotonic: Callable[[], float],
    ) -> None:
        """Start with nobody waiting, on a store that nobody else uses in this process."""
        self.quota_class: QuotaClass = quota_class
        self._store = store
        self._exclusive = store.exclusive
        self._reporter = Reporter(store, quota, pacing, self._later)
        self._monotonic = monotonic
        # Without leases requests in flight are entered as they end, also after the limiter was closed.
        self._closes_last = store.lease == inf
        self._closed = False
        self._begin()
        store.bind(self._wake)

    def enter(
        self, priority: int, queued_since: float | None, max_wait: float | None
    ) -> "ClassGrant | Waiter[ClassGrant]":
        """Return a grant, or a waiter whose future is to be awaited, and given up by `leave`.

        The future raises QuotaWaitError where the wait would exceed, or did exceed, `max_wait` seconds,
        ClientClosedError when the limiter is closed, and what the store fails with.

        Raises:
            ClientClosedError: The limiter was closed.
        """
        self._lock.acquire()  # not `with`, which takes 0.2 µs more: it is done for each request
        try:
            if self._closed:
                raise ClientClosedError("the limiter is closed")
            timer = self._loops.here()
            if timer is None:
                self._reap()
                timer = self._loops.enter()
                self._reporter.told = {}  # a report is needed that arms this loop's timer too
            now = self._monotonic()
            late = self._reporter.pending is not None
            if not (self._waiters.queue.calls or late):
                grant = self._ask_for_one(priority, timer, now)
                if grant is not None:
                    return grant
            waiter = self._waiters.join(timer, priority, now if queued_since is None else queued_since, late)
            # What wakes others of this priority wakes this one; a report for this one may be pending.
            if not self._reporter.told.get(priority) and (late or self._reporter.pending is None):
                self._report()
            if max_wait is not None and waiter.queued:
                self._bring_up_to_date()
                # The store may need a moment to tell what can be had at once.
                longest = max(max_wait, self._store.patience if self._reporter.pending else 0.0)
                waiter.expiry = timer.loop.call_later(longest, self._expire, waiter, max_wait)
                self._inspector.look_ahead(now, partial(self._refuse_hopeless, waiter, now, max_wait))
            return waiter
        finally:
            self._lock.release()

    def leave(self, waiter: "Waiter[ClassGrant]") -> None:
        """Wait no more; a grant that has come nevertheless goes back."""
        waiter.left = True
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().close("not_sent")
        else:
            self._lock.run(self._discard, waiter)

    def is_valid(self, grant: ClassGrant) -> bool:
        """Tell whether a grant's right to send still holds."""
        return grant.number in self._reporter.open and self._store.holds()

    def end(self, grant: ClassGrant, outcome: Outcome, retry_after: float | None) -> None:
        """Enter how a granted request ended, and let the next one go; never blocks."""
        now = self._monotonic()
        at = now if self._exclusive else None
        ending = Ending(grant.number, outcome, now - grant.granted_at, retry_after, grant.hint, at)
        self._lock.run(self._end, ending)

    def keep_to(self, *, quota: Quota | None = None, pacing: Pacing | None = None) -> None:
        """Change the limits or the pacing that this process keeps to, from the next grant on."""
        with self._lock:
            terms = self._reporter.terms
            if quota not in (None, terms.quota) or pacing not in (None, terms.pacing):
                self._reporter.keep_to(quota or terms.quota, pacing or terms.pacing)
                self._report()

    async def snapshot(self) -> QuotaSnapshot:
        """Return the present state, other members included."""
        waiting = self._tell()
        return await self._inspector.snapshot(self.quota_class, waiting)

    async def estimate(self, n: int) -> float:
        """Return in how many seconds those that wait here and `n` more would all be answered."""
        waiting = self._tell()
        schedule = await self._inspector.schedule()
        return schedule.end_of(waiting + n) - schedule.now

    def idle(self) -> bool:
        """Tell whether nobody waits here, and the store's state holds nothing that must be remembered."""
        with self._lock:
            return not (self._bring_up_to_date() or self._reporter.open) and self._inspector.idle()

    async def aclose(self) -> None:
        """Grant nothing more and release the store; those that wait end with ClientClosedError."""
        with self._lock:
            self._closed = True
            self._waiters.fail_all(ClientClosedError("the limiter was closed"))
            if not self._closes_last:
                self._reporter.abandon()
            if self._closes_last or self._reporter.owes():
                self._report()
        if not self._closes_last:
            await self._store.aclose()

    def restart(self) -> None:
        """Begin anew in a forked child: its parent keeps the waiters and what is in flight."""
        self._store.restart()
        self._reporter.restart()
        self._begin()

    def _begin(self) -> None:
        self._lock = DeferredLock()  # in a child another thread of the parent may have held the old one
        self._waiters: Waiters[ClassGrant] = Waiters()
        self._loops = LoopRegistry(self._wake)
        self._answers_help, self._alone = True, False
        self._inspector = Inspector(self._store, self._reporter, self._lock)

    def _report(self) -> None:
        """Report, and hand out what that leads to; if a report is pending, another follows it."""
        reporter = self._reporter
        reporter.due = True
        while reporter.due and reporter.pending is None:
            reporter.due = False
            self._waiters.late.clear()
            self._inspector.ahead = None
            try:
                reply = reporter.send(dict(self._waiters.queue.calls))
            except KentikError as error:
                self._waiters.fail_all(error)
                return
            if reply is not None:
                self._take_up(reply)
                self._hand_out(reply.grants)

    def _ask_for_one(self, priority: int, timer: LoopTimer, now: float) -> ClassGrant | None:
        """Return a grant for a call that arrives while nobody waits here, if it can be had at once."""
        reply = self._reporter.send({priority: 1})
        if reply is not None:
            self._take_up(reply)
        if reply is None or not reply.grants:
            return None
        grants = reply.grants
        number = grants[0][0]
        self._reporter.open[number] = timer
        if len(grants) > 1:
            self._hand_out(grants[1:])
            self._report()
        return ClassGrant(self, number, timer, now)

    def _later(self, reply: StoreReply | KentikError) -> None:
        self._lock.run(self._arrived, reply)

    def _arrived(self, reply: StoreReply | KentikError) -> None:
        """Take up what the store could not tell at once."""
        reporter = self._reporter
        if isinstance(reply, KentikError):
            reporter.fail()
            self._waiters.fail_all(reply, but=self._waiters.late)
            # Those that came meanwhile have an attempt of their own.
            reporter.due = bool(self._waiters.queue.calls)
        else:
            reporter.receive(reply)
            self._take_up(reply)
            self._hand_out(reply.grants)
        if reporter.due:
            self._report()

    def _take_up(self, reply: StoreReply) -> None:
        self._inspector.ahead = None
        self._answers_help = reply.answers_help or not self._exclusive
        self._alone = reply.alone and not self._closed
        if reply.reclaimed:
            self._reporter.open.clear()
        if reply.again != inf or (self._loops.several and any(self._reporter.told.values())):
            self._ring_in(reply.again)
        if self._closed and self._closes_last and not (self._reporter.open or self._reporter.endings):
            self._store.close()

    def _ring_in(self, delay: float) -> None:
        if self._loops.several:
            # The loop of those in flight may be closed, and their slots then nobody gives back.
            quota = self._reporter.terms.quota
            delay = min(delay, max(quota.drain, quota.minute / 60))
        self._loops.ring_at(self._monotonic() + delay, delay)

    def _wake(self, delay: float = 0.0) -> None:
        self._lock.run(self._look_in, delay)

    def _look_in(self, delay: float) -> None:
        self._reap()
        if delay > 0:
            self._ring_in(delay)
        else:
            self._report()

    def _hand_out(self, grants: Sequence[tuple[int, int]]) -> None:
        now, here = self._monotonic(), self._loops.here()
        for number, priority in grants:
            waiter = self._waiters.queue.pop(priority)
            if waiter is not None:
                self._reporter.open[number] = waiter.timer
                if self._waiters.deliver(waiter, ClassGrant(self, number, waiter.timer, now), here):
                    continue
                del self._reporter.open[number]
            self._reporter.endings.append(Ending(number, "not_sent", 0.0))
            self._reporter.due = True

    def _end(self, ending: Ending) -> None:
        if self._reporter.open.pop(ending.grant, None) is None:
            return  # it has ended before, or is void
        self._reporter.endings.append(ending)
        helps = self._answers_help or ending.hint is not None
        now = ending.outcome != "answered" or (helps and self._waiters.queue.calls)
        # Nobody waits for an answer: where the state is shared it is told soon, at best with the next call.
        if now or not (self._exclusive or (self._alone and self._loops.call_soon(self._tell))):
            self._report()

    def _tell(self) -> int:
        with self._lock:
            return self._bring_up_to_date()

    def _reap(self) -> None:
        """End the requests of event loops that were closed: they may still be working at the server."""
        if self._loops.drop_closed() and self._reporter.abandon(but_open_loops=True):
            self._report()

    def _bring_up_to_date(self) -> int:
        """Report what was not worth a report of its own; return how many calls wait here."""
        self._reap()
        if self._reporter.endings:
            self._report()
        return len(self._waiters.queue)

    def _discard(self, waiter: "Waiter[ClassGrant]") -> None:
        self._waiters.queue.discard(waiter)
        if self._reporter.told.get(waiter.priority) and not self._waiters.queue.calls.get(waiter.priority):
            self._report()

    def _expire(self, waiter: "Waiter[ClassGrant]", max_wait: float) -> None:
        with self._lock:
            self._discard(waiter)
        self._waiters.fail(waiter, wait_too_long(self.quota_class, max_wait, None))

    def _refuse_hopeless(
        self, waiter: "Waiter[ClassGrant]", since: float, max_wait: float, schedule: Schedule, made: float
    ) -> None:
        if waiter.queued:
            ahead, began = self._waiters.queue.ahead_of(waiter), schedule.now + since - made
            estimate = schedule.wait_beyond(ahead, max_wait, began)
            if estimate is not None:
                self._discard(waiter)
                self._waiters.fail(waiter, wait_too_long(self.quota_class, max_wait, estimate))
