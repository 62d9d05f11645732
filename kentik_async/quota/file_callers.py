"""The calls of one process that wait for a shared quota, in whichever threads and event loops."""

from collections.abc import Callable

from kentik_async.errors import KentikError
from kentik_async.quota.protocols import Grant
from kentik_async.quota.queue import Waiter, WaitQueue
from kentik_async.quota.waiting.event_loops import LoopRegistry as Homes
from kentik_async.quota.waiting.event_loops import LoopTimer as Home

__all__ = ["Callers"]


class Callers:
    """Who waits, where they are at home, and how they are told. Its lane holds a lock around every call.

    Attributes:
        queue: Those who wait.
    """

    __slots__ = ("_homes", "queue")

    def __init__(self, ring: Callable[[], None]) -> None:
        """Start with nobody.

        Args:
            ring: Called, without the lock, in an event loop whose alarm rings.
        """
        self._homes = Homes(ring)
        self.queue: WaitQueue[Grant] = WaitQueue()

    def join(self, priority: int, since: float) -> Waiter[Grant]:
        """Let a call of the running loop wait from now on."""
        self._homes.drop_closed()
        home = self._homes.enter()
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
        """Have all looked after at an instant, even if the loops that wait are closed without a word."""
        self._homes.ring_at(when, delay)

    @property
    def by_thread(self) -> dict[int, Home]:
        """The event loop at home in each thread, by the thread's identifier; read without the lock."""
        return self._homes.by_thread


def _deliver(waiter: Waiter[Grant], grant: Grant) -> None:
    if waiter.left or waiter.future.done():
        grant.close("not_sent")
    else:
        waiter.future.set_result(grant)


def _fail(waiter: Waiter[Grant], error: KentikError) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)
