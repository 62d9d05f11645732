"""The journal's file: one SQLite database, opened twice.

The event loop enters answers, and sees to it that each entry reaches the disk. A thread reads whole batches
and drops them meanwhile, through a connection of its own: neither waits for the other. Whatever takes long,
such as moving the log into the database, happens there.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from kentik_async.bulk.journal.damage import SQLITE_ERRORS
from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.journal.write_ahead_log import JournalLog
from kentik_async.errors import TargetError

__all__ = ["JournalConnection", "open_journal"]

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    run_date TEXT NOT NULL,
    ask TEXT NOT NULL,
    store TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'landing', 'swapping', 'complete', 'replaced')),
    refresh INTEGER NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    mixed INTEGER
);
CREATE TABLE IF NOT EXISTS pages (
    page_id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('raw', 'done', 'failed', 'consistent', 'mixed')),
    rows INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error_class TEXT,
    error_text TEXT,
    digest TEXT NOT NULL,
    batch INTEGER,
    UNIQUE (run_id, key)
);
CREATE INDEX IF NOT EXISTS pages_by_batch ON pages (run_id, batch, key) WHERE batch IS NOT NULL;
-- What is large or goes soon stands apart: a page's line is written again when its answer was read.
CREATE TABLE IF NOT EXISTS answers (page_id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS leads (page_id INTEGER PRIMARY KEY, leads TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    run_date TEXT NOT NULL,
    batch INTEGER NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs,
    landed INTEGER NOT NULL,
    PRIMARY KEY (run_date, batch)
);
"""


class JournalConnection:
    """One connection to the journal; used by one thread at a time."""

    def __init__(self, path: Path, synchronous: Literal["FULL", "NORMAL"]) -> None:
        """Connect.

        Args:
            path: The journal's file.
            synchronous: "FULL" for what must be on the disk at once; "NORMAL" for what may be done again.

        Raises:
            TargetError: It cannot be opened.
        """
        self._path = path
        self._synchronous = synchronous
        self._in_force = ""
        with self.told(), ExitStack() as undo:
            self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            undo.callback(self.db.close)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA wal_autocheckpoint = 0")
            undo.pop_all()
        self._identity = self._look()
        self._log = JournalLog(path)

    def close(self) -> None:
        """Close the connection."""
        self._log.close()
        self.db.close()

    async def flush(self) -> None:
        """Wait until all that was entered before is on the disk.

        Raises:
            TargetError: It cannot be written.
        """
        try:
            await self._log.flush()
        except OSError as error:
            raise self._broken(error) from error

    def require_file(self) -> None:
        """See to it that the file is still there: SQLite would go on writing to one that was removed.

        Raises:
            TargetError: It is gone, or another has taken its place.
        """
        if self._look() != self._identity:
            raise TargetError(f"the journal {self._path} has vanished while a pull was writing to it")

    def checkpoint(self) -> None:
        """Move the log into the database, and let it begin anew.

        The last step alone can make the writer wait, so that it shall find little left to move. It sees to it
        that the log is written over: a file that keeps its size reaches the disk sooner.
        """
        with self.told():
            for mode in ("PASSIVE", "PASSIVE", "RESTART"):
                self.db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()

    def shrink(self) -> None:
        """Give back the room that landed answers took; nobody else may use the file meanwhile."""
        with self.told():
            self.db.execute("VACUUM")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Do several things together or not at all; at the end, no kill of the process can undo them.

        Args:
            durable: Whether it is on the disk at the end, where the connection is for such; else, until it
                is flushed, a crash of the machine may undo it, and never something later without it.

        Raises:
            TargetError: The file cannot be written.
        """
        with self.told():
            synchronous = self._synchronous if durable else "NORMAL"
            if synchronous != self._in_force:
                self.db.execute(f"PRAGMA synchronous = {synchronous}")
                self._in_force = synchronous
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite has rolled back itself.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn SQLite's errors into one line that names the file."""
        try:
            yield
        except SQLITE_ERRORS as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> TargetError:
        return TargetError(f"the journal {self._path} cannot be used: {error}; all that has landed stays")

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 (called for each page: pathlib takes twice as long)
        except OSError:
            return None
        return found.st_dev, found.st_ino


def open_journal(path: Path, target: object) -> tuple[JournalConnection, JournalConnection]:
    """Open the journal, made if it is not there.

    Args:
        path: The file.
        target: The target that it belongs to, for messages.

    Returns:
        The connection for entries, and the one for batches.

    Raises:
        TargetError: It cannot be opened, or was written by another version.
    """
    entries = JournalConnection(path, "FULL")
    try:
        with entries.told():
            version = entries.db.execute("PRAGMA user_version").fetchone()[0]
            if version:
                refuse_other_version(version, path, target)
            else:
                entries.db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        return entries, JournalConnection(path, "NORMAL")
    except BaseException:
        entries.close()
        raise
