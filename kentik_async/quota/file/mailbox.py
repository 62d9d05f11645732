"""Liveness and wake-up of the members on one machine: one named pipe for each.

A member reads its own pipe. Others can open the pipe for writing only while the member is alive, and the
kernel notifies all that have it open when the reading end is closed. This needs no polling, and no lock that
a stopped process could hold.
"""

import errno
import glob
import os
import select
import struct
import sys
import threading
from contextlib import suppress
from math import inf

from kentik_async.quota.file.paths import Place

__all__ = ["Mailbox", "any_alive"]

_DELAY = struct.Struct("<d")
_WAKE_UP = _DELAY.pack(-1.0)  # a member sends this to itself: no report is due, but `wait` must return
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_DEAD = frozenset({errno.ENXIO, errno.ENOENT})  # no process reads the pipe, or it was removed


class Mailbox:
    """A member's own pipe, and the pipes of the members that it writes to or watches.

    Any thread may call `wake_up`, `send` and `watch`; calls of the other methods must not overlap.

    Attributes:
        others: The other members' pipes, by name.
    """

    def __init__(self, place: Place, member: str) -> None:
        """Open nothing yet."""
        self._place = place
        self._path = place.member(member)
        self._own = -1
        self.others: dict[str, int] = {}
        # Re-entrant: a garbage collection may call `wake_up` while another call runs.
        self._lock = threading.RLock()

    @property
    def is_open(self) -> bool:
        """Whether the pipe is open."""
        return self._own >= 0

    def open(self) -> None:
        """Create the pipe, again if its file was removed.

        The members' lock must be held: otherwise another member could remove the pipe as a dead one.
        """
        if self.is_open and self._path.exists():
            return
        self._close_own()
        os.mkfifo(self._path, 0o600)
        self._place.share(self._path)
        # For writing too, as Linux and the BSDs allow: without a writer, poll would return at once.
        self._own = os.open(self._path, os.O_RDWR | _FLAGS)

    def watch(self, member: str) -> bool:
        """Make the next `wait` return when a member dies; return False if it is dead."""
        with self._lock:
            if member not in self.others:
                try:
                    self.others[member] = os.open(self._place.member(member), os.O_WRONLY | _FLAGS)
                except OSError as error:  # others, such as too many open files, do not show a death
                    return error.errno not in _DEAD
            return True

    def send(self, member: str, delay: float) -> bool:
        """Tell a member to report in `delay` seconds; return False if it is dead."""
        with self._lock:
            alive = self.watch(member)
            # If it has just died, `wait` notices; if its pipe is full, it has enough messages.
            with suppress(KeyError, BrokenPipeError, BlockingIOError):
                os.write(self.others[member], _DELAY.pack(delay))
            return alive

    def wake_up(self) -> None:
        """Make `wait` return."""
        if sys.is_finalizing():
            return  # the thread may have ended while it held the lock
        with self._lock, suppress(BlockingIOError):
            if self.is_open:
                os.write(self._own, _WAKE_UP)

    def wait(self, seconds: float | None) -> tuple[float, list[str]]:
        """Wait for a message or the death of a member, at most `seconds`; None for no limit.

        Return the seconds until this member must report (0 after a timeout, infinity if it need not), and
        the members that have died.
        """
        poll = select.poll()
        poll.register(self._own, select.POLLIN)
        for fd in tuple(self.others.values()):
            poll.register(fd, 0)
        ready = {fd for fd, _ in poll.poll(seconds if seconds is None else seconds * 1000)}
        delays, dead = [inf if ready else 0.0], list[str]()
        if self._own in ready:
            data = os.read(self._own, 65536)
            whole = data[: len(data) // _DELAY.size * _DELAY.size]
            delays += [delay for (delay,) in _DELAY.iter_unpack(whole) if delay >= 0]
        with self._lock:
            for member in [member for member, fd in self.others.items() if fd in ready]:
                os.close(self.others.pop(member))
                if self.watch(member):
                    delays.append(0.0)  # it has a new pipe, because the files were removed
                else:
                    dead.append(member)
        return min(delays), dead

    def close(self, *, remove: bool = True) -> None:
        """Close all pipes, and remove the own one unless a parent uses it: the member then counts as dead."""
        if not remove:
            self._lock = threading.RLock()  # a thread of the parent may have held the old one
        elif self.is_open:
            self._path.unlink(missing_ok=True)
        self._close_own()
        while self.others:
            os.close(self.others.popitem()[1])

    def _close_own(self) -> None:
        with self._lock:
            if self.is_open:
                os.close(self._own)
            self._own = -1


def any_alive(place: Place) -> bool:
    """Return whether a member is alive, and remove the pipes of dead ones; the lock must be held."""
    alive = False
    for path in place.folder.glob(f"{glob.escape(place.stem)}.*.pipe"):
        try:
            os.close(os.open(path, os.O_WRONLY | _FLAGS))
            alive = True
        except OSError as error:
            if error.errno not in _DEAD:
                raise
            path.unlink(missing_ok=True)
    return alive
