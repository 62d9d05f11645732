"""The journal of a target: a write-ahead log of the answers that are not in the tables yet.

Each answer is one transaction, made before the next request is sent, so killing the process loses at most
the calls in flight. When a run has ended, its pages are written to the tables and deleted from the journal.
"""

import datetime as dt
from collections.abc import Awaitable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentik_async.bulk.journal.database import JournalConnection, JournalReader
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer
from kentik_async.errors import KentikError, TargetError

__all__ = [
    "Journal",
    "JournalEntry",
    "JournalRun",
    "JournalView",
    "instant",
    "microseconds",
    "reading_journal",
]

_SELECT_RUNS = (
    "SELECT run_id, run_date, command, spec, store, started_at, state FROM runs ORDER BY started_at"
)

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class JournalRun:
    """A run whose pages are not all in the tables.

    Attributes:
        run_id: Its id: the date and a random number, "2026-11-20.a41b9c02".
        run_date: The date in the column `run_date`.
        command: What it pulls, written as a command line; equal commands pull the same.
        spec: What it pulls, as JSON.
        store: The format of the tables.
        started_at: When it began, in microseconds since the Unix epoch.
        state: "open", or "ended": it has requested everything, and its pages are being saved.
    """

    run_id: str
    run_date: str
    command: str
    spec: str
    store: str
    started_at: int
    state: str = "open"

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "JournalRun":
        """Make one from a row of the journal: see `_SELECT_RUNS`.

        Raises:
            TargetError: The row has values that no pull writes.
        """
        run_id, run_date, command, spec, store, started_at, state = row
        texts = (run_id, run_date, command, spec, store, state)
        if not (all(isinstance(text, str) for text in texts) and isinstance(started_at, int)):
            raise TargetError(
                f"the journal is damaged: invalid run {run_id!r}; "
                "'kentik-async kmi repair' moves it to quarantine"
            )
        return cls(run_id, run_date, command, spec, store, started_at, state)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """The journal's entry of one page, without the answer.

    Attributes:
        key: The request.
        fetched_at: When the answer or the error was received, in microseconds since the Unix epoch.
        attempts: How often the call was made.
        error_class: Class name of the error; None if there is an answer.
        error_text: Its message.
    """

    key: PageKey
    fetched_at: int
    attempts: int
    error_class: str | None
    error_text: str | None


class JournalView:
    """Reads a journal; used by one thread at a time."""

    def __init__(self, connection: JournalReader | JournalConnection) -> None:
        self._connection = connection

    def runs(self) -> list[JournalRun]:
        """Return all runs, oldest first."""
        return [JournalRun.from_row(row) for row in self._rows(_SELECT_RUNS)]

    def entries(self, run: JournalRun) -> list[JournalEntry]:
        """Return the pages of a run in the order of their answers."""
        rows = self._rows(
            "SELECT key, fetched_at, attempts, error_class, error_text FROM entries"
            " WHERE run_id = ? ORDER BY entry_id",
            run.run_id,
        )
        return [JournalEntry(PageKey.parse(key), *others) for key, *others in rows]

    def answer(self, run: JournalRun, key: PageKey) -> bytes | None:
        """Return the bytes of the answer to a run's request, or None."""
        rows = self._rows("SELECT raw FROM entries WHERE run_id = ? AND key = ?", run.run_id, key.text)
        return rows[0][0] if rows else None

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._connection.errors():
            return self._connection.db.execute(query, values).fetchall()


class Journal(JournalView):
    """Records the unfinished runs and their answers; used by one thread at a time."""

    def __init__(self, connection: JournalConnection) -> None:
        super().__init__(connection)
        self._file = connection
        self._db = connection.db

    def begin(self, run: JournalRun) -> None:
        """Add a run."""
        with self._file.transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    run.run_id,
                    run.run_date,
                    run.command,
                    run.spec,
                    run.store,
                    run.started_at,
                    run.state,
                ),
            )

    def keep(self, run: JournalRun, answer: Answer) -> None:
        """Add an answer as received; it is on the disk when `flush` returns.

        Raises:
            TargetError: The disk is full, or the journal was deleted: the next answer would be lost.
        """
        self._file.require_file()
        with self._file.transaction(durable=False):
            self._enter(run, answer.key, answer.fetched_at, answer.attempts, None, answer.raw)

    def flush(self) -> Awaitable[None]:
        """Wait until all earlier entries are on the disk; see `JournalConnection.flush`."""
        return self._file.flush()

    def fail(
        self, run: JournalRun, key: PageKey, fetched_at: dt.datetime, attempts: int, error: KentikError
    ) -> None:
        """Record that a page failed."""
        with self._file.transaction():
            self._enter(run, key, fetched_at, attempts, error, None)

    def end(self, run: JournalRun) -> None:
        """Record that a run requests nothing more: its pages must now be saved."""
        with self._file.transaction():
            self._db.execute("UPDATE runs SET state = 'ended' WHERE run_id = ?", (run.run_id,))

    def forget(self, run: JournalRun, *, but_the_run: bool = False) -> None:
        """Delete a run and its answers, which are in the tables now.

        Args:
            run: The run.
            but_the_run: Whether to keep the run itself, so that it can be resumed.
        """
        with self._file.transaction():
            self._db.execute("DELETE FROM entries WHERE run_id = ?", (run.run_id,))
            if not but_the_run:
                self._db.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))

    def _enter(
        self,
        run: JournalRun,
        key: PageKey,
        fetched_at: dt.datetime,
        attempts: int,
        error: KentikError | None,
        raw: bytes | None,
    ) -> None:
        """Add a page or replace its earlier attempt, within a transaction."""
        self._db.execute(
            "INSERT OR REPLACE INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.run_id,
                key.text,
                microseconds(fetched_at),
                attempts,
                None if error is None else type(error).__name__,
                None if error is None else str(error),
                raw,
            ),
        )


@contextmanager
def reading_journal(path: Path, target: object) -> Iterator[JournalView | None]:
    """Open a journal to read it; None if it does not exist, or has no runs yet.

    Raises:
        TargetError: It cannot be read, or was written by another version.
    """
    if not path.exists():
        yield None
        return
    with closing(JournalReader(path, target)) as connection:
        yield None if connection.empty else JournalView(connection)


def microseconds(instant: dt.datetime) -> int:
    """Return an instant in microseconds since the Unix epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> dt.datetime:
    """Return the instant of a number of microseconds since the Unix epoch."""
    return _EPOCH + microseconds * _MICROSECOND
