"""The journal of a target: every answer, raw, before anything else is done with it.

One SQLite file. Each answer is one transaction that has reached the disk, so whatever kills the process costs
at most the calls in flight. Answers leave in batches, once a batch has become finished parts of the tables;
a batch is named before its parts are written, so that a kill in between makes the same parts again.
"""

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kentik_async.bulk.keys import PageKey
from kentik_async.bulk.pull import Answer, Page
from kentik_async.bulk.runs import Run
from kentik_async.errors import TargetError

__all__ = ["SCHEMA_VERSION", "Journal", "StoredPage"]

SCHEMA_VERSION = 1

_PAGES_AT_ONCE = 200
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    run_date TEXT NOT NULL,
    ask TEXT NOT NULL,
    store TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'swapping', 'complete', 'replaced')),
    refresh INTEGER NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    mixed INTEGER
);
CREATE TABLE IF NOT EXISTS pages (
    run_id TEXT NOT NULL REFERENCES runs,
    key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('raw', 'done', 'failed', 'consistent', 'mixed')),
    rows INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error_class TEXT,
    error_text TEXT,
    leads TEXT NOT NULL,
    digest TEXT NOT NULL,
    batch INTEGER,
    raw BLOB,
    UNIQUE (run_id, key)
);
CREATE INDEX IF NOT EXISTS pages_by_batch ON pages (run_id, batch);
CREATE TABLE IF NOT EXISTS batches (
    run_date TEXT NOT NULL,
    batch INTEGER NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs,
    landed INTEGER NOT NULL,
    PRIMARY KEY (run_date, batch)
);
"""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One page as the journal holds it; see `Page`.

    `fetched_at` is in microseconds since the Unix epoch, and `raw` is None once the rows are in the tables.
    """

    key: PageKey
    status: str
    rows: int
    fetched_at: int
    attempts: int
    error_class: str | None
    error_text: str | None
    raw: bytes | None


