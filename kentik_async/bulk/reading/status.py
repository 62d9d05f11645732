"""The runs of a target: what they pulled, their state, and the space they use. It only reads.

It may be called while a run is writing: the journal's readers and its writer do not wait for each other.
"""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.journal import JournalRun, JournalView, instant, reading_journal
from kentik_async.bulk.pages import Answer, summarize
from kentik_async.bulk.reading.saved_target import SavedTarget, find_saved
from kentik_async.bulk.results import count_causes
from kentik_async.bulk.saving.pending import PendingPages
from kentik_async.bulk.saving.runs import RunState, run_rows, state_of
from kentik_async.bulk.saving.saved_date import DateInTarget, NoTables
from kentik_async.bulk.spec import PullSpec
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import size_of
from kentik_async.bulk.target.lock import is_locked
from kentik_async.bulk.target.remote_run import find_runs
from kentik_async.errors import DecodeError, TargetError, ValidationError
from kentik_async.models import Market

__all__ = ["RunStatus", "TargetStatus", "target_status"]


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The present state of one run.

    Attributes:
        run_id: Its id.
        run_date: The date in the column `run_date`, YYYY-MM-DD.
        command: What it pulls.
        store: The format of the tables.
        state: "complete", "partial" (some pages failed), "mixed" (the vendor's data changed meanwhile),
            "running", or "interrupted" (the same command resumes it).
        started_at: When it began, in UTC.
        finished_at: When it last ended, in UTC; None if it has not ended.
        mixed: Whether the date holds two states of the vendor's data; None if that is not known.
        requested: Pages requested, as far as they are known; without the list of markets.
        done: Pages that are saved, or answered.
        failed: Pages that failed.
        left: Requests that the same command would send; None if they are not known yet.
        exact: Whether `left` is exact; otherwise it is an upper bound.
        rows: Rows of the pages that are done.
        causes: The messages of the failures, each with the number of pages, the most frequent first.
    """

    run_id: str
    run_date: str
    command: str
    store: str
    state: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    mixed: bool | None
    requested: int
    done: int
    failed: int
    left: int | None
    exact: bool
    rows: int
    causes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """The contents of a target.

    Attributes:
        target: The folder, or the URL.
        runs: Its runs, oldest first.
        bytes: The size of its files, the journal's included.
    """

    target: str
    runs: tuple[RunStatus, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class _Unsaved:
    """A run with answers that are not in the tables; answers from another machine are listed."""

    run: JournalRun
    running: bool
    answers: list[Answer] = field(default_factory=list)


def target_status(target: str | os.PathLike[str]) -> TargetStatus:
    """Return the contents of a target.

    Args:
        target: The folder, or its URL.

    Raises:
        TargetError: No pull was saved there, or it cannot be read.
        ConfigError: A package that the URL or the format needs is not installed.
        ValidationError: The URL's scheme is unknown.
    """
    layout = Layout(target)
    saved = find_saved(layout)
    unsaved = list(_unsaved(layout, saved))
    runs = [*([] if saved is None else _saved(saved)), *unsaved]
    if not runs:
        raise TargetError(f"no pull was saved in {layout.name}: 'kentik-async kmi pull' saves one")
    latest = {run.run_id: run for run in runs}  # a resumed run is in the journal too
    ordered = sorted(latest.values(), key=lambda run: (run.run_date, run.started_at, run.run_id))
    size = layout.tables.size() + (0 if layout.local else size_of(layout.state))
    return TargetStatus(layout.name, tuple(ordered), size)


def _saved(saved: SavedTarget) -> Iterator[RunStatus]:
    """Yield the runs of the table `runs`."""
    for run_date in saved.sink.dates():
        date = DateInTarget(saved.sink, run_date)
        for row in run_rows(saved.sink.read("runs", run_date)):
            yield _run_in_table(row, saved.store, date)


def _run_in_table(row: Mapping[str, Any], store: str, date: DateInTarget) -> RunStatus:
    state = _state(row["spec"], date)
    failures = () if state is None else state.failures
    definite = sum(failure.definite for failure in failures)
    return RunStatus(
        run_id=row["run_id"],
        run_date=date.run_date,
        command=row["command"],
        store=store,
        state=row["status"],
        started_at=instant(row["started_at"]),
        finished_at=instant(row["finished_at"]),
        mixed=None if state is None else state.mixed,
        requested=row["pages_requested"],
        done=row["pages_done"],
        failed=row["pages_failed"],
        left=max(row["pages_failed"] - definite, 0),
        exact=True,
        rows=0 if state is None else state.rows,
        causes=tuple(count_causes(failures)),
    )


def _state(spec: str, date: DateInTarget) -> RunState | None:
    """Return the saved part of a run; None if it has options of another release that this one lacks."""
    try:
        parsed = msgspec.structs.replace(PullSpec.parse(spec), refresh=False)
        return state_of(parsed.resolve(date.markets), date)
    except (DecodeError, ValidationError):
        return None


def _unsaved(layout: Layout, saved: SavedTarget | None) -> Iterator[RunStatus]:
    """Yield the runs of this machine's journals, then the runs that other machines left with the data."""
    known = set()
    for slot in layout.slots() or [1]:
        running = is_locked(layout.lock(slot))
        with reading_journal(layout.journal(slot), layout.name) as journal:
            for run in journal.runs() if journal is not None else ():
                known.add(run.run_id)
                yield _run_in_journal(_Unsaved(run, running), journal, saved)
    for found in find_runs(layout.remote) if layout.remote is not None else ():
        if found.run.run_id not in known:
            yield _run_in_journal(_Unsaved(found.run, found.alive, found.answers()), None, saved)


def _run_in_journal(found: _Unsaved, journal: JournalView | None, saved: SavedTarget | None) -> RunStatus:
    run = found.run
    spec = msgspec.structs.replace(PullSpec.parse(run.spec), list_markets=True)
    since = run.started_at if spec.refresh else 0
    date = DateInTarget(NoTables() if saved is None else saved.sink, run.run_date, since=since)
    pages = PendingPages(journal, run, date)
    pages.load()
    markets = _take_answers(found.answers, pages) or pages.markets()
    known = not spec.needs_markets or bool(markets)
    if known:
        spec = spec.resolve(markets)
    rest = Frontier(spec, date).remaining() if known else None
    state = state_of(spec, date) if known else RunState(0, 0, {}, (), None)
    return RunStatus(
        run_id=run.run_id,
        run_date=run.run_date,
        command=run.command,
        store=run.store,
        state="running" if found.running else "interrupted",
        started_at=instant(run.started_at),
        finished_at=None,
        mixed=state.mixed,
        requested=state.requested,
        done=state.done,
        failed=len(state.failures),
        left=None if rest is None else rest.calls,
        exact=rest is not None and rest.exact,
        rows=state.rows,
        causes=tuple(count_causes(state.failures)),
    )


def _take_answers(answers: Iterable[Answer], pages: PendingPages) -> list[Market]:
    """Add the answers of another machine; return the list of markets, empty if it is not among them."""
    markets = []
    for answer in answers:
        if answer.key.kind == "check":
            continue
        summary = summarize(answer.key, answer.raw)
        pages.add_answer(answer, summary)
        if answer.key.kind == "markets":
            markets = [Market(*pair) for pair in summary.content()]
    return markets
