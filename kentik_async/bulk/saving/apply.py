"""Applies a run to the tables of its date: the pages that the journal holds, and the rows of the runs."""

import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial

from kentik_async.bulk.journal.journal import JournalEntry, JournalRun
from kentik_async.bulk.saving.changes import ChangeBuilder
from kentik_async.bulk.saving.opened_target import OpenedTarget
from kentik_async.bulk.saving.pending import PendingPages
from kentik_async.bulk.saving.runs import changed_runs, run_row, run_rows, state_of
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import TargetError

__all__ = ["apply_run"]

_STEP_ASIDE = 5e-5
"""A pause after each page, in seconds, in which the event loop gets the interpreter: waiting for it would
take five milliseconds each time.
"""


async def apply_run(
    target: OpenedTarget, run: JournalRun, spec: PullSpec, pages: PendingPages, finished_at: int
) -> DateInTarget:
    """Save the pages of a run in the tables; return the date as it is then.

    The same run may be applied again, after a kill in the middle of it.

    Args:
        target: The target.
        run: The run.
        spec: What it requests, its market names resolved.
        pages: Its pages.
        finished_at: The present instant, in microseconds since the Unix epoch.

    Raises:
        TargetError: The tables cannot be written.
    """
    stop = threading.Event()
    sink = target.sink

    def answers(entries: Iterable[JournalEntry]) -> Iterator[tuple[JournalEntry, bytes]]:
        for found in target.journal.answers(entries):
            if stop.is_set():
                raise TargetError("saving was interrupted; the same command resumes it")
            time.sleep(_STEP_ASIDE)
            yield found

    def apply() -> DateInTarget:
        date = pages.date.fresh()
        builder = ChangeBuilder(run.run_date, date.pages, pages.pending())
        runs = [row for row in run_rows(sink.read("runs", run.run_date)) if row["run_id"] != run.run_id]
        mine = run_row(run, spec, state_of(spec, date.since_instant(pages.date.since)), finished_at)
        rows = [*changed_runs(runs, date), mine]
        sink.replace(builder.build(rows, answers=answers, read=partial(sink.read, run_date=run.run_date)))
        return date.since_instant(pages.date.since)

    exclusively = partial(sink.exclusively, run.run_date, apply, recovers=run.state == "ended")
    return await target.run(exclusively, on_cancel=stop.set)
