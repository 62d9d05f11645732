"""Who waits for quota and whose turn it is: first come, first served within a priority. Pure of I/O."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from kentik_async.quota.waiting.event_loops import LoopTimer as Home

__all__ = ["TURNS_AHEAD", "WaitQueue", "Waiter"]

TURNS_AHEAD = 8
"""How many grants may go past a waiting call of lower priority: then its priority gets a turn.

If that holds for several the highest of them goes first. So between two grants of a priority that has
waiters all the while lie at most `TURNS_AHEAD` others and one for each further lower priority that waits.
"""

_G = TypeVar("_G")


# A Struct, because ten thousand may wait: it is made in half the time of a dataclass.
class Waiter(msgspec.Struct, Generic[_G], eq=False):
    """One call that waits.

    Attributes:
        priority: The higher goes first.
        queued_since: When the call first asked for quota; a retry keeps it, and with it its turn.
        home: The event loop that the call waits in.
        future: What the call awaits.
        queued: Whether it has its place in the queue.
        left: Whether the call has gone, so that nothing can be given to it any more.
        expiry: The timer that ends the waiting, if there is one.
    """

    priority: int
    queued_since: float
    home: Home
    future: "asyncio.Future[_G]"
    queued: bool = False
    left: bool = False
    expiry: asyncio.TimerHandle | None = None

    def lost(self) -> bool:
        """Tell whether nobody would take what is handed to this waiter."""
        return self.left or self.future.done() or self.home.loop.is_closed()


@dataclass(slots=True, eq=False)
class _Level(Generic[_G]):
    """The waiters of one priority; those that left stay in the deque until they come up."""

    priority: int
    waiters: "deque[Waiter[_G]]" = field(default_factory=deque)
    live: int = 0
    passed_over: int = 0


class WaitQueue(Generic[_G]):
    """Waiters in the order of their turns; its length is the number of those that still wait.

    Higher priorities go first; see `TURNS_AHEAD` for when a lower one has a turn, so nothing starves.
    Every step is O(1) but for a retry, which walks past those older than itself.
    """

    __slots__ = ("_levels", "_live", "_stale")

    def __init__(self) -> None:
        self._levels: list[_Level[_G]] = []
        self._live = 0
        self._stale = 0

    def __len__(self) -> int:
        return self._live

    def __iter__(self) -> Iterator[Waiter[_G]]:
        """Yield all that still wait, the highest priority first."""
        for level in self._levels:
            yield from (waiter for waiter in level.waiters if waiter.queued)

    def push(self, waiter: Waiter[_G]) -> None:
        """Let a waiter join at the place that its priority and age give it."""
        level = self._level(waiter.priority)
        waiters = level.waiters
        if not waiters or waiters[-1].queued_since <= waiter.queued_since:
            waiters.append(waiter)
        else:
            place = next(i for i, other in enumerate(waiters) if other.queued_since > waiter.queued_since)
            waiters.insert(place, waiter)
        waiter.queued = True
        level.live += 1
        self._live += 1

    def ahead_of(self, priority: int, queued_since: float) -> int:
        """Return how many wait that a newcomer of that priority and age would have to let go first."""
        ahead = 0
        for level in self._levels:
            if level.priority > priority:
                ahead += level.live
            elif level.priority == priority and level.waiters:
                if level.waiters[-1].queued_since <= queued_since:
                    ahead += level.live
                else:
                    ahead += sum(w.queued and w.queued_since <= queued_since for w in level.waiters)
        return ahead

    def peek(self) -> Waiter[_G] | None:
        """Return the waiter whose turn it is, or None if nobody waits."""
        level = self._turn()
        return None if level is None else level.waiters[0]

    def pop(self) -> Waiter[_G]:
        """Take out the waiter whose turn it is; somebody must be waiting."""
        level = self._turn()
        if level is None:
            raise IndexError("nobody waits")
        waiter = level.waiters.popleft()
        self._strike(waiter, level)
        level.passed_over = 0
        if len(self._levels) > 1:
            for lower in self._levels[self._levels.index(level) + 1 :]:
                lower.passed_over += 1
        return waiter

    def discard(self, waiter: Waiter[_G]) -> None:
        """Enter that a waiter went away; it keeps no turn. One that is not in the queue is let be."""
        if not waiter.queued:
            return
        self._strike(waiter, self._level(waiter.priority))
        self._stale += 1
        # Without this, waiters that give up behind a head that waits for an hour would pile up.
        if self._stale > 64 and self._stale > self._live:
            for level in self._levels:
                level.waiters = deque(other for other in level.waiters if other.queued)
            self._stale = 0

    def _strike(self, waiter: Waiter[_G], level: _Level[_G]) -> None:
        waiter.queued = False
        level.live -= 1
        self._live -= 1

    def _level(self, priority: int) -> _Level[_G]:
        for place, level in enumerate(self._levels):
            if level.priority == priority:
                return level
            if level.priority < priority:
                self._levels.insert(place, _Level(priority))
                return self._levels[place]
        self._levels.append(_Level(priority))
        return self._levels[-1]

    def _turn(self) -> _Level[_G] | None:
        levels = self._levels
        # Measured: nearly always there is one priority, and its head still waits.
        if len(levels) == 1 and levels[0].waiters and levels[0].waiters[0].queued:
            return levels[0]
        for level in levels:
            while level.waiters and not level.waiters[0].queued:
                level.waiters.popleft()
                self._stale -= 1
        levels[:] = [level for level in levels if level.waiters]
        for level in levels:
            if level.passed_over >= TURNS_AHEAD:
                return level
        return levels[0] if levels else None
