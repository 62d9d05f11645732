"""Runs what blocks in threads, so that a cancellation is quick and leaves nothing half-done.

Work on a local disk ends soon: a cancellation waits for it. Work on a network may hang for minutes: a
cancellation abandons it after a moment, and the lock of the target stays held until the thread has ended.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["BlockingCalls"]

T = TypeVar("T")

_PATIENCE = 1.0
"""Seconds that a cancellation waits for all work on a network: a finished upload is better than a cut one."""


class BlockingCalls:
    """Runs blocking functions in daemon threads.

    Attributes:
        abandoned: Threads that had not ended when their caller was cancelled.
    """

    def __init__(self, *, may_hang: bool) -> None:
        """Choose what a cancellation does.

        Args:
            may_hang: Whether work may take long for no good reason, and is abandoned when cancelled.
        """
        self._may_hang = may_hang
        self._deadline: float | None = None
        self.abandoned: list[threading.Thread] = []

    async def run(self, work: Callable[[], T], on_cancel: Callable[[], None] | None = None) -> T:
        """Return what a function returns, run in a thread of its own.

        Args:
            work: The function.
            on_cancel: Called when the caller is cancelled, to have the function end early.
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
        """Wait for the end of cancelled work, as long as patience lasts; return whether it ended."""
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
                if self._may_hang:  # a second Ctrl-C is impatient
                    self._deadline = loop.time()
        _retrieve(waiting)
        return True


def _run(work: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 (handed to whoever awaits the future)
        future.set_exception(error)


def _retrieve(waiting: "asyncio.Future[T]") -> None:
    """Look at an exception that nobody else will, so that asyncio does not log it."""
    if not waiting.cancelled():
        waiting.exception()
