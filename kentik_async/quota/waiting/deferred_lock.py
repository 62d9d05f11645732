"""A lock for work that may never wait for it."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["DeferredLock"]

T = TypeVar("T")


class DeferredLock:
    """A lock; what cannot wait for it is left to whoever holds it.

    A garbage collection may end a coroutine at any moment, also while this very thread holds the lock; the
    coroutine then closes its grant, and would wait for itself for ever.
    """

    __slots__ = ("_left", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: deque[tuple[Callable[[Any], None], Any]] = deque()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, and do what was left before: a thread's own work keeps its order."""
        self._lock.acquire()
        if self._left:
            try:
                self._do_what_is_left()
            except BaseException:
                self._lock.release()
                raise

    def release(self) -> None:
        """Release the lock, and do what was left meanwhile."""
        self._lock.release()
        if self._left:
            self._work_off()

    def run(self, work: Callable[[T], None], argument: T) -> None:
        """Call a function under the lock: now if it is free, else its holder calls it on leaving."""
        if self._left or self._lock.locked():
            self._left.append((work, argument))
            self._work_off()
            return
        # This thread does not hold it, so it may wait. `acquire(blocking=False)` takes three times as long.
        self._lock.acquire()
        try:
            work(argument)
        finally:
            self._lock.release()
            if self._left:
                self._work_off()

    def _work_off(self) -> None:
        # Looked at again after each release: what was left just before it found the lock still taken.
        while self._left and self._lock.acquire(blocking=False):
            try:
                self._do_what_is_left()
            finally:
                self._lock.release()

    def _do_what_is_left(self) -> None:
        while self._left:
            work, argument = self._left.popleft()
            work(argument)
