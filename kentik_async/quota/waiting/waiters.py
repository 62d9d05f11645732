"""The calls of one process that wait for quota, in any thread and event loop, and how they are told."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from kentik_async.errors import KentikError
from kentik_async.quota.limits import Outcome
from kentik_async.quota.waiting.event_loops import LoopTimer
from kentik_async.quota.waiting.wait_queue import Waiter, WaitQueue

__all__ = ["Waiters"]


class _Grant(Protocol):
    def close(self, outcome: Outcome) -> None: ...


G = TypeVar("G", bound=_Grant)


class Waiters(Generic[G]):
    """Those who wait. Its owner holds a lock around every call.

    Attributes:
        queue: In the order of their turns.
        late: Those that joined after the pending report was sent.
    """

    __slots__ = ("late", "queue")

    def __init__(self) -> None:
        self.queue: WaitQueue[G] = WaitQueue()
        self.late: list[Waiter[G]] = []

    def join(self, timer: LoopTimer, priority: int, queued_since: float, late: bool) -> Waiter[G]:
        """Let a call of the running loop wait from now on."""
        waiter: Waiter[G] = Waiter(priority, queued_since, timer, timer.loop.create_future())
        self.queue.push(waiter)
        if late:
            self.late.append(waiter)
        return waiter

    def deliver(self, waiter: Waiter[G], grant: G, here: LoopTimer | None) -> bool:
        """Hand a grant to a waiter that was taken out of the queue; return False if its loop is closed.

        Args:
            waiter: The waiter.
            grant: The grant.
            here: Of the loop that the calling thread runs, if any.
        """
        if waiter.timer is here:
            waiter.future.set_result(grant)
            return True
        try:
            waiter.timer.loop.call_soon_threadsafe(_deliver, waiter, grant)
        except RuntimeError:  # its loop was closed this moment
            return False
        return True

    def fail(self, waiter: Waiter[G], error: KentikError) -> None:
        """End the waiting of one that is no longer in the queue."""
        with suppress(RuntimeError):  # a closed loop has nobody left to tell
            waiter.timer.loop.call_soon_threadsafe(_fail, waiter, error)

    def fail_all(self, error: KentikError, but: Iterable[Waiter[G]] = ()) -> None:
        """End the waiting of all that wait, or all but some, each with an error of its own."""
        spared = set(map(id, but))
        for waiter in [waiter for waiter in self.queue if id(waiter) not in spared]:
            self.queue.discard(waiter)
            self.fail(waiter, type(error)(str(error)))


def _deliver(waiter: Waiter[G], grant: G) -> None:
    if waiter.left or waiter.future.done():
        grant.close("not_sent")
    else:
        waiter.future.set_result(grant)


def _fail(waiter: Waiter[G], error: KentikError) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)
