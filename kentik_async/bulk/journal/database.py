"""The journal's file: a SQLite database, whose write-ahead log is written to the disk by a thread.

If SQLite made each entry durable itself, it would block the event loop until the disk is done, and with it
the next request: measured, 1 ms of the 26 ms that a page takes at sixty times the vendor's speed. For each
entry the thread makes the same call that SQLite would make with `synchronous = FULL`.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kentik_async.bulk.journal.schema import SCHEMA_VERSION, SQLITE_ERRORS, refuse_other_version
from kentik_async.errors import TargetError

__all__ = ["JournalConnection", "JournalReader"]

_TABLES = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, run_date TEXT NOT NULL, command TEXT NOT NULL, spec TEXT NOT NULL,
    store TEXT NOT NULL, started_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'ended'))
);
CREATE TABLE entries (
    entry_id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, key TEXT NOT NULL, fetched_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, error_class TEXT, error_text TEXT, raw BLOB, UNIQUE (run_id, key)
);
"""

_CHECKPOINT_PAGES = 4096
"""Size of the write-ahead log, in pages of 4 kB, at which SQLite moves it into the database: rare enough that
the pause of some 20 ms does not matter, often enough that the log stays small.
"""

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter


class JournalReader:
    """A connection that only reads; a run may be writing meanwhile.

    Attributes:
        db: The database.
        empty: Whether it has no tables yet: the process was killed before its first entry.
    """

    def __init__(self, path: Path, target: object) -> None:
        """Open an existing journal.

        Args:
            path: The journal's file.
            target: The target that it belongs to, for messages.

        Raises:
            TargetError: It cannot be read, or was written by another version.
        """
        self._path = path
        address = path.absolute().as_uri()
        with self.errors(), ExitStack() as undo:
            try:
                self.db = _opened(f"{address}?mode=ro")
            except sqlite3.OperationalError:
                # On a read-only medium it is opened as a file that does not change.
                self.db = _opened(f"{address}?immutable=1")
            undo.callback(self.db.close)
            self.db.execute("BEGIN")
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            self.empty = version == 0
            if version:
                refuse_other_version(version, path, target)
            undo.pop_all()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into one line that names the file."""
        try:
            yield
        except SQLITE_ERRORS as error:
            raise TargetError(f"cannot read the journal {self._path}: {error}") from error


class JournalConnection:
    """The connection to the journal; used by one thread at a time."""

    def __init__(self, path: Path, target: object) -> None:
        """Open the journal, made if it does not exist.

        Args:
            path: The journal's file.
            target: The target that it belongs to, for messages.

        Raises:
            TargetError: It cannot be opened, or was written by another version.
        """
        self._path = path
        self._synchronous = ""
        with self.errors(), ExitStack() as undo:
            self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            undo.callback(self.db.close)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            if version:
                refuse_other_version(version, path, target)
            else:
                self.db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            undo.pop_all()
        self._identity = self._identify()
        # SQLite makes the log with the first entry, and puts it beside the file that a link points to.
        self._log_path = f"{path.resolve()}-wal"
        self._log: int | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="kentik-journal")

    def close(self) -> None:
        """Close the connection, after all writes that were started have ended."""
        self._disk.shutdown()
        if self._log is not None:
            os.close(self._log)
            self._log = None
        self.db.close()

    async def flush(self) -> None:
        """Wait until all earlier entries are on the disk.

        Raises:
            TargetError: The disk cannot be written.
        """
        try:
            if self._log is None:
                self._log = os.open(self._log_path, os.O_RDWR | os.O_CLOEXEC)
            await asyncio.get_running_loop().run_in_executor(self._disk, _sync, self._log)
        except OSError as error:
            raise self._broken(error) from error

    def require_file(self) -> None:
        """Check that the file still exists: SQLite would keep writing to a deleted file.

        Raises:
            TargetError: The file was deleted or replaced.
        """
        if self._identify() != self._identity:
            raise TargetError(f"the journal {self._path} was deleted while a pull was writing to it")

    def shrink(self) -> None:
        """Release the space of deleted answers."""
        with self.errors():
            self.db.execute("VACUUM")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Run a transaction; after its end, killing the process cannot undo it.

        Args:
            durable: Whether it is on the disk at the end; otherwise a crash of the machine before the next
                flush may undo it, together with all later transactions.

        Raises:
            TargetError: The file cannot be written.
        """
        synchronous = "FULL" if durable else "NORMAL"
        try:
            if synchronous != self._synchronous:
                self.db.execute(f"PRAGMA synchronous = {synchronous}")
                self._synchronous = synchronous
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                # If the disk is full, SQLite has already rolled back.
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
        except SQLITE_ERRORS as error:
            raise self._broken(error) from error

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into one line that names the file."""
        try:
            yield
        except SQLITE_ERRORS as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> TargetError:
        return TargetError(f"cannot use the journal {self._path}: {error}; data already saved is kept")

    def _identify(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 (called for each page: pathlib takes twice as long)
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _opened(address: str) -> sqlite3.Connection:
    db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA user_version").fetchone()
    except BaseException:
        db.close()
        raise
    return db
