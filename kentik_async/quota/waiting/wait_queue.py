"""The calls of one process that wait for quota: first come, first served within a priority. Pure of I/O.

Which priority has the next turn is decided by the shared state; see `state/turn_order.py`.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from kentik_async.quota.waiting.event_loops import LoopTimer

__all__ = ["WaitQueue", "Waiter"]

_G = TypeVar("_G")


# A Struct, because ten thousand may wait: it is made in half the time of a dataclass.
class Waiter(msgspec.Struct, Generic[_G], eq=False):
    """One call that waits.

    Attributes:
        priority: The higher goes first.
        queued_since: When the call first requested quota; a retry keeps it, and with it its turn.
        timer: The timer of the event loop that the call waits in.
        future: What the call awaits.
        queued: Whether it has its place in the queue.
        left: Whether the call has gone, so that nothing can be given to it any more.
        expiry: The timer that ends the waiting, if there is one.
    """

    priority: int
    queued_since: float
    timer: LoopTimer
    future: "asyncio.Future[_G]"
    queued: bool = False
    left: bool = False
    expiry: asyncio.TimerHandle | None = None

    def lost(self) -> bool:
        """Tell whether nobody would take what is handed to this waiter."""
        return self.left or self.future.done() or self.timer.loop.is_closed()


@dataclass(slots=True, eq=False)
class _Level(Generic[_G]):
    """The waiters of one priority; those that left stay in the deque until they come up."""

    waiters: "deque[Waiter[_G]]" = field(default_factory=deque)
    stale: int = 0


class WaitQueue(Generic[_G]):
    """Waiters by priority, in the order of their turns; its length is the number of those that still wait.

    Every step is O(1) but for a retry, which walks past those older than itself.

    Attributes:
        calls: How many wait with each priority that any waits with.
    """

    __slots__ = ("_levels", "_live", "calls")

    def __init__(self) -> None:
        self._levels: dict[int, _Level[_G]] = {}
        self._live = 0
        self.calls: dict[int, int] = {}

    def __len__(self) -> int:
        return self._live

    def __iter__(self) -> Iterator[Waiter[_G]]:
        """Yield all that still wait, the highest priority first."""
        for priority in sorted(self._levels, reverse=True):
            yield from (waiter for waiter in self._levels[priority].waiters if waiter.queued)

    def push(self, waiter: Waiter[_G]) -> None:
        """Let a waiter join at the place that its priority and age give it."""
        level = self._levels.get(waiter.priority)
        if level is None:
            level = self._levels[waiter.priority] = _Level()
        waiters = level.waiters
        if not waiters or waiters[-1].queued_since <= waiter.queued_since:
            waiters.append(waiter)
        else:
            place = next(i for i, other in enumerate(waiters) if other.queued_since > waiter.queued_since)
            waiters.insert(place, waiter)
        waiter.queued = True
        self._live += 1
        self.calls[waiter.priority] = self.calls.get(waiter.priority, 0) + 1

    def ahead_of(self, waiter: Waiter[_G]) -> int:
        """Return how many wait that go before a waiter in the queue."""
        ahead = sum(calls for priority, calls in self.calls.items() if priority > waiter.priority)
        waiters = self._levels[waiter.priority].waiters
        if waiters[-1] is waiter:
            return ahead + self.calls[waiter.priority] - 1
        for other in waiters:
            if other is waiter:
                break
            ahead += other.queued
        return ahead

    def pop(self, priority: int) -> Waiter[_G] | None:
        """Take out the first waiter of a priority that can be served; None if there is none."""
        level = self._levels.get(priority)
        while level is not None and level.waiters:
            waiter = level.waiters.popleft()
            if not waiter.queued:
                level.stale -= 1
                continue
            self._strike(waiter)
            if not waiter.lost():
                return waiter
        return None

    def discard(self, waiter: Waiter[_G]) -> None:
        """Remove a waiter, which keeps no turn; one that is not in the queue is ignored."""
        if not waiter.queued:
            return
        self._strike(waiter)
        level = self._levels.get(waiter.priority)
        if level is None:
            return
        level.stale += 1
        # Without this, waiters that give up behind a head that waits for an hour would pile up.
        if level.stale > 64 and level.stale > self.calls.get(waiter.priority, 0):
            level.waiters = deque(other for other in level.waiters if other.queued)
            level.stale = 0

    def _strike(self, waiter: Waiter[_G]) -> None:
        waiter.queued = False
        self._live -= 1
        left = self.calls[waiter.priority] - 1
        if left:
            self.calls[waiter.priority] = left
        else:
            # What is left in the level's deque, if anything, has gone already.
            del self.calls[waiter.priority], self._levels[waiter.priority]
