"""The event loops in which a quota is used, and the timer of each loop."""

import asyncio
from asyncio import _get_running_loop as running_loop  # None in a thread that runs no loop
from collections.abc import Callable
from contextlib import suppress
from math import inf

__all__ = ["LoopRegistry", "LoopTimer", "running_loop"]

_SHORTEST_TIMER = 1e-6  # below a clock's resolution, a timer may fire before the clock has advanced
_LOOK_FOR_CLOSED = 10.0  # seconds


class LoopTimer:
    """One event loop in which a quota is used; its timer calls `callback` there.

    Attributes:
        loop: The loop.
    """

    __slots__ = ("_callback", "_handle", "_when", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self.loop = loop
        self._callback = callback
        self._when = inf
        self._handle: asyncio.TimerHandle | None = None

    def schedule(self, when: float, delay: float) -> None:
        """Call `callback` after `delay` seconds, at `when`, unless set to an earlier time; thread-safe."""
        if self._when <= when:
            return
        if running_loop() is self.loop:
            self._set(when, delay)
        else:
            with suppress(RuntimeError):  # the loop is closed: no call waits there
                self.loop.call_soon_threadsafe(self._set, when, delay)

    def _set(self, when: float, delay: float) -> None:
        if self._when <= when:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._when = when
        self._handle = self.loop.call_later(max(delay, _SHORTEST_TIMER), self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._when = inf
        self._callback()


class LoopRegistry:
    """The event loops in which one quota is used. The owner holds a lock around every call.

    Attributes:
        timers: The timer of each known loop.
        several: Whether there is more than one loop.
    """

    __slots__ = ("_callback", "_monotonic", "_next_iteration", "several", "timers")

    def __init__(self, callback: Callable[..., None], monotonic: Callable[[], float]) -> None:
        """Start without loops; `callback` is called, without the lock, in a loop whose timer fires."""
        self._callback = callback
        self._monotonic = monotonic
        self.timers: dict[asyncio.AbstractEventLoop | None, LoopTimer] = {}
        self._next_iteration: asyncio.AbstractEventLoop | None = None
        self.several = False

    def schedule_soon(self) -> bool:
        """Call `callback` with -1 in the next iteration of the running loop; return False if no loop runs."""
        here = running_loop()
        if here is not None and self._next_iteration is not here:
            self._next_iteration = here
            here.call_soon(self._run_next_iteration)
        return here is not None

    def _run_next_iteration(self) -> None:
        self._next_iteration = None
        self._callback(-1.0)

    def add_running(self) -> LoopTimer:
        """Add the running loop, which is not known yet, and return its timer."""
        loop = asyncio.get_running_loop()
        timer = self.timers[loop] = LoopTimer(loop, self._callback)
        self.several = len(self.timers) > 1
        return timer

    def drop_closed(self) -> bool:
        """Remove closed loops; return whether there were any."""
        closed = [loop for loop, timer in self.timers.items() if timer.loop.is_closed()]
        for loop in closed:
            del self.timers[loop]
            self._next_iteration = None
        self.several = len(self.timers) > 1
        return bool(closed)

    def schedule(self, delay: float) -> None:
        """Set every loop's timer, because a loop with waiters may be closed without notice.

        A loop with requests in flight may be closed too. The other loops then return its slots.
        """
        if self.several:
            delay = min(delay, _LOOK_FOR_CLOSED)
        if delay < inf:
            when = self._monotonic() + delay
            for timer in self.timers.values():
                timer.schedule(when, delay)
