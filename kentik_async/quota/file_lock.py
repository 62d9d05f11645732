"""One flock of one process: tried at once, or waited for in a daemon thread, in the kernel's own order.

An event loop must not wait for a lock, and polling for one starves: of four processes that polled, one
had 38 turns, one 62 and two had none. A thread that blocks in the kernel costs 45 µs a hand-over, and it
gets its turn. The kernel frees a flock when its holder dies. POSIX record locks would not do: closing any
descriptor of the file frees them.
"""

import os
import threading
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

__all__ = ["Flock", "Then"]

Job: TypeAlias = Callable[[], None]

_TRY = LOCK_EX | LOCK_NB


class _Descriptors:
    """The descriptors that a forked child must close: they carry the parent's locks.

    Known to the whole process, because a fork is; the one piece of global state here.
    """

    def __init__(self) -> None:
        self._opened = 0
        self._open: dict[int, int] = {}
        # Re-entrant: a garbage collection may close a descriptor while another is being opened.
        self._lock = threading.RLock()
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._drop
        )

    def open(self, path: Path, flags: int) -> tuple[int, int]:
        """Return a descriptor and the serial number to close it by: descriptors are used again."""
        with self._lock:
            fd = os.open(path, flags | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            self._opened += 1
            self._open[self._opened] = fd
            return fd, self._opened

    def close(self, serial: int) -> bool:
        """Close the descriptor; return False if it was, by a fork or before."""
        with self._lock:
            fd = self._open.pop(serial, None)
            if fd is not None:
                os.close(fd)
            return fd is not None

    def _drop(self) -> None:
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()
        self._lock.release()


_descriptors = _Descriptors()


Then: TypeAlias = Callable[["Flock", OSError | None], None]
"""Called in a lock's thread when it has been obtained, or has failed; it has to call `Flock.obtained`."""


class Flock:
    """An exclusive flock on a file, through an open file description of its own.

    Not safe for threads: its owner holds a lock of its own around every call. It can be held or pending,
    never both; while it is pending its thread waits in the kernel and nothing recalls it.

    Attributes:
        path: The file.
        fd: The descriptor, for reading and writing as well.
        held: Whether this process has the lock.
        pending: Whether the thread waits for it.
    """

    __slots__ = ("_closed", "_jobs", "_serial", "_then", "fd", "held", "path", "pending")

    def __init__(self, path: Path, then: Then, *, create: bool) -> None:
        """Open the file.

        Args:
            path: The file.
            then: See `Then`.
            create: Whether to make the file if there is none.

        Raises:
            OSError: The file cannot be opened.
        """
        self._closed = True
        self.path = path
        self.fd, self._serial = _descriptors.open(path, os.O_CREAT if create else 0)
        self.held = False
        self.pending = False
        self._then = then
        self._closed = False
        self._jobs: SimpleQueue[tuple[Job | None, float | None]] | None = None

    def try_lock(self) -> bool:
        """Take the lock if it is free this instant; it must be neither held nor pending."""
        try:
            flock(self.fd, _TRY)
        except BlockingIOError:
            return False
        self.held = True
        return True

    def request(self) -> None:
        """Wait for the lock in the thread, in turn; it must be neither held nor pending."""
        self.pending = True
        self.post(self._wait)

    def obtained(self, error: OSError | None) -> bool:
        """Enter that the thread has the lock; return False if it is of no use any more."""
        self.pending = False
        if self._closed:
            _descriptors.close(self._serial)
            return False
        self.held = error is None
        return True

    def unlock(self) -> None:
        """Let go of the lock, which must be held."""
        self.held = False
        flock(self.fd, LOCK_UN)

    def post(self, job: Job, delay: float | None = None) -> None:
        """Run a job in the thread, at once; or after `delay` seconds, unless another is posted before."""
        jobs = self._jobs
        if jobs is None:
            jobs = self._jobs = SimpleQueue()
            threading.Thread(target=_serve, args=(jobs,), name="kentik-async quota", daemon=True).start()
        jobs.put((job, delay))

    def forget(self) -> None:
        """Drop the job that was posted for later, if there is one."""
        self.post(_nothing)

    def close(self) -> None:
        """Close the descriptor, which frees the lock, and end the thread; a pending one does so in turn."""
        if self._closed:
            return
        self._closed = True
        self.held = False
        ours = self.pending or _descriptors.close(self._serial)
        if ours and self._jobs is not None:
            self._jobs.put((None, None))

    def __del__(self) -> None:
        self.close()

    def _wait(self) -> None:
        error = None
        try:
            flock(self.fd, LOCK_EX)
        except OSError as failure:
            error = failure
        self._then(self, error)


def _nothing() -> None:
    """Do nothing: any new job takes the place of one that was posted for later."""


def _serve(jobs: "SimpleQueue[tuple[Job | None, float | None]]") -> None:
    """Run jobs until None comes. It knows the queue alone, so that a forgotten lock can be collected."""
    later: Job | None = None
    delay: float | None = None
    while True:
        try:
            job, delay = jobs.get(timeout=delay)
        except Empty:
            job, delay = later, None
            later = None
        if job is None:
            return
        if delay is not None:
            later = job
        else:
            later = None
            job()
        del job
