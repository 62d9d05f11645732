"""The pages of a run that are not in the tables yet: read from its journal, and saved in the tables."""

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from kentik_async._codec.kmi import decode_markets
from kentik_async.bulk.coverage import PageRecord
from kentik_async.bulk.journal.journal import JournalEntry, JournalRun, JournalView, microseconds
from kentik_async.bulk.page_key import MARKETS, PageKey
from kentik_async.bulk.pages import Answer, PageSummary, summarize
from kentik_async.bulk.saving.changes import ChangeBuilder
from kentik_async.bulk.saving.consistency import check_of, reference_page
from kentik_async.bulk.saving.opened_target import OpenedTarget
from kentik_async.bulk.saving.runs import RunState, changed_runs, run_row, run_rows, state_of
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import DecodeError, TargetError
from kentik_async.models import Market

__all__ = ["PendingPages"]

_STEP_ASIDE = 5e-5
"""Seconds of sleep after each page, which give the event loop the GIL: otherwise the event loop would wait
five milliseconds for it each time.
"""


class PendingPages:
    """The pages of one run; each is added to the date of the run when it is received."""

    def __init__(self, journal: JournalView | None, run: JournalRun, date: DateInTarget) -> None:
        """Start without pages.

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
        """Add the pages that are already in the journal."""
        check = None
        for entry in [] if self._journal is None else self._journal.entries(self._run):
            if entry.key.kind == "check":
                check = entry
            elif entry.error_class is not None:
                self._fail(entry)
            elif (raw := self._answer(entry.key)) is not None:
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
        """Return all markets, from the run's own list or from the tables; empty if there is no list."""
        raw = self._answer(MARKETS)
        return self.date.markets if raw is None else list(decode_markets(raw))

    def failed(self, key: PageKey, error: Exception, fetched_at: int, attempts: int) -> None:
        """Add a page that failed."""
        self._fail(JournalEntry(key, fetched_at, attempts, type(error).__name__, str(error)))

    def checked(self, check: PageRecord) -> None:
        """Add the check for changed data."""
        self._add(check, ())

    def reference(self) -> PageRecord | None:
        """Return the page to fetch again to check whether the data changed; None if there is none."""
        first = min(
            (record for record in self.records.values() if record.has_rows and _is_data(record.key)),
            key=lambda record: record.fetched_at,
            default=None,
        )
        raw = None if first is None or first.digest else self._answer(first.key)
        if first is not None and raw is not None:
            first = msgspec.structs.replace(first, digest=summarize(first.key, raw).digest())
            self._add(first, self.date.leads(first.key))
        return reference_page(self.date.pages, first)

    async def apply(self, target: OpenedTarget, spec: PullSpec, finished_at: int) -> RunState:
        """Save the pages and the run in the tables of their date; return the saved part of the run.

        The same run may be applied again, after a kill in the middle of it.

        Args:
            target: The target.
            spec: What the run requests, its market names resolved.
            finished_at: The current time, in microseconds since the Unix epoch.

        Raises:
            TargetError: The tables cannot be written.
        """
        run, sink, stop = self._run, target.sink, threading.Event()

        def answer(key: PageKey) -> bytes | None:
            if stop.is_set():
                raise TargetError("saving was interrupted; the same command resumes it")
            time.sleep(_STEP_ASIDE)
            return self._answer(key)

        def apply() -> RunState:
            date = self.date.fresh()
            builder = ChangeBuilder(run.run_date, date.pages, self.records.values())
            state = state_of(spec, date)
            others = [row for row in run_rows(sink.read("runs", run.run_date)) if row["run_id"] != run.run_id]
            rows = [*changed_runs(others, date), run_row(run, spec, state, finished_at)]
            sink.replace(builder.build(rows, answer=answer, read=partial(sink.read, run_date=run.run_date)))
            return state

        exclusively = partial(sink.exclusively, run.run_date, apply, recovers=run.state == "ended")
        return await target.blocking.run(exclusively, on_cancel=stop.set)

    def _answer(self, key: PageKey) -> bytes | None:
        return None if self._journal is None else self._journal.answer(self._run, key)

    def _load_answer(self, entry: JournalEntry, raw: bytes) -> None:
        try:
            summary = summarize(entry.key, raw)
        except DecodeError as error:
            self.failed(entry.key, error, entry.fetched_at, entry.attempts)
        else:
            self.answered(entry.key, summary, entry.fetched_at, entry.attempts)

    def _load_check(self, entry: JournalEntry) -> None:
        reference, raw = self.reference(), self._answer(entry.key)
        if reference is not None and raw is not None:
            digest = summarize(entry.key, raw).digest()
            self.checked(check_of(reference, self._run.run_id, entry.fetched_at, digest))

    def _fail(self, entry: JournalEntry) -> None:
        record = PageRecord(
            entry.key,
            self._run.run_id,
            "failed",
            0,
            None,
            entry.fetched_at,
            entry.attempts,
            entry.error_class,
            entry.error_text,
        )
        self._add(record, ())

    def _add(self, record: PageRecord, leads: Sequence[Any]) -> None:
        self.records[record.key] = record
        self.date.add(record, leads)


def _is_data(key: PageKey) -> bool:
    return key.kind in ("rankings", "asn_details")
