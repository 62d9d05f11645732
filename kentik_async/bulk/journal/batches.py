"""How answers leave the journal: in batches, each of which becomes finished parts of the tables.

A batch is named before its parts are written, so that a kill in between makes the same parts again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.runs import Run
from kentik_async.bulk.page_key import PageKey

__all__ = ["Batches", "StoredPage", "batch_size"]

_BATCH_PAGES = 200
_PARTS_A_RUN = 15

_PAGES_AT_ONCE = 10
"""Read and turned into rows together: few enough that whatever else the process does need not wait."""


def batch_size(pages: int) -> int:
    """Return how many pages make a batch: few enough parts a run, however many pages it has."""
    return max(_BATCH_PAGES, -(-pages // _PARTS_A_RUN))


@dataclass(frozen=True, slots=True)
class StoredPage:
    """One page as the journal holds it; see `Page`.

    `fetched_at` is in microseconds since the Unix epoch, and `raw` is None where there was no answer.
    """

    key: PageKey
    status: str
    rows: int
    fetched_at: int
    attempts: int
    error_class: str | None
    error_text: str | None
    raw: bytes | None


class Batches:
    """The journal's sealed batches; read and dropped in a thread, while the event loop enters answers."""

    def __init__(self, connection: JournalConnection) -> None:
        self._file = connection
        self._db = connection.db

    def sealed(self, run: Run) -> list[int]:
        """Return the batches of a run whose parts are not known to be finished."""
        with self._file.told():
            rows = self._db.execute(
                "SELECT batch FROM batches WHERE run_id = ? AND landed = 0 ORDER BY batch", (run.run_id,)
            ).fetchall()
        return [row[0] for row in rows]

    def numbers(self, run_date: str) -> tuple[set[int], set[int]]:
        """Return a date's batches: all that there ever were, and those that stand in the tables."""
        with self._file.told():
            rows = self._db.execute(
                "SELECT batch, landed AND state <> 'replaced' AND (NOT refresh OR state = 'complete')"
                " FROM batches JOIN runs USING (run_id, run_date) WHERE run_date = ?",
                (run_date,),
            ).fetchall()
        return {batch for batch, _ in rows}, {batch for batch, stands in rows if stands}

    def pages(self, run: Run, batch: int) -> Iterator[list[StoredPage]]:
        """Yield the pages of a batch, some at a time: a batch may be larger than memory should be.

        They come in the order of the tables' rows, and pages whose rows may mingle come together.
        """
        with self._file.told():
            found = self._db.execute(
                "SELECT page_id, key FROM pages WHERE run_id = ? AND batch = ?", (run.run_id, batch)
            ).fetchall()
        order = sorted((_place(key := PageKey.parse(text)), text, page_id, key) for page_id, text in found)
        chunk: list[StoredPage] = []
        for number, (place, _, page_id, key) in enumerate(order):
            if len(chunk) >= _PAGES_AT_ONCE and place != order[number - 1][0]:
                yield chunk
                chunk = []
            chunk.append(self._page(page_id, key))
        if chunk:
            yield chunk

    def _page(self, page_id: int, key: PageKey) -> StoredPage:
        with self._file.told():
            row = self._db.execute(
                "SELECT status, rows, fetched_at, attempts, error_class, error_text, raw"
                " FROM pages LEFT JOIN answers USING (page_id) WHERE page_id = ?",
                (page_id,),
            ).fetchone()
        return StoredPage(key, *row)

    def land(self, run: Run, batch: int) -> None:
        """Enter that a batch's parts are finished, and let its raw answers go.

        They go some at a time: who enters an answer meanwhile waits for as long as one step takes.
        """
        with self._file.transaction():
            self._db.execute(
                "UPDATE batches SET landed = 1 WHERE run_date = ? AND batch = ?", (run.run_date, batch)
            )
        self.drop_landed(run)
        self._file.checkpoint()

    def drop_landed(self, run: Run) -> None:
        """Let the raw answers go whose parts are finished; a kill may have come before that."""
        with self._file.told():
            rows = self._db.execute(
                "SELECT page_id FROM batches JOIN pages USING (run_id, batch) JOIN answers USING (page_id)"
                " WHERE run_id = ? AND landed = 1",
                (run.run_id,),
            ).fetchall()
        for start in range(0, len(rows), _PAGES_AT_ONCE):
            with self._file.transaction():
                self._db.executemany(
                    "DELETE FROM answers WHERE page_id = ?", rows[start : start + _PAGES_AT_ONCE]
                )


def _place(key: PageKey) -> tuple[str, str, str, str, int]:
    """Return by what pages are ordered, as the tables' rows are."""
    return key.kind, key.market_id, key.rank_type, key.ip, key.asn or 0
