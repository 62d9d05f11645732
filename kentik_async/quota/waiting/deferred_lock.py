"""A lock with callbacks that run later if the lock is taken."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["DeferredLock"]

T = TypeVar("T")


class DeferredLock:
    """A lock. Work that must not wait for it is deferred: the thread that holds the lock runs it.

    A garbage collection may end a coroutine at any moment, also while this thread holds the lock. The
    coroutine then closes its grant, which would be a deadlock if it waited for the lock.
    """

    __slots__ = ("_deferred", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deferred: deque[tuple[Callable[[Any], None], Any]] = deque()

    def acquire(self) -> None:
        """Acquire the lock and run the deferred work first, so that a thread's work keeps its order."""
        self._lock.acquire()
        if self._deferred:
            try:
                self._run_deferred()
            except BaseException:
                self._lock.release()
                raise

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock and run the work that was deferred meanwhile."""
        self._lock.release()
        if self._deferred:
            self._try_run_deferred()

    def run(self, work: Callable[[T], None], argument: T) -> None:
        """Call a function under the lock: now if it is free, otherwise its holder calls it at release."""
        if self._deferred or self._lock.locked():
            self._deferred.append((work, argument))
            self._try_run_deferred()
            return
        # This thread does not hold the lock, so it may wait. `acquire(blocking=False)` takes 3 times as long.
        self._lock.acquire()
        try:
            work(argument)
        finally:
            self._lock.release()
            if self._deferred:
                self._try_run_deferred()

    def _try_run_deferred(self) -> None:
        # Checked again after each release: work that was deferred just before found the lock taken.
        while self._deferred and self._lock.acquire(blocking=False):
            try:
                self._run_deferred()
            finally:
                self._lock.release()

    def _run_deferred(self) -> None:
        while self._deferred:
            work, argument = self._deferred.popleft()
            work(argument)
