"""The lock under which the members of one machine change their state, one at a time.

A flock can be waited for in the kernel's own order, and the kernel frees it when its holder dies. SQLite's
own locks would have to be polled: of four processes that polled, one had 38 turns, one 62 and two had none.
"""

import os
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock

from kentik_async.quota.file.paths import Place

__all__ = ["Turnstile"]

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Turnstile:
    """One member's hold on the lock, and its mark on the folder. Its owner excludes other threads.

    The mark is a shared flock on the folder itself: it stays when all files in the folder are deleted.
    """

    def __init__(self, place: Place) -> None:
        """Open nothing yet."""
        self._place = place
        self._lock = -1
        self._folder = -1

    def lock(self, *, wait: bool) -> bool:
        """Take the lock; return False if another has it.

        Args:
            wait: Whether to wait for it instead.

        Raises:
            OSError: The file cannot be used.
        """
        if self._lock < 0:
            self._lock = self._open()
        return _take(self._lock, LOCK_EX if wait else LOCK_EX | LOCK_NB)

    def unlock(self) -> None:
        """Let go of the lock."""
        flock(self._lock, LOCK_UN)

    def others_use_folder(self) -> bool:
        """Tell whether a member that is alive has left its mark on the folder; this one must not have."""
        folder = os.open(self._place.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not _take(folder, LOCK_EX | LOCK_NB)
        finally:
            os.close(folder)

    def mark(self) -> None:
        """Leave this member's mark on the folder."""
        if self._folder < 0:
            self._folder = os.open(self._place.folder, os.O_RDONLY | os.O_CLOEXEC)
            _take(self._folder, LOCK_SH | LOCK_NB)  # in vain only while another looks for marks

    def close(self) -> None:
        """Close the files: nothing is held any more, except by a parent process that this one forked from."""
        for fd in (self._lock, self._folder):
            if fd >= 0:
                os.close(fd)
        self._lock = self._folder = -1

    def _open(self) -> int:
        # Never O_CREAT alone: in some folders the system forbids it for files that exist.
        path = self._place.lock
        with suppress(FileNotFoundError):
            return os.open(path, _FLAGS)
        try:
            fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, _FLAGS)
        self._place.share(path)
        return fd


def _take(fd: int, operation: int) -> bool:
    try:
        flock(fd, operation)
    except BlockingIOError:
        return False
    return True
