"""Runs blocking functions in threads, so that a cancellation is quick and leaves nothing half-done.

Work on a local disk ends soon, so a cancellation waits for it. Work on a network may hang for minutes, so
a cancellation abandons it after a moment, and the target stays locked until the thread has ended.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["BlockingCalls"]

T = TypeVar("T")

_PATIENCE = 1.0
"""Seconds that a cancellation waits for all network work, so that an upload can finish."""


class BlockingCalls:
    """Runs blocking functions in daemon threads.

    Attributes:
        abandoned: Threads that had not ended when their caller was cancelled.
    """

    def __init__(self, *, may_hang: bool) -> None:
        """Select how a cancellation behaves.

        Args:
            may_hang: Whether work may hang; it is then abandoned when cancelled.
        """
        self._may_hang = may_hang
        self._deadline: float | None = None
        self.abandoned: list[threading.Thread] = []

    async def run(self, work: Callable[[], T], on_cancel: Callable[[], None] | None = None) -> T:
        """Run a function in a new thread and return its result.

        Args:
            work: The function.
            on_cancel: Called when the caller is cancelled, to make the function end early.
        """
        future: Future[T] = Future()
        thread = threading.Thread(target=_run, args=(work, future), daemon=True, name="kentik-blocking")
        thread.start()
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if on_cancel is not None:
                on_cancel()
            if not await self._ended(waiting):
                self.abandoned.append(thread)
            raise

    async def _ended(self, waiting: "asyncio.Future[T]") -> bool:
        """Wait for the end of cancelled work, up to the time limit; return whether it ended."""
        loop = asyncio.get_running_loop()
        if self._may_hang and self._deadline is None:
            self._deadline = loop.time() + _PATIENCE
        while not waiting.done():
            left = None if self._deadline is None else self._deadline - loop.time()
            if left is not None and left <= 0:
                waiting.add_done_callback(_retrieve)
                return False
            try:
                await asyncio.wait([waiting], timeout=left)
            except asyncio.CancelledError:
                if self._may_hang:  # a second Ctrl-C ends the wait
                    self._deadline = loop.time()
        _retrieve(waiting)
        return True


def _run(work: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 (raised where the future is awaited)
        future.set_exception(error)


def _retrieve(waiting: "asyncio.Future[T]") -> None:
    """Retrieve the exception of an abandoned future, so that asyncio does not log it."""
    if not waiting.cancelled():
        waiting.exception()
