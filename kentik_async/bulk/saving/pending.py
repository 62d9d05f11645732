"""The pages of a run that are not in the tables yet, read from its journal."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from kentik_async._codec.kmi import decode_markets
from kentik_async.bulk.coverage import PageRecord
from kentik_async.bulk.journal.journal import JournalEntry, JournalRun, JournalView, microseconds
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer, PageSummary, summarize
from kentik_async.bulk.saving.changes import PendingPage
from kentik_async.bulk.saving.consistency import check_of, reference_page
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.errors import DecodeError
from kentik_async.models import Market

__all__ = ["PendingPages"]


class PendingPages:
    """The pages of one run, which are added to its date as they come."""

    def __init__(self, journal: JournalView | None, run: JournalRun, date: DateInTarget) -> None:
        """Begin with none.

        Args:
            journal: Holds the answers; None for no journal.
            run: The run.
            date: The date; the pages are added to it.
        """
        self._journal = journal
        self._run = run
        self.date = date
        self.records: dict[PageKey, PageRecord] = {}

    def load(self) -> None:
        """Add the pages that the journal holds already."""
        check = None
        for entry in self._entries():
            if entry.key.kind == "check":
                check = entry
            elif entry.error_class is not None:
                self._add(_failed(self._run, entry), ())
            else:
                for _, raw in self._answers([entry]):
                    self._load_answer(entry, raw)
        if check is not None:
            self._load_check(check)

    def answered(self, key: PageKey, summary: PageSummary, fetched_at: int, attempts: int) -> None:
        """Add a page that was answered."""
        record = PageRecord(
            key, self._run.run_id, "done", summary.rows, summary.invalid_count, fetched_at, attempts
        )
        self._add(record, summary.leads)

    def add_answer(self, answer: Answer, summary: PageSummary) -> None:
        """Add a page with an answer that was fetched elsewhere."""
        self.answered(answer.key, summary, microseconds(answer.fetched_at), answer.attempts)

    def markets(self) -> list[Market]:
        """Return all markets, of the run's own list or that of the tables; none if there is no list."""
        entries = [entry for entry in self._entries() if entry.key.kind == "markets"]
        for _, raw in self._answers(entries):
            return list(decode_markets(raw))
        return self.date.markets

    def failed(self, key: PageKey, error: Exception, fetched_at: int, attempts: int) -> None:
        """Add a page that was given up."""
        entry = JournalEntry(0, key, fetched_at, attempts, type(error).__name__, str(error))
        self._add(_failed(self._run, entry), ())

    def checked(self, check: PageRecord) -> None:
        """Add the check for changed data."""
        self._add(check, ())

    def reference(self) -> PageRecord | None:
        """Return the page to fetch once more to see whether the data changed; None if there is none."""
        first = min(
            (record for record in self.records.values() if record.has_rows and _is_data(record.key)),
            key=lambda record: record.fetched_at,
            default=None,
        )
        if first is not None and not first.digest:
            entries = [entry for entry in self._entries() if entry.key == first.key]
            for _, raw in self._answers(entries):
                first = msgspec.structs.replace(first, digest=summarize(first.key, raw).digest())
                self._add(first, self.date.leads(first.key))
        return reference_page(self.date.pages, first)

    def pending(self) -> list[PendingPage]:
        """Return the pages with the entries that hold their answers."""
        entries = {entry.key: entry for entry in self._entries()}
        return [PendingPage(record, entries.get(key)) for key, record in self.records.items()]

    def _entries(self) -> list[JournalEntry]:
        return [] if self._journal is None else self._journal.entries(self._run)

    def _answers(self, entries: Iterable[JournalEntry]) -> Iterator[tuple[JournalEntry, bytes]]:
        return iter(()) if self._journal is None else self._journal.answers(entries)

    def _load_answer(self, entry: JournalEntry, raw: bytes) -> None:
        try:
            summary = summarize(entry.key, raw)
        except DecodeError as error:
            self.failed(entry.key, error, entry.fetched_at, entry.attempts)
        else:
            self.answered(entry.key, summary, entry.fetched_at, entry.attempts)

    def _load_check(self, entry: JournalEntry) -> None:
        reference = self.reference()
        if reference is None:
            return
        for _, raw in self._answers([entry]):
            digest = summarize(entry.key, raw).digest()
            self.checked(check_of(reference, self._run.run_id, entry.fetched_at, digest))

    def _add(self, record: PageRecord, leads: Sequence[Any]) -> None:
        self.records[record.key] = record
        self.date.add(record, leads)


def _failed(run: JournalRun, entry: JournalEntry) -> PageRecord:
    return PageRecord(
        entry.key,
        run.run_id,
        "failed",
        0,
        None,
        entry.fetched_at,
        entry.attempts,
        entry.error_class,
        entry.error_text,
    )


def _is_data(key: PageKey) -> bool:
    return key.kind in ("rankings", "asn_details")