class Journal:
    """The journal's file; used by one process at a time, which holds the target's lock."""

    def __init__(self, path: Path) -> None:
        """Open the journal, made if it is not there.

        Raises:
            TargetError: It cannot be opened, or was written by another version.
        """
        self._path = path
        # Pages are entered in the event loop's thread while a batch lands in another.
        self._lock = threading.RLock()
        self._descriptions: list[tuple[int, str, str, str, str]] = []
        with self._told():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                self._db.close()
                raise TargetError(
                    f"{path} has schema version {version}, and this release writes {SCHEMA_VERSION}: "
                    "use the release that wrote it, or another target"
                )
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._told():
            rows = self._db.execute(
                "SELECT run_id, run_date, ask, store, state, refresh, started_at, mixed, finished_at"
                " FROM runs ORDER BY started_at, run_id"
            ).fetchall()
        return [Run.from_row(row) for row in rows]

    def begin(self, run_date: str, ask: str, store: str, *, refresh: bool, now: float) -> Run:
        """Enter a new run and return it."""
        number = 1 + sum(run.run_date == run_date for run in self.runs())
        run = Run(f"{run_date}.{number}", run_date, ask, store, "open", refresh, now, None)
        with self._transaction():
            self._db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, 'open', ?, ?, NULL, NULL)",
                (run.run_id, run_date, ask, store, refresh, now),
            )
        return run

    def keep(self, run: Run, answer: Answer) -> None:
        """Enter an answer as it came; on the disk when this returns."""
        with self._transaction():
            self._enter(run, answer.key, "raw", answer.fetched_at, answer.attempts, raw=answer.raw)
            self._flush()

    def describe(self, run: Run, page: Page, *, rows: int, leads: Sequence[Any], digest: str) -> None:
        """Enter what an answer that is kept turned out to hold; on the disk with the next entry.

        Nothing is lost with it: it can be told from the answer again.
        """
        described = (rows, msgspec.json.encode(list(leads)).decode(), digest, run.run_id, page.key.text)
        with self._told():
            self._descriptions.append(described)

    def undescribed(self, run: Run) -> list[Answer]:
        """Return the answers of a run that nobody has described: a kill came between."""
        with self._told():
            rows = self._db.execute(
                "SELECT key, fetched_at, attempts, raw FROM pages WHERE run_id = ? AND status = 'raw'",
                (run.run_id,),
            ).fetchall()
        return [Answer(PageKey.parse(key), _instant(at), attempts, raw) for key, at, attempts, raw in rows]

    def fail(self, run: Run, page: Page) -> None:
        """Enter that a page was given up."""
        with self._transaction():
            self._enter(run, page.key, "failed", page.fetched_at, page.attempts, error=page.error)

    def check(self, run: Run, page: Page, *, mixed: bool) -> None:
        """Enter that the run's first page was fetched again, and whether it had changed."""
        with self._transaction():
            status = "mixed" if mixed else "consistent"
            self._enter(run, page.key, status, page.fetched_at, page.attempts)

    def _enter(
        self,
        run: Run,
        key: PageKey,
        status: str,
        fetched_at: dt.datetime,
        attempts: int,
        *,
        raw: bytes | None = None,
        error: Exception | None = None,
    ) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, 0, ?, ?, ?, ?, '[]', '', NULL, ?)",
            (
                run.run_id,
                key.text,
                status,
                _microseconds(fetched_at),
                attempts,
                None if error is None else type(error).__name__,
                None if error is None else str(error),
                raw,
            ),
        )

    def _flush(self) -> None:
        self._db.executemany(
            "UPDATE pages SET status = 'done', rows = ?, leads = ?, digest = ? WHERE run_id = ? AND key = ?",
            self._descriptions,
        )
        self._descriptions.clear()

    def landed(self, run: Run) -> dict[PageKey, list[Any]]:
        """Return the pages that need no asking, each with what it leads to.

        They are the run's own, and, unless it is a refresh, those of the date's other runs.
        """
        with self._transaction():
            self._flush()
            rows = self._db.execute(
                "SELECT key, leads FROM pages JOIN runs USING (run_id) WHERE status = 'done' AND (run_id = ?"
                " OR NOT ? AND run_date = ? AND store = ? AND state <> 'replaced'"
                " AND (NOT refresh OR state = 'complete'))",
                (run.run_id, run.refresh, run.run_date, run.store),
            ).fetchall()
        return {PageKey.parse(key): msgspec.json.decode(leads) for key, leads in rows}

    def witness(self, run: Run) -> PageKey | None:
        """Return the page that will be fetched again at the end: the run's first one."""
        with self._told():
            row = self._db.execute(
                "SELECT key FROM pages WHERE run_id = ? AND digest <> '' AND status = 'done'", (run.run_id,)
            ).fetchone()
        return None if row is None else PageKey.parse(row[0])

    def digest(self, run: Run, key: PageKey) -> str | None:
        """Return the digest of a page's content, or None if it was not answered."""
        with self._transaction():
            self._flush()
            row = self._db.execute(
                "SELECT digest FROM pages WHERE run_id = ? AND key = ? AND status = 'done'",
                (run.run_id, key.text),
            ).fetchone()
        return None if row is None else str(row[0])

    def counts(self, run: Run) -> dict[str, int]:
        """Return how many pages of a run have each status, and under "rows" the rows in all."""
        with self._told():
            rows = self._db.execute(
                "SELECT status, count(*), sum(rows) FROM pages WHERE run_id = ? GROUP BY status",
                (run.run_id,),
            ).fetchall()
        return {**{status: count for status, count, _ in rows}, "rows": sum(row[2] for row in rows)}

    def seal(self, run: Run, *, failed_too: bool) -> None:
        """Gather the pages that are in no batch into one, if there are any.

        Args:
            run: The run.
            failed_too: Whether pages that failed are gathered: at the run's end they are not asked again.
        """
        with self._transaction():
            self._flush()
            taken = self._db.execute(
                "UPDATE pages SET batch = -1 WHERE run_id = ? AND batch IS NULL AND status <> 'raw'"
                " AND (? OR status <> 'failed')",
                (run.run_id, failed_too),
            )
            if taken.rowcount == 0:
                return
            last = self._db.execute(
                "SELECT coalesce(max(batch), 0) FROM batches WHERE run_date = ?", (run.run_date,)
            ).fetchone()[0]
            self._db.execute("INSERT INTO batches VALUES (?, ?, ?, 0)", (run.run_date, last + 1, run.run_id))
            self._db.execute(
                "UPDATE pages SET batch = ? WHERE run_id = ? AND batch = -1", (last + 1, run.run_id)
            )

    def sealed(self, run: Run) -> list[int]:
        """Return the batches of a run whose parts are not known to be finished."""
        with self._told():
            rows = self._db.execute(
                "SELECT batch FROM batches WHERE run_id = ? AND landed = 0 ORDER BY batch", (run.run_id,)
            ).fetchall()
        return [row[0] for row in rows]

    def pages(self, run: Run, batch: int) -> Iterator[list[StoredPage]]:
        """Yield the pages of a batch by key, some at a time: a batch may be larger than memory should be."""
        after = ""
        while True:
            with self._told():
                rows = self._db.execute(
                    "SELECT key, status, rows, fetched_at, attempts, error_class, error_text, raw"
                    " FROM pages WHERE run_id = ? AND batch = ? AND key > ? ORDER BY key LIMIT ?",
                    (run.run_id, batch, after, _PAGES_AT_ONCE),
                ).fetchall()
            if not rows:
                return
            yield [_stored(row) for row in rows]
            after = rows[-1][0]

    def land(self, run: Run, batch: int) -> None:
        """Enter that a batch's parts are finished: the raw answers may go."""
        with self._transaction():
            self._db.execute(
                "UPDATE pages SET raw = NULL WHERE run_id = ? AND batch = ?", (run.run_id, batch)
            )
            self._db.execute(
                "UPDATE batches SET landed = 1 WHERE run_date = ? AND batch = ?", (run.run_date, batch)
            )

    def set_state(self, run: Run, state: str, *, now: float | None = None, mixed: bool | None = None) -> None:
        """Enter a run's new state; with `complete`, when and whether its data was mixed."""
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET state = ?, finished_at = coalesce(?, finished_at),"
                " mixed = coalesce(?, mixed) WHERE run_id = ?",
                (state, now, mixed, run.run_id),
            )

    def replace(self, run: Run) -> None:
        """Enter that a refresh has taken the place of all other runs of its date, open ones included.

        What an open run had landed is gone with the rest; another refresh keeps its rows aside.
        """
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET state = 'replaced' WHERE run_date = ? AND store = ? AND run_id <> ?"
                " AND (state = 'complete' OR state = 'open' AND NOT refresh)",
                (run.run_date, run.store, run.run_id),
            )
            self._db.execute("UPDATE runs SET state = 'complete' WHERE run_id = ?", (run.run_id,))

    def shrink(self) -> None:
        """Give back the room that landed answers took."""
        with self._told():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """One thread at a time; and SQLite's errors become one line that names the file."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise TargetError(f"the journal {self._path} cannot be used: {error}") from error


def _stored(row: tuple[Any, ...]) -> StoredPage:
    key, status, rows, fetched_at, attempts, error_class, error_text, raw = row
    return StoredPage(PageKey.parse(key), status, rows, fetched_at, attempts, error_class, error_text, raw)


def _microseconds(instant: dt.datetime) -> int:
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


def _instant(microseconds: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=microseconds)
