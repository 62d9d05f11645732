"""The state of one quota class as a row in an SQLite database.

The database has a write-ahead log: a process may be killed at any moment, and what it had not committed
never was. It is not synchronized to the disk, for a reboot is known by its name; see `recovery.py`.
"""

import os
import sqlite3
import stat
from contextlib import suppress
from typing import Any

from kentik_async._clock import Clock
from kentik_async.quota.file.paths import Place
from kentik_async.quota.file.recovery import boot_id, continue_after_reboot
from kentik_async.quota.limits import Quota, QuotaClass
from kentik_async.quota.state.encoding import StateError, decode, encode
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.recovery import restore

__all__ = ["DamagedError", "Database"]

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_BACKWARDS = 1.0  # seconds that a clock may seem to run backwards without a reboot

_PATIENCE = 0.25  # seconds; that long a lock of SQLite's is waited for, which only foreign programs keep

_SELECT = "SELECT boot, wall, state FROM quota WHERE class = ?"
_UPDATE = "UPDATE quota SET boot = ?, wall = ?, state = ? WHERE class = ?"

_inherited: list[sqlite3.Connection] = []
"""Connections of a parent process: to close them in the child could change the parent's files."""


class DamagedError(Exception):
    """What the database holds cannot be used."""


class Database:
    """One member's access to the row. Its owner holds the members' lock around every change."""

    def __init__(self, place: Place, quota_class: QuotaClass, quota: Quota, clock: Clock) -> None:
        """Open nothing yet.

        Args:
            place: The quota's files.
            quota_class: The class.
            quota: Its limits, which apply after a reboot if none are known.
            clock: The clock of all members.
        """
        self._path = os.fspath(place.database)
        self._class = quota_class
        self._quota = quota
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._blob = b""  # what the row held after the latest commit, and below what that means
        self._state: QuotaState | None = None
        self._incarnation = ""

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._connection is not None

    def is_current(self) -> bool:
        """Tell whether the database that was opened last is still the one of that name."""
        try:
            return os.stat(self._path).st_ino == self._inode  # noqa: PTH116 - twice as fast
        except OSError:
            return False

    def open(self) -> None:
        """Open the database, which must exist.

        Raises:
            DamagedError: It is none.
            OSError: It is not a file.
            sqlite3.Error: It cannot be opened.
        """
        found = os.lstat(self._path)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is not a regular file")
        self._connection = sqlite3.connect(
            self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._execute("PRAGMA synchronous=OFF")
        self._inode = found.st_ino

    def load(self, member: str) -> tuple[QuotaState, float]:
        """Begin a change: return the state and the present instant.

        Args:
            member: The member, for what it knows of a state that was lost.

        Raises:
            DamagedError: The row cannot be used.
            sqlite3.Error: The row cannot be read.
        """
        now = self._clock.monotonic()
        self._execute("BEGIN IMMEDIATE")
        rows = self._execute(_SELECT, self._class)
        if len(rows) != 1:
            raise DamagedError("a row is missing")
        boot, written, blob = rows[0]
        if self._state is not None and blob == self._blob:
            return self._state, now
        try:
            state, elapsed = decode(blob), self._clock.wall() - written
        except (StateError, TypeError) as error:
            raise DamagedError(error) from error
        if boot != boot_id() or now < state.now - _BACKWARDS:
            continue_after_reboot(state, self._quota, now, elapsed)
        if self._incarnation not in ("", state.incarnation):
            restore(state, decode(self._blob), member, now)
        return state, now

    def save(self, state: QuotaState) -> None:
        """Commit a change.

        Raises:
            sqlite3.Error: It cannot be written.
        """
        blob, wall = encode(state), self._clock.wall()
        self._execute(_UPDATE, boot_id(), wall, blob, self._class)
        self._execute("COMMIT")
        self._blob, self._state, self._incarnation = blob, state, state.incarnation

    def give_up(self) -> None:
        """End a change without a commit."""
        self._state = None
        with suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._execute("ROLLBACK")

    def close(self) -> None:
        """Close the database; what is known of it is kept."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._state = None

    def abandon(self) -> None:
        """Forget the connection, in a forked child: it is the parent's."""
        if self._connection is not None:
            _inherited.append(self._connection)
        self._connection, self._state, self._incarnation = None, None, ""

    def _execute(self, statement: str, *values: object) -> list[Any]:
        if self._connection is None:
            raise FileNotFoundError("the quota file is not open")
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise DamagedError(error) from error
            raise
