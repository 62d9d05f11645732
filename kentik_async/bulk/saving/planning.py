"""Plans a pull: its calls, without the pages that its target already holds. Nothing is written."""

import datetime as dt
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from kentik_async.bulk.coverage import PageRecord
from kentik_async.bulk.fetching import Fetcher
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.journal import JournalRun, microseconds, reading_journal
from kentik_async.bulk.page_key import MARKETS
from kentik_async.bulk.pages import Answer, summarize
from kentik_async.bulk.results import PullPlan
from kentik_async.bulk.saving.consistency import needs_check
from kentik_async.bulk.saving.pending import PendingPages
from kentik_async.bulk.saving.runs import earlier_run, open_run, valid_date
from kentik_async.bulk.saving.saved_date import DateInTarget, NoTables
from kentik_async.bulk.saving.threads import BlockingCalls
from kentik_async.bulk.sinks import SINKS, Sink, store_of
from kentik_async.bulk.spec import PullSpec
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.remote_run import find_runs
from kentik_async.errors import TargetError, ValidationError
from kentik_async.models import Market

__all__ = ["PlannedTarget", "plan_pull"]

_NEVER = 2**63
"""A time after all others: for a refresh that has not begun, no page counts as saved."""


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """Where a pull would be saved.

    Attributes:
        target: The folder, or its URL; it need not exist. None for a new one.
        store: The format of the tables.
        date: The date for the column `run_date`; None for today's, by UTC.
        retry_failed: Whether pages are requested again that failed with a definite answer.
    """

    target: str | os.PathLike[str] | None
    store: str
    date: dt.date | None
    retry_failed: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """The part of a pull that a target already holds."""

    date: DateInTarget
    markets: list[Market]
    run_id: str | None


async def plan_pull(
    fetcher: Fetcher, spec: PullSpec, planned: PlannedTarget, list_markets: Callable[[], Awaitable[Answer]]
) -> PullPlan:
    """Return the calls and the time that saving a spec would take.

    Args:
        fetcher: Estimates durations.
        spec: The spec.
        planned: Where it would be saved.
        list_markets: Fetches the list of markets; called only if the pages are not known without it.

    Raises:
        TargetError: The target cannot be read, or holds another format.
        ValidationError: There is no such format, or a market name is unknown.
        KentikError: The list of markets could not be fetched.
    """
    spec = msgspec.structs.replace(spec, list_markets=True)
    run_date = valid_date(planned.date, fetcher.now())
    may_hang = planned.target is not None and "://" in str(planned.target)
    read = partial(_read_target, spec, planned, run_date, microseconds(fetcher.now()))
    found = await BlockingCalls(may_hang=may_hang).run(read)
    date, markets = found.date, found.markets
    if spec.needs_markets and date.state(MARKETS) != "saved":
        answer = await list_markets()
        summary = summarize(MARKETS, answer.raw)
        at = microseconds(answer.fetched_at)
        date.add(PageRecord(MARKETS, "", "done", summary.rows, None, at, 1), summary.leads)
        markets = [Market(*pair) for pair in summary.content()]
    spec = spec.resolve(markets)
    rest = Frontier(spec, date).remaining()
    fetches_data = spec.insights is None and rest.calls > (date.state(MARKETS) == "missing")
    calls = rest.calls + (fetches_data or needs_check(date.pages))
    seconds = await fetcher.estimate(calls)
    return PullPlan(calls, rest.exact, seconds, rest.saved, rest.failed, rest.rankings, found.run_id)


def _read_target(spec: PullSpec, planned: PlannedTarget, run_date: str, now: int) -> _Found:
    """Read the part of a spec that a target already holds."""
    if planned.store not in SINKS:
        raise ValidationError(f"store must be one of {', '.join(SINKS)}; got {planned.store!r}")
    layout = None if planned.target is None else Layout(planned.target)
    if layout is None or not _exists(layout):
        return _Found(DateInTarget(NoTables(), run_date), [], None)
    store = store_of(layout)
    if store not in (None, planned.store):
        raise TargetError(f"{layout.name} holds {store} tables, not {planned.store}: use store={store!r}")
    sink = SINKS[planned.store](layout)
    with reading_journal(layout.journal(), layout.name) as journal:
        runs = {} if journal is None else {run.run_id: run for run in journal.runs()}
        remote = [] if layout.remote is None else find_runs(layout.remote)
        elsewhere = {
            found.run.run_id: found for found in remote if not found.alive and found.run.run_id not in runs
        }
        every = [*runs.values(), *(found.run for found in elsewhere.values())]
        mine = open_run(every, spec.command, date=planned.date, now=now)
        run_date = mine.run_date if mine else run_date
        date = _open_date(sink, run_date, spec, mine, planned)
        markets = date.markets
        for run in every:
            if run.run_date == run_date:
                pages = PendingPages(journal, run, date)
                pages.load()
                for answer in elsewhere[run.run_id].answers() if run.run_id in elsewhere else ():
                    pages.add_answer(answer, summarize(answer.key, answer.raw))
                markets = pages.markets() or markets
    date.require_same_filters(spec, layout.name)
    return _Found(date, markets, mine.run_id if mine else None)


def _open_date(
    sink: Sink, run_date: str, spec: PullSpec, mine: JournalRun | None, planned: PlannedTarget
) -> DateInTarget:
    since = 0
    if spec.refresh:
        earlier = earlier_run(sink.read("runs", run_date), spec.command, refresh=True)
        started = mine.started_at if mine else earlier["started_at"] if earlier else None
        since = _NEVER if started is None else started
    return DateInTarget(sink, run_date, since=since, retry_failed=planned.retry_failed)


def _exists(layout: Layout) -> bool:
    return layout.local is None or layout.local.exists()
