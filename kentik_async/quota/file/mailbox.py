"""How the members on one machine see that another is alive, and wake it: a named pipe each.

A member reads its own pipe. Another can open the pipe for writing only as long as the member lives, and the
kernel tells whoever has it open when the reading end closes. That takes no polling, and no lock that a
stopped process could keep from others.
"""

import errno
import glob
import os
import select
import struct
import sys
import threading
from collections import deque
from contextlib import suppress
from math import inf
from pathlib import Path

from kentik_async.quota.file.paths import Place

__all__ = ["Mailbox", "any_alive"]

_DELAY = struct.Struct("<d")
_LOOK = _DELAY.pack(-1.0)  # what a member sends to itself: nothing is due, but there is something to look at
_OPEN = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class Mailbox:
    """A member's own pipe, and those of the members that it watches.

    All methods may be called from any thread, but `wait` from one only.
    """

    def __init__(self, place: Place, member: str) -> None:
        """Make the pipe; the members' lock must be held, so that nobody takes it for a dead member's."""
        self._place = place
        self._path = place.member(member)
        os.mkfifo(self._path, 0o600)
        place.share(self._path)
        self._read = os.open(self._path, os.O_RDONLY | _OPEN)
        self._write = os.open(self._path, os.O_WRONLY | _OPEN)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)
        self._watched: dict[int, str] = {}
        self._new: deque[str] = deque()
        self._known: set[str] = {member}
        self._waiting = False
        self._closing = threading.Event()
        # Re-entrant: a garbage collection may start a look during another one.
        self._lock = threading.RLock()

    def exists(self) -> bool:
        """Tell whether others can still find the pipe."""
        return self._path.exists()

    def send(self, member: str, delay: float) -> bool:
        """Tell a member to report in so many seconds; return False if it is dead."""
        with suppress(OSError):  # it is not known whether it lives, so it does
            fd = _open(self._place.member(member))
            if fd is None:
                return False
            with suppress(BlockingIOError, BrokenPipeError):  # it is stopped, and was told often enough
                os.write(fd, _DELAY.pack(delay))
            os.close(fd)
        return True

    def look(self) -> None:
        """Let `wait` return."""
        if sys.is_finalizing():
            return  # its thread may have been ended while it held the lock
        with self._lock, suppress(BlockingIOError):
            if self._write >= 0:
                os.write(self._write, _LOOK)

    def watch(self, member: str) -> bool:
        """Have `wait` return when a member dies; return False if it is watched already."""
        if member in self._known:
            return False
        self._known.add(member)
        self._new.append(member)
        return True

    def wait(self, seconds: float | None) -> tuple[float, list[str]]:
        """Wait for a message or a death, for any time if `seconds` is None.

        Returns:
            In how many seconds the member is to report, infinity if nobody has told it to; and who has died.
        """
        with self._lock:
            if self._closing.is_set():
                return inf, []
            self._waiting = True
        dead = [member for member in iter(self._next, None) if not self._reach(member)]
        delay = inf
        for fd, _ in self._poll.poll(0 if dead else seconds if seconds is None else seconds * 1000):
            if fd == self._read:
                delays = _DELAY.iter_unpack(_read_all(fd))
                delay = min([delay, *(requested for (requested,) in delays if requested >= 0)])
            else:
                self._poll.unregister(fd)
                os.close(fd)
                member = self._watched.pop(fd)
                if self._reach(member):
                    delay = 0.0  # it has another pipe, since the files were removed
                else:
                    dead.append(member)
        self._known.difference_update(dead)
        with self._lock:
            self._waiting = False
            if self._closing.is_set():
                self.abandon()
        return delay, dead

    def close(self, *, remove: bool = True) -> None:
        """Close the pipe once `wait` has returned; others then consider the member dead."""
        if remove:
            self._path.unlink(missing_ok=True)
        if sys.is_finalizing():
            return
        with self._lock:
            self._closing.set()
            if self._waiting:
                self.look()
            else:
                self.abandon()

    def abandon(self) -> None:
        """Close the descriptors at once, as a forked child must do."""
        for fd in (self._read, self._write, *self._watched):
            if fd >= 0:
                os.close(fd)
        self._watched.clear()
        self._read = self._write = -1

    def _next(self) -> str | None:
        return self._new.popleft() if self._new else None

    def _reach(self, member: str) -> bool:
        """Open the pipe of a member that is to be watched; return False if it is dead."""
        try:
            fd = _open(self._place.member(member))
        except OSError:  # too many open files, perhaps: it is watched from a later turn on
            self._known.discard(member)
            return True
        if fd is not None:
            self._watched[fd] = member
            self._poll.register(fd, 0)
        return fd is not None


def any_alive(place: Place) -> bool:
    """Tell whether a member is alive, and remove the pipes of dead ones; the lock must be held."""
    alive = False
    for path in place.folder.glob(f"{glob.escape(place.stem)}.*.pipe"):
        fd = _open(path)
        if fd is None:
            path.unlink(missing_ok=True)
        else:
            alive = True
            os.close(fd)
    return alive


def _open(path: Path) -> int | None:
    """Open a pipe for writing; return None if nobody reads it, or it was removed."""
    try:
        return os.open(path, os.O_WRONLY | _OPEN)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return None
        raise


def _read_all(fd: int) -> bytes:
    data = b""
    with suppress(BlockingIOError):
        while part := os.read(fd, 4096):
            data += part
    return data[: len(data) // _DELAY.size * _DELAY.size]
