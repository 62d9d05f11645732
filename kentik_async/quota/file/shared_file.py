"""One member's access to the files of a quota class: lock, open, read, write, and recreate them.

The state is a row in an SQLite database with a write-ahead log: a process may be killed at any moment, and
an uncommitted change has no effect. It is not synced to the disk: the boot id shows a reboot.

The lock is a flock on a file next to it. The kernel queues the waiting processes, and releases the lock when
its holder dies. SQLite's locks would have to be polled: of four processes that polled, one had 38 turns, one
62 and two had none.
"""

import logging
import os
import secrets
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from functools import cache
from pathlib import Path
from typing import TypeAlias

from kentik_async._clock import Clock
from kentik_async._fork import fork_lock, keep_for_parent
from kentik_async.quota.file.mailbox import Mailbox, any_alive
from kentik_async.quota.file.paths import Place
from kentik_async.quota.limits import Quota, QuotaClass
from kentik_async.quota.protocols import Change
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState, StateError, decode, encode
from kentik_async.quota.state.recovery import begin, continue_after_reboot, quiet_time, restore

__all__ = ["SharedFile"]

_Quotas: TypeAlias = Mapping[QuotaClass, Quota]

_log = logging.getLogger("kentik_async")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BACKWARDS = 1.0  # seconds that a clock may seem to run backwards without a reboot
_PATIENCE = 0.25  # seconds to wait for SQLite's lock, which only foreign programs hold
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

_TABLE = "CREATE TABLE quota (class TEXT PRIMARY KEY, boot TEXT, wall REAL, state BLOB)"
_INSERT = "INSERT INTO quota VALUES (?, ?, ?, ?)"
_SELECT = "SELECT boot, wall, state FROM quota WHERE class = ?"
_UPDATE = "UPDATE quota SET boot = ?, wall = ?, state = ? WHERE class = ? AND state = ?"


