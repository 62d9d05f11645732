"""The event loops in which a quota is used, and the one timer that wakes each of them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf
from threading import get_ident

__all__ = ["LoopRegistry", "LoopTimer"]

_SHORTEST_TIMER = 1e-6  # below the resolution of a clock a timer may fire without time having passed


class LoopTimer:
    """One event loop in which a quota is used.

    Attributes:
        loop: The loop.
        is_running: The loop's own method.
    """

    __slots__ = ("_handle", "_ring", "_when", "is_running", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        """Start without a timer.

        Args:
            loop: The loop.
            ring: What to call in it when a timer rings.
        """
        self.loop = loop
        self.is_running = loop.is_running
        self._ring = ring
        self._when = inf
        self._handle: asyncio.TimerHandle | None = None

    def running_here(self) -> bool:
        """Tell whether the calling thread runs this loop."""
        try:
            return asyncio.get_running_loop() is self.loop
        except RuntimeError:
            return False

    def ring_at(self, when: float, delay: float) -> None:
        """Ring after `delay` seconds, at `when`, unless set to ring earlier; from any thread."""
        if self._when <= when:
            return
        if self.running_here():
            self._set(when, delay)
        else:
            with suppress(RuntimeError):  # closed: nobody waits there any more
                self.loop.call_soon_threadsafe(self._set, when, delay)

    def _set(self, when: float, delay: float) -> None:
        if self._when <= when:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._when = when
        self._handle = self.loop.call_later(max(delay, _SHORTEST_TIMER), self._rung)

    def _rung(self) -> None:
        self._handle = None
        self._when = inf
        self._ring()


class LoopRegistry:
    """The event loops in which one quota is used. Its owner holds a lock around every call.

    Attributes:
        by_thread: The loop at home in each thread, by the thread's identifier. It is replaced and never
            changed, so it may be read without the lock.
        several: Whether there is more than one.
    """

    __slots__ = ("_by_loop", "_next_pass", "_ring", "by_thread", "several")

    def __init__(self, ring: Callable[[], None]) -> None:
        """Start with none.

        Args:
            ring: Called, without the lock, in a loop whose timer rings.
        """
        self._ring = ring
        self._by_loop: dict[asyncio.AbstractEventLoop, LoopTimer] = {}
        self.by_thread: dict[int, LoopTimer] = {}
        self.several = False
        self._next_pass: LoopTimer | None = None

    def here(self) -> LoopTimer | None:
        """Return the running loop's timer, or None if this thread runs no loop that is known."""
        # Not asyncio.get_running_loop(): it costs a system call (150 ns) in Python 3.11.
        timer = self.by_thread.get(get_ident())
        return timer if timer is not None and timer.is_running() else None

    def call_soon(self, call: Callable[[], object]) -> bool:
        """Have a function called in the running loop's next pass, however often that is requested before.

        Returns:
            Whether it will be: this thread runs a loop that is known.
        """
        here = self.here()
        if here is not None and self._next_pass is not here:
            self._next_pass = here
            here.loop.call_soon(self._pass, call)
        return here is not None

    def _pass(self, call: Callable[[], object]) -> None:
        self._next_pass = None
        call()

    def enter(self) -> LoopTimer:
        """Return the running loop's timer, made at its first coming."""
        loop, thread = asyncio.get_running_loop(), get_ident()
        timer = self._by_loop.get(loop)
        if timer is None:
            timer = self._by_loop[loop] = LoopTimer(loop, self._ring)
            self.several = len(self._by_loop) > 1
        if self.by_thread.get(thread) is not timer:
            # A loop may run in another thread than before; it is at home in one thread only.
            elsewhere = {other: at for other, at in self.by_thread.items() if at is not timer}
            self.by_thread = {**elsewhere, thread: timer}
        return timer

    def drop_closed(self) -> bool:
        """Forget the loops that were closed; return whether there were any."""
        if not any(loop.is_closed() for loop in self._by_loop):
            return False
        self._by_loop = {loop: timer for loop, timer in self._by_loop.items() if not loop.is_closed()}
        self.by_thread = {thread: at for thread, at in self.by_thread.items() if not at.loop.is_closed()}
        self.several, self._next_pass = len(self._by_loop) > 1, None
        return True

    def ring_at(self, when: float, delay: float) -> None:
        """Arm every loop's timer: the loop of those who wait may be closed without a word."""
        if when != inf:
            for timer in self._by_loop.values():
                timer.ring_at(when, delay)
