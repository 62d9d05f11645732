"""A thread with an event loop of its own, which carries out one job after the other.

It goes on whatever the program does meanwhile, and outlives the event loops that calls wait in.
"""

import asyncio
import atexit
import contextlib
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeAlias

from kentik_async.errors import ClientClosedError

__all__ = ["FAREWELL", "Job", "JobThread"]

FAREWELL = 1.0
"""For how many seconds jobs may go on after the thread was told to stop."""

Job: TypeAlias = Callable[[], Awaitable[None]]

_log = logging.getLogger("kentik_async")


class _Owner(Protocol):
    async def aclose(self) -> None: ...


class JobThread:
    """A daemon thread that starts with its first job.

    Attributes:
        over: Whether the time for jobs is over: the remaining ones must give up at once.
    """

    def __init__(self, owner: _Owner) -> None:
        """Start without a thread.

        Args:
            owner: What to close, in the thread, at its end.
        """
        self._owner = owner
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.over = False
        _threads.add(self)

    def put(self, job: Job) -> None:
        """Have a job done; from any thread, but by one at a time.

        Raises:
            ClientClosedError: The thread has ended.
        """
        if self._thread is None and not self._stopped:
            started = threading.Event()
            self._ended: Future[None] = Future()
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._main(started)), name="kentik_async redis", daemon=True
            )
            self._thread.start()
            started.wait()
        if self._thread is threading.current_thread():
            self._jobs.put_nowait(job)
            return
        try:
            self.loop.call_soon_threadsafe(self._jobs.put_nowait, job)
        except (AttributeError, RuntimeError):
            raise ClientClosedError("the limiter is closed") from None

    def stop(self) -> "Future[None] | None":
        """End the thread once its jobs are done, or in a second; return what is done then."""
        self._stopped = True
        if self._thread is None:
            return None
        with contextlib.suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self._closing.set)
        return self._ended

    def abandon(self) -> None:
        """Leave the thread to the parent of this process."""
        _threads.discard(self)
        # Kept: to close its connections here would take them out of the parent's event loop.
        _inherited.append(self)

    async def _main(self, started: threading.Event) -> None:
        self.loop = asyncio.get_running_loop()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._closing = asyncio.Event()
        worker = asyncio.create_task(self._work())
        started.set()
        try:
            await self._closing.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await self._jobs.join()
        finally:
            self.over = True
            worker.cancel()
            await asyncio.wait([worker])
            while not self._jobs.empty():
                await self._jobs.get_nowait()()
            await self._owner.aclose()
            self._ended.set_result(None)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except Exception:  # noqa: BLE001 (the jobs after it are to be done)
                _log.exception("the quota in Redis cannot be used")
            finally:
                del job  # it keeps the limiter alive
                self._jobs.task_done()


_threads: "weakref.WeakSet[JobThread]" = weakref.WeakSet()
_inherited: list[Any] = []


@atexit.register
def _stop_all() -> None:
    """Let the threads tell what has ended; they do not outlive the program."""
    for ended in [thread.stop() for thread in list(_threads)]:
        if ended is not None:
            with contextlib.suppress(Exception):
                ended.result(2 * FAREWELL)
