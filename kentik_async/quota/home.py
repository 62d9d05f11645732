"""An event loop in which a quota is used, and the one timer that wakes it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

__all__ = ["Home"]

_SHORTEST_TIMER = 1e-6  # below the resolution of a clock a timer may fire without time having passed


class Home:
    """One event loop, as a lane sees it.

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
