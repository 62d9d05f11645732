"""The journal of a target: every answer, raw, before anything else is done with it.

Each answer is one transaction, entered before the next request goes out, so whatever kills the process costs
at most the calls in flight; it is on the disk before its page counts as done, so a power cut costs at most
one more. Answers leave in batches; see `batches.py`.
"""

import datetime as dt
from typing import Any

import msgspec

from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.runs import SELECT_RUNS, Run
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.page_summary import Gist
from kentik_async.bulk.pages import Answer, Page

__all__ = ["Journal"]

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

_DESCRIBED_AT_ONCE = 16
"""Measured: a transaction for each page's description took a third of a millisecond of a pull's 26 a page."""


class Journal:
    """What was asked and answered; used by the event loop's thread of the process that holds the lock."""

    def __init__(self, connection: JournalConnection) -> None:
        self._file = connection
        self._db = connection.db
        self._described: list[tuple[tuple[str, str], int, str, str]] = []

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return [Run.from_row(row) for row in self._rows(SELECT_RUNS)]

    def begin(self, run_date: str, ask: str, store: str, *, refresh: bool, now: float) -> Run:
        """Enter a new run and return it."""
        number = 1 + sum(run.run_date == run_date for run in self.runs())
        run = Run(f"{run_date}.{number}", run_date, ask, store, "open", refresh, now, None)
        with self._file.transaction():
            self._db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, 'open', ?, ?, NULL, NULL)",
                (run.run_id, run_date, ask, store, refresh, now),
            )
        return run

    def keep(self, run: Run, answer: Answer) -> None:
        """Enter an answer as it came; on the disk when `flush` returns.

        Raises:
            TargetError: The disk is full, or the journal has vanished: the next answer would be lost.
        """
        self._file.require_file()
        with self._file.transaction(durable=False):
            page_id = self._enter(run, answer.key, "raw", answer.fetched_at, answer.attempts)
            self._db.execute("INSERT INTO answers VALUES (?, ?)", (page_id, answer.raw))

    async def flush(self) -> None:
        """Wait until all that was entered before is on the disk.

        Raises:
            TargetError: The disk does not take it.
        """
        await self._file.flush()

    def describe(self, run: Run, key: PageKey, gist: Gist, digest: str = "") -> None:
        """Enter what an answer that is kept turned out to hold, some answers at a time.

        Nothing is lost with it: it can be told from the answer again.

        Args:
            run: The run.
            key: What was asked.
            gist: What the answer holds.
            digest: The content's digest, where it will be compared with a later answer's.
        """
        leads = msgspec.json.encode(gist.leads).decode()
        self._described.append(((run.run_id, key.text), gist.rows, digest, leads))
        if len(self._described) >= _DESCRIBED_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Enter what was described and is not entered yet."""
        if not self._described:
            return
        with self._file.transaction(durable=False):
            for page, rows, digest, leads in self._described:
                self._db.execute(
                    "UPDATE pages SET status = 'done', rows = ?, digest = ? WHERE run_id = ? AND key = ?",
                    (rows, digest, *page),
                )
                self._db.execute(
                    "INSERT OR REPLACE INTO leads SELECT page_id, ? FROM pages WHERE run_id = ? AND key = ?",
                    (leads, *page),
                )
        self._described.clear()

    def undescribed(self, run: Run) -> list[Answer]:
        """Return the answers of a run that nobody has described: a kill came between."""
        rows = self._rows(
            "SELECT key, fetched_at, attempts, raw FROM pages JOIN answers USING (page_id)"
            " WHERE run_id = ? AND status = 'raw'",
            run.run_id,
        )
        return [Answer(PageKey.parse(key), _instant(at), attempts, raw) for key, at, attempts, raw in rows]

    def fail(self, run: Run, page: Page) -> None:
        """Enter that a page was given up."""
        with self._file.transaction():
            self._enter(run, page.key, "failed", page.fetched_at, page.attempts, error=page.error)

    def check(self, run: Run, page: Page, *, mixed: bool) -> None:
        """Enter that the run's first page was fetched again, and whether it had changed."""
        with self._file.transaction():
            status = "mixed" if mixed else "consistent"
            self._enter(run, page.key, status, page.fetched_at, page.attempts)

    def landed(self, run: Run) -> dict[PageKey, list[Any]]:
        """Return the pages that need no asking, each with what it leads to.

        They are the run's own, and, unless it is a refresh, those of the date's other runs.
        """
        rows = self._rows(
            "SELECT key, leads FROM pages JOIN runs USING (run_id) JOIN leads USING (page_id)"
            " WHERE status = 'done' AND (run_id = ?"
            " OR NOT ? AND run_date = ? AND store = ? AND state <> 'replaced'"
            " AND (NOT refresh OR state = 'complete'))",
            *(run.run_id, run.refresh, run.run_date, run.store),
        )
        return {PageKey.parse(key): msgspec.json.decode(leads) for key, leads in rows}

    def witness(self, run: Run) -> PageKey | None:
        """Return the page that will be fetched again at the end: the run's first one."""
        rows = self._rows(
            "SELECT key FROM pages WHERE run_id = ? AND digest <> '' AND status = 'done'"
            " ORDER BY page_id LIMIT 1",
            run.run_id,
        )
        return PageKey.parse(rows[0][0]) if rows else None

    def digest(self, run: Run, key: PageKey) -> str | None:
        """Return the digest of a page's content, or None if it was not answered, or none was entered."""
        rows = self._rows(
            "SELECT digest FROM pages WHERE run_id = ? AND key = ? AND digest <> '' AND status = 'done'",
            *(run.run_id, key.text),
        )
        return str(rows[0][0]) if rows else None

    def counts(self, run: Run) -> dict[str, int]:
        """Return how many pages of a run have each status, and under "rows" the rows in all."""
        rows = self._rows(
            "SELECT status, count(*), sum(rows) FROM pages WHERE run_id = ? GROUP BY status", run.run_id
        )
        return {**{status: count for status, count, _ in rows}, "rows": sum(row[2] for row in rows)}

    def seal(self, run: Run) -> None:
        """Gather the answered pages that are in no batch into one, if there are any."""
        self.settle()
        with self._file.transaction():
            self._seal(run, failed_too=False)

    def conclude(self, run: Run, *, now: float, mixed: bool | None) -> None:
        """Gather what is left, failures too, and enter that nothing more will be asked for: it has to land.

        Both at once: a page whose failure has landed must not be asked for again.
        """
        self.settle()
        with self._file.transaction():
            self._seal(run, failed_too=True)
            self._db.execute(
                "UPDATE runs SET state = 'landing', finished_at = ?, mixed = ? WHERE run_id = ?",
                (now, mixed, run.run_id),
            )

    def enter_state(self, run: Run, state: str) -> None:
        """Enter a run's new state."""
        with self._file.transaction():
            self._db.execute("UPDATE runs SET state = ? WHERE run_id = ?", (state, run.run_id))

    def replace(self, run: Run) -> None:
        """Enter that a refresh has taken the place of all other runs of its date, open ones included.

        What an open run had landed is gone with the rest; another refresh keeps its rows aside.
        """
        with self._file.transaction():
            self._db.execute(
                "UPDATE runs SET state = 'replaced' WHERE run_date = ? AND store = ? AND run_id <> ?"
                " AND (state = 'complete' OR state = 'open' AND NOT refresh)",
                (run.run_date, run.store, run.run_id),
            )
            self._db.execute("UPDATE runs SET state = 'complete' WHERE run_id = ?", (run.run_id,))

    def _rows(self, query: str, *values: Any) -> list[Any]:
        self.settle()
        with self._file.told():
            return self._db.execute(query, values).fetchall()

    def _seal(self, run: Run, *, failed_too: bool) -> None:
        last = self._db.execute(
            "SELECT coalesce(max(batch), 0) FROM batches WHERE run_date = ?", (run.run_date,)
        ).fetchone()[0]
        taken = self._db.execute(
            "UPDATE pages SET batch = ? WHERE run_id = ? AND batch IS NULL AND status <> 'raw'"
            " AND (? OR status <> 'failed')",
            (last + 1, run.run_id, failed_too),
        )
        if taken.rowcount:
            self._db.execute("INSERT INTO batches VALUES (?, ?, ?, 0)", (run.run_date, last + 1, run.run_id))

    def _enter(
        self,
        run: Run,
        key: PageKey,
        status: str,
        fetched_at: dt.datetime,
        attempts: int,
        *,
        error: Exception | None = None,
    ) -> int:
        """Enter a page in the stead of what stood there of it, within a transaction; return its number."""
        identity = (run.run_id, key.text)
        before = self._db.execute(
            "SELECT page_id FROM pages WHERE run_id = ? AND key = ?", identity
        ).fetchone()
        if before is not None:  # it had failed
            for table in ("pages", "answers", "leads"):
                self._db.execute(f"DELETE FROM {table} WHERE page_id = ?", before)  # noqa: S608 (constants)
        entered = self._db.execute(
            "INSERT INTO pages VALUES (NULL, ?, ?, ?, 0, ?, ?, ?, ?, '', NULL)",
            (
                *identity,
                status,
                (fetched_at - _EPOCH) // _MICROSECOND,
                attempts,
                None if error is None else type(error).__name__,
                None if error is None else str(error),
            ),
        )
        return int(entered.lastrowid or 0)


def _instant(microseconds: int) -> dt.datetime:
    return _EPOCH + microseconds * _MICROSECOND