class SharedFile:
    """One member's access to the files. The owner makes sure that only one thread uses it.

    Attributes:
        place: The paths of the files.
        mailbox: The member's own pipe, created when the files are opened.
        has_thread: Whether a thread waits for the mailbox; that thread then closes everything.
    """

    def __init__(
        self, place: Place, quota_class: QuotaClass, quotas: _Quotas, clock: Clock, member: str
    ) -> None:
        """Open nothing yet; `quotas` are the limits of all classes, for new files."""
        self.place = place
        self._path = os.fspath(place.database)
        self._class: QuotaClass = quota_class
        self._quotas = quotas
        self._clock = clock
        self._member = member
        self.mailbox, self.has_thread = Mailbox(place, member), False
        self._lock = self._folder = -1
        self._cursor: sqlite3.Cursor  # while `_inode` is not 0
        self._inode = 0
        # The latest commit, also as an object if that is still valid, and the state's incarnation.
        self._blob, self._incarnation = b"", ""
        self._state: QuotaState | None = None
        keep_for_parent(self)

    def is_current(self) -> bool:
        """Return whether the database that was opened last still exists under its path."""
        try:
            return os.stat(self._path).st_ino == self._inode  # noqa: PTH116 - twice as fast
        except OSError:
            return False

    def lock(self, *, wait: bool) -> bool:
        """Take the lock, and open the files if necessary; without `wait`, return False if that would block.

        Only the thread that waits for the mailbox may wait here, because it may open the mailbox again.

        Raises:
            OSError, sqlite3.Error: A file cannot be used.
        """
        while wait or self._inode or not self.mailbox.is_open:
            if self._lock < 0:
                self._lock = _open_lock(self.place)
            if not _try_flock(self._lock, LOCK_EX if wait else LOCK_EX | LOCK_NB):
                return False
            if not self._inode:
                try:
                    with fork_lock:
                        self._open()
                except BaseException:
                    self._release()
                    raise
                return True
            if self.is_current():
                return True
            # If the database was removed, the lock file may have been removed too.
            self._release()
        return False

    def unlock(self) -> None:
        """Release the lock."""
        flock(self._lock, LOCK_UN)

    def change(self, change: Change) -> tuple[QuotaState, StoreReply]:
        """Make a change under the lock and commit it; return the state and the reply.

        The UPDATE compares the bytes that it replaces, and so detects whether another member has written. So
        a member that is alone need not read its own state again.

        Raises:
            StateError: The database has no valid state.
            sqlite3.Error: It cannot be read or written.
        """
        state, known = self._state, self._blob
        if state is None or len(state.members) > (self._member in state.members):
            state, known = self._load()
        while True:
            self._state = None
            reply = change(state, self._clock.monotonic())
            blob = encode(state)
            row = (_boot_id(), self._clock.wall(), blob, self._class, known)
            with fork_lock:
                written = self._cursor.execute(_UPDATE, row).rowcount
            if written:
                break
            state, known = self._load()
        self._state, self._blob, self._incarnation = state, blob, state.incarnation
        return state, reply

    def replace(self, error: Exception) -> None:
        """Recreate the database if an error shows that it is damaged, otherwise raise the error."""
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
            raise error
        _log.warning(
            "the quota file %s was damaged and is recreated; all that may have been used counts as used: %s",
            self._path,
            error,
        )
        with fork_lock:
            self._disconnect()
            self._create(lost=True)

    def release(self) -> None:
        """Close everything, or make the thread that serves the member close it."""
        if self.has_thread:
            self.mailbox.wake_up()
        else:
            self.close()

    def close(self) -> None:
        """Close everything; other members then consider this one dead."""
        with fork_lock:
            self._release()
            self.mailbox.close()

    def abandon(self) -> None:
        """Close the inherited files in a forked child, without effect on the parent."""
        self._inode = 0  # the connection stays open: closing it could change the parent's files
        self._release()
        self.mailbox.close(remove=False)

    def _open(self) -> None:
        place = self.place
        alive = any_alive(place)
        self._folder = os.open(place.folder, os.O_RDONLY | os.O_CLOEXEC)
        if os.path.lexists(self._path):
            try:
                self._connect()
            except sqlite3.Error as error:
                self.replace(error)
        else:
            # Live members may have sent requests. They have a pipe or, if that was deleted, lock the folder.
            marked = not _try_flock(self._folder, LOCK_EX | LOCK_NB) and not place.has_others()
            self._create(lost=alive or marked)
        _try_flock(self._folder, LOCK_SH | LOCK_NB)  # the mark; fails only while another checks for marks
        self.mailbox.open()

    def _create(self, *, lost: bool) -> None:
        """Create the database with one row for each class, and open it.

        If the process is killed meanwhile, the database has no rows and counts as damaged. If an earlier
        database was `lost`, the usage is not known.
        """
        # SQLite would apply the log of a removed database to the new one.
        for suffix in ("", "-wal", "-shm"):
            Path(self._path + suffix).unlink(missing_ok=True)
        self.place.create(self.place.database)
        self._connect()
        for statement in ("PRAGMA journal_mode=WAL", "BEGIN", _TABLE):
            self._cursor.execute(statement)
        token, now, wall = secrets.token_hex(8), self._clock.monotonic(), self._clock.wall()
        for name, quota in self._quotas.items():
            state = begin(token, now, quiet_time(quota, 0.0) if lost else 0.0)
            self._cursor.execute(_INSERT, (name, _boot_id(), wall, encode(state)))
        for statement in ("COMMIT", "PRAGMA wal_checkpoint"):
            self._cursor.execute(statement)

    def _connect(self) -> None:
        found = os.lstat(self._path)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is not a regular file")
        connection = sqlite3.connect(
            self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._cursor, self._inode = connection.cursor(), found.st_ino
        self._cursor.execute("PRAGMA synchronous=OFF")

    def _disconnect(self) -> None:
        """Close the database; the latest commit stays known."""
        if self._inode:
            with suppress(sqlite3.Error), closing(self._cursor.connection):
                self._cursor.close()  # SQLite closes the database only if no statement is left
        self._inode, self._state = 0, None

    def _release(self) -> None:
        with fork_lock:
            self._disconnect()
            for fd in (self._lock, self._folder):
                if fd >= 0:
                    os.close(fd)
            self._lock = self._folder = -1

    def _load(self) -> tuple[QuotaState, bytes]:
        """Return the state, and the bytes that it was decoded from."""
        with fork_lock:
            rows = self._cursor.execute(_SELECT, (self._class,)).fetchall()
        if len(rows) != 1:
            raise StateError("a row is missing")
        boot, written, blob = rows[0]
        if self._state is not None and blob == self._blob:
            return self._state, blob
        now = self._clock.monotonic()
        try:
            state, elapsed = decode(blob), self._clock.wall() - written
        except TypeError as error:
            raise StateError(error) from error
        if boot != _boot_id() or now < state.now - _BACKWARDS:
            continue_after_reboot(state, self._quotas[self._class], now, elapsed)
        if self._incarnation not in ("", state.incarnation):
            restore(state, decode(self._blob), self._member, now)
        return state, blob


def _try_flock(fd: int, operation: int) -> bool:
    try:
        flock(fd, operation)
    except BlockingIOError:
        return False
    return True


def _open_lock(place: Place) -> int:
    # Not O_CREAT alone: in some folders the system forbids it for existing files.
    while True:
        with suppress(FileNotFoundError):
            return os.open(place.lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        with suppress(FileExistsError):
            place.create(place.lock)


@cache
def _boot_id() -> str:
    """Return the id of the machine's present boot; empty if the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
