"""The calls of one process that wait for quota: first come, first served within a priority.

The shared state decides which priority has the next turn; see `state/turn_order.py`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection
from contextlib import suppress

import msgspec

from kentik_async.errors import KentikError, QuotaWaitError
from kentik_async.quota.class_grant import ClassGrant
from kentik_async.quota.limits import QuotaClass
from kentik_async.quota.waiting.event_loops import LoopTimer

__all__ = ["WaitQueue", "Waiter", "wait_too_long"]


# A Struct, because ten thousand calls may wait: it is made in half the time of a dataclass.
class Waiter(msgspec.Struct, eq=False):
    """One waiting call, in any thread and event loop.

    Attributes:
        priority: Higher priorities are first.
        queued_since: When the call first requested quota; a retry keeps it, and so keeps its turn.
        timer: The timer of the event loop that the call waits in.
        future: The future that the call awaits.
        queued: Whether it is in the queue.
        cancelled: Whether the call no longer waits, so that it cannot take a grant.
        expiry: The timer that ends the wait, if there is one.
    """

    priority: int
    queued_since: float
    timer: LoopTimer
    future: "asyncio.Future[ClassGrant]"
    queued: bool = False
    cancelled: bool = False
    expiry: asyncio.TimerHandle | None = None

    def lost(self) -> bool:
        """Return whether this waiter cannot take a grant any more."""
        return self.cancelled or self.future.done() or self.timer.loop.is_closed()

    def deliver(self, grant: ClassGrant, here: asyncio.AbstractEventLoop | None) -> None:
        """Deliver a grant, at once if `here`, the running loop of this thread, is the waiter's loop."""
        if self.timer.loop is here:
            self.future.set_result(grant)
        else:
            with suppress(RuntimeError):  # the loop was just closed: the unreferenced grant ends itself
                self.timer.loop.call_soon_threadsafe(self._take, grant)

    def fail(self, error: KentikError) -> None:
        """End the wait with an error; the waiter is no longer in the queue."""
        with suppress(RuntimeError):  # the loop is closed: no call waits there
            self.timer.loop.call_soon_threadsafe(self._fail, error)

    def _take(self, grant: ClassGrant) -> None:
        if self.cancelled or self.future.done():
            grant.close("not_sent")
        else:
            self.future.set_result(grant)

    def _fail(self, error: KentikError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class WaitQueue:
    """Waiters by priority, in the order of their turns. Its length is the number of waiting calls.

    Every step is O(1), except for a retry, which passes the waiters that are older. A waiter that no longer
    waits stays in its deque until its turn. The owner holds a lock around every call.

    Attributes:
        calls: The number of waiting calls of each priority that has any.
    """

    __slots__ = ("_waiters", "calls")

    def __init__(self) -> None:
        self._waiters: defaultdict[int, deque[Waiter]] = defaultdict(deque)
        self.calls: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(self.calls.values())

    def push(self, waiter: Waiter) -> None:
        """Insert a waiter by its priority and age."""
        waiters = self._waiters[waiter.priority]
        if not waiters or waiters[-1].queued_since <= waiter.queued_since:
            waiters.append(waiter)
        else:
            place = next(i for i, other in enumerate(waiters) if other.queued_since > waiter.queued_since)
            waiters.insert(place, waiter)
        waiter.queued = True
        self.calls[waiter.priority] = self.calls.get(waiter.priority, 0) + 1

    def ahead_of(self, waiter: Waiter) -> int:
        """Return how many waiters are ahead of a waiter in the queue."""
        ahead = sum(calls for priority, calls in self.calls.items() if priority > waiter.priority)
        waiters = self._waiters[waiter.priority]
        if waiters[-1] is waiter:
            return ahead + self.calls[waiter.priority] - 1
        for other in waiters:
            if other is waiter:
                break
            ahead += other.queued
        return ahead

    def pop(self, priority: int) -> Waiter | None:
        """Remove and return the first waiter of a priority that can take a grant, or None."""
        waiters = self._waiters.get(priority)
        while waiters:
            waiter = waiters.popleft()
            if waiter.queued:
                self._strike(waiter)
                if not waiter.lost():
                    return waiter
        return None

    def discard(self, waiter: Waiter) -> None:
        """Remove a waiter; one that is not in the queue is ignored."""
        if waiter.queued:
            self._strike(waiter)
            waiters, calls = self._waiters.get(waiter.priority), self.calls.get(waiter.priority, 0)
            # Otherwise cancelled waiters would accumulate behind a first one that waits for an hour.
            if waiters and len(waiters) > 2 * calls + 64:
                self._waiters[waiter.priority] = deque(other for other in waiters if other.queued)

    def fail_all(self, error: KentikError, but: Collection[Waiter] = ()) -> None:
        """End the wait of all waiters except `but`, each with its own copy of an error."""
        failing = [waiter for waiters in self._waiters.values() for waiter in waiters if waiter.queued]
        for waiter in failing:
            if waiter not in but:
                self.discard(waiter)
                waiter.fail(type(error)(str(error)))

    def _strike(self, waiter: Waiter) -> None:
        waiter.queued = False
        left = self.calls[waiter.priority] - 1
        if left:
            self.calls[waiter.priority] = left
        else:
            # Waiters that are still in the deque no longer wait.
            del self.calls[waiter.priority], self._waiters[waiter.priority]


def wait_too_long(quota_class: QuotaClass, max_wait: float, estimate: float | None = None) -> QuotaWaitError:
    """Return the error of a call that would wait, or has waited, too long; times in seconds."""
    known = "" if estimate is None else f"; it frees in about {estimate:.1f} s"
    return QuotaWaitError(
        f"no {quota_class.replace('_', '-')} quota within max_wait={max_wait:g} s{known}: "
        "wait longer, or start fewer calls",
        max_wait=max_wait,
        estimate=estimate,
    )
