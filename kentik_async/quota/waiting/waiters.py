"""The calls of one process that wait for quota, in any thread and event loop, and how they are told."""

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
    """

    __slots__ = ("queue",)

    def __init__(self) -> None:
        self.queue: WaitQueue[G] = WaitQueue()

    def join(self, timer: LoopTimer, priority: int, queued_since: float) -> Waiter[G]:
        """Let a call of the running loop wait from now on."""
        waiter: Waiter[G] = Waiter(priority, queued_since, timer, timer.loop.create_future())
        self.queue.push(waiter)
        return waiter

    def deliver(self, waiter: Waiter[G], grant: G) -> bool:
        """Hand a grant to a waiter that was taken out of the queue; return False if its loop is closed."""
        if waiter.timer.running_here():
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

    def fail_all(self, error: KentikError) -> None:
        """End the waiting of all that wait, each with an error of its own."""
        for waiter in list(self.queue):
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
