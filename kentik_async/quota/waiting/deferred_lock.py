"""A lock for work that may never wait for it."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVarTuple

__all__ = ["DeferredLock"]

Ts = TypeVarTuple("Ts")


class DeferredLock:
    """A lock; what cannot wait for it is left to whoever holds it.

    A garbage collection may end a coroutine at any moment, also while this very thread holds the lock; the
    coroutine then closes its grant, and would wait for itself for ever.
    """

    __slots__ = ("_left", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    def __enter__(self) -> None:
        self._lock.acquire()
        # What this thread has left before comes before what it does now.
        try:
            while self._left:
                work, args = self._left.popleft()
                work(*args)
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if self._left:
            self._work_off()

    def run(self, work: Callable[[*Ts], None], *args: *Ts) -> None:
        """Call a function under the lock: now if it is free, else its holder calls it on leaving."""
        if self._left or not self._lock.acquire(blocking=False):
            self._left.append((work, args))
            self._work_off()
            return
        try:
            work(*args)
        finally:
            self._lock.release()
            if self._left:
                self._work_off()

    def _work_off(self) -> None:
        # Looked at again after each release: what was left just before it found the lock still taken.
        while self._left and self._lock.acquire(blocking=False):
            try:
                while self._left:
                    work, args = self._left.popleft()
                    work(*args)
            finally:
                self._lock.release()
