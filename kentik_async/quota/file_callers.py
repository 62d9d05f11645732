"""The calls of one process that wait for a shared quota, in whichever threads and event loops."""

import asyncio
from collections.abc import Callable
from math import inf
from threading import get_ident

from kentik_async.errors import KentikError
from kentik_async.quota.home import Home
from kentik_async.quota.queue import Waiter, WaitQueue
from kentik_async.quota.seam import Grant

__all__ = ["Callers"]


class Callers:
    """Who waits, where they are at home, and how they are told. Its lane holds a lock around every call.

    Attributes:
        queue: Those who wait.
        by_thread: The event loop at home in each thread, by the thread's identifier; read without the lock.
    """

    __slots__ = ("_homes", "_ring", "by_thread", "queue")

    def __init__(self, ring: Callable[[], None]) -> None:
        """Start with nobody.

        Args:
            ring: Called, without the lock, in an event loop whose alarm rings.
        """
        self._ring = ring
        self._homes: dict[asyncio.AbstractEventLoop, Home] = {}
        self.by_thread: dict[int, Home] = {}
        self.queue: WaitQueue[Grant] = WaitQueue()

    def join(self, priority: int, since: float) -> Waiter[Grant]:
        """Let a call of the running loop wait from now on."""
        home = self._enter_home()
        waiter: Waiter[Grant] = Waiter(priority, since, home, home.loop.create_future())
        self.queue.push(waiter)
        return waiter

    def head(self) -> Waiter[Grant] | None:
        """Return the one whose turn it is, or None; those who cannot be served any more are let go."""
        while (waiter := self.queue.peek()) is not None:
            if not waiter.lost():
                return waiter
            self.queue.discard(waiter)
        return None

    def serve(self, grant: Grant) -> None:
        """Hand a grant to the one whose turn it is: the one that `head` has just returned."""
        waiter = self.queue.pop()
        if waiter.home.running_here():
            waiter.future.set_result(grant)
            return
        try:
            waiter.home.loop.call_soon_threadsafe(_deliver, waiter, grant)
        except RuntimeError:  # its loop was closed this moment
            grant.close("not_sent")

    def turn_away(self, error: KentikError) -> None:
        """End the waiting of all that wait, each with an error of its own."""
        for waiter in list(self.queue):
            self.queue.discard(waiter)
            own = type(error)(str(error))
            try:
                waiter.home.loop.call_soon_threadsafe(_fail, waiter, own)
            except RuntimeError:  # a closed loop has nobody left to tell
                continue

    def set_alarms(self, when: float, delay: float) -> None:
        """Arm a timer in every loop: the one of those who wait may be closed without a word."""
        if when != inf:
            for home in self._homes.values():
                home.ring_at(when, delay)

    def forget_closed_loops(self) -> None:
        """Drop the homes in loops that were closed."""
        self._homes = {loop: home for loop, home in self._homes.items() if not loop.is_closed()}
        self.by_thread = {t: home for t, home in self.by_thread.items() if not home.loop.is_closed()}

    def _enter_home(self) -> Home:
        """Return the running loop's home, made at its first coming."""
        loop, thread = asyncio.get_running_loop(), get_ident()
        home = self._homes.get(loop)
        if home is None:
            self.forget_closed_loops()
            home = self._homes[loop] = Home(loop, self._ring)
        if self.by_thread.get(thread) is not home:
            # A loop may run in another thread than before; it is at home in one thread only.
            here = {other: at for other, at in self.by_thread.items() if at is not home}
            self.by_thread = {**here, thread: home}
        return home


def _deliver(waiter: Waiter[Grant], grant: Grant) -> None:
    if waiter.left or waiter.future.done():
        grant.close("not_sent")
    else:
        waiter.future.set_result(grant)


def _fail(waiter: Waiter[Grant], error: KentikError) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)
