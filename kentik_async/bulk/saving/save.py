"""Saves a pull into a target: answers into the journal, then, when the run has ended, into the tables.

The same call resumes a killed save, for 24 hours, under the date on which it began.
"""

import datetime as dt
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from kentik_async.bulk.fetching import Fetcher, Fetching
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.journal import JournalRun, microseconds
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer, Page, PageSummary, summarize
from kentik_async.bulk.remaining import remaining
from kentik_async.bulk.results import NOT_MEANT, Progress, PullPlan, PullReport, require_one_day
from kentik_async.bulk.saving.apply import apply_run
from kentik_async.bulk.saving.consistency import check_of, needs_check
from kentik_async.bulk.saving.opened_target import OpenedTarget, open_for_saving, renewed
from kentik_async.bulk.saving.pending import PendingPages
from kentik_async.bulk.saving.run_choice import (
    RESUMABLE,
    earlier_run,
    open_run,
    require_same_filters,
    today,
    valid_date,
)
from kentik_async.bulk.saving.run_status import run_rows, state_of
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.spec import PullSpec
from kentik_async.bulk.target.remote_run import RemoteRun
from kentik_async.errors import TargetError

__all__ = ["SaveOptions", "save"]

_log = logging.getLogger("kentik_async")

_MARKETS = PageKey("markets")


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How a pull is saved.

    Attributes:
        store: "parquet", "delta", "sqlite", "ndjson" or "csv".
        date: The date for the column `run_date`; None for today's, by UTC.
        retry_failed: Whether pages are requested again that failed with a definite answer, such as 404.
        allow_multi_day: Whether it may take more than 24 hours.
    """

    store: str
    date: dt.date | None
    retry_failed: bool
    allow_multi_day: bool


async def save(
    fetcher: Fetcher,
    spec: PullSpec,
    target: str | os.PathLike[str],
    options: SaveOptions,
    *,
    markets: Answer | None,
    on_progress: Callable[[Progress], None] | None,
) -> PullReport:
    """Pull a spec into a target; see `Pull.save` for errors.

    Args:
        fetcher: Sends requests.
        spec: What to pull; the list of markets is saved too.
        target: The folder, or its URL.
        options: How it is saved.
        markets: The list of markets, if it was fetched already.
        on_progress: Called after each page.
    """
    spec = msgspec.structs.replace(spec, list_markets=True)
    valid_date(options.date, today(fetcher))
    async with AsyncExitStack() as stack:
        opened = await open_for_saving(stack, target, options.store, spec.command)
        return await _Saving(opened, fetcher, options, on_progress).run(spec, markets)


class _Saving:
    """One save, while the target is open."""

    def __init__(
        self,
        target: OpenedTarget,
        fetcher: Fetcher,
        options: SaveOptions,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._target = target
        self._journal = target.journal
        self._fetcher = fetcher
        self._options = options
        self._on_progress = on_progress
        self._remote: RemoteRun | None = None
        self._now = self._instant()

    async def run(self, spec: PullSpec, markets: Answer | None) -> PullReport:
        """Resume a run or begin one, and bring it to its end."""
        sent = self._fetcher.sent
        run = await self._choose(spec)
        await self._save_leftovers(run)
        date = await self._target.run(partial(self._open_date, run, spec))
        require_same_filters(spec, date, self._target.layout.name)
        pages = PendingPages(self._journal, run, date)
        pages.load()
        if not self._has_work(spec, pages, date):
            spec = spec.resolve(date.markets)
            if all(row["run_id"] != run.run_id for row in await self._runs(run.run_date)):
                date = await apply_run(self._target, run, spec, pages, self._instant())
            if run in self._journal.runs():  # its process was killed just before it would have forgotten it
                await self._forget(run)
            return self._report(run, spec, date, calls=0)
        async with self._at_work(run):
            spec = await self._resolve(spec, run, pages, date, markets)
            await self._fetch(spec, run, pages, date)
            await self._check(run, pages, date)
            self._journal.end(run)
            date = await apply_run(self._target, run, spec, pages, self._instant())
        await self._forget(run)  # once nothing renews its objects any more
        return self._report(run, spec, date, calls=self._fetcher.sent - sent)

    async def _choose(self, spec: PullSpec) -> JournalRun:
        """Return the run to resume, to continue or to begin."""
        command, date = spec.command, self._options.date
        found = open_run(self._journal.runs(), command, date=date, now=self._now)
        if found is not None:
            return found
        run_date = valid_date(date, today(self._fetcher))
        earlier = earlier_run(await self._runs(run_date), command, refresh=spec.refresh)
        return JournalRun(
            run_id=f"{run_date}.{secrets.token_hex(4)}" if earlier is None else earlier["run_id"],
            run_date=run_date,
            command=command,
            spec=spec.text,
            store=self._target.store,
            started_at=self._now if earlier is None else earlier["started_at"],
        )

    async def _runs(self, run_date: str) -> list[dict[str, Any]]:
        return list(run_rows(await self._target.run(partial(self._target.sink.read, "runs", run_date))))

    async def _save_leftovers(self, mine: JournalRun) -> None:
        """Save the pages of other runs that were cut off: this one does not request them again."""
        for other in self._journal.runs():
            if other.run_id == mine.run_id:
                continue
            date = await self._target.run(partial(DateInTarget, self._target.sink, other.run_date))
            pages = PendingPages(self._journal, other, date)
            pages.load()
            if pages.records:
                spec = PullSpec.parse(other.spec)
                await apply_run(self._target, other, spec.resolve(pages.markets()), pages, self._instant())
            resumable = other.state == "open" and self._now - other.started_at < RESUMABLE
            self._journal.forget(other, but_the_run=resumable)
            await self._remove_remote(other)

    def _open_date(self, run: JournalRun, spec: PullSpec) -> DateInTarget:
        self._target.sink.require_own_files(run.run_date)
        return DateInTarget(
            self._target.sink,
            run.run_date,
            since=run.started_at if spec.refresh else 0,
            retry_failed=self._options.retry_failed,
        )

    def _has_work(self, spec: PullSpec, pages: PendingPages, date: DateInTarget) -> bool:
        """Return whether anything has to be requested or saved."""
        if pages.records or needs_check(date.pages) or date.state(_MARKETS) == "missing":
            return True
        return remaining(spec.resolve(date.markets), date).calls > 0

    @asynccontextmanager
    async def _at_work(self, run: JournalRun) -> AsyncIterator[None]:
        """Enter the run in the journal, and beside the data of a remote target while the block runs."""
        self._journal.begin(run)
        self._remote = self._remote_run(run)
        if self._remote is None:
            yield
        else:
            async with renewed(self._remote, self._target):
                yield

    async def _settle(self, answer: Answer) -> None:
        """Wait until an answer is where no kill, or no loss of this machine, can undo it."""
        await self._journal.flush()
        if self._remote is not None:
            await self._target.run(partial(self._remote.keep, answer))

    async def _resolve(
        self, spec: PullSpec, run: JournalRun, pages: PendingPages, date: DateInTarget, markets: Answer | None
    ) -> PullSpec:
        """Return the spec with ids for market names; the list of markets is fetched if it is not there."""
        if date.state(_MARKETS) != "saved" and markets is not None:
            answer = replace(markets, fetched_at=self._fetcher.now())
            self._journal.keep(run, answer)
            await self._settle(answer)
            pages.add_answer(answer, summarize(_MARKETS, answer.raw))
        if spec.has_names and date.state(_MARKETS) != "saved":
            fetching = self._fetching(run, Frontier(PullSpec(list_markets=True), date), None)
            async for page in fetching.pages():
                if page.error is not None:
                    raise page.error
                self._take(run, pages, page)
        return spec.resolve(pages.markets())

    async def _fetch(self, spec: PullSpec, run: JournalRun, pages: PendingPages, date: DateInTarget) -> None:
        """Fetch what is missing."""
        rest = remaining(spec, date)
        plan = PullPlan(rest.calls, rest.exact, await self._fetcher.estimate(rest.calls))
        if plan.long:
            _log.warning("the pull takes %.0f hours: %s", plan.hours, NOT_MEANT)
        if not self._options.allow_multi_day:
            require_one_day(plan)
        async for page in self._fetching(run, Frontier(spec, date), self._on_progress).pages():
            self._take(run, pages, page)

    def _fetching(
        self, run: JournalRun, frontier: Frontier, on_progress: Callable[[Progress], None] | None
    ) -> Fetching[PageSummary]:
        return Fetching(
            self._fetcher,
            frontier,
            read=summarize,
            keep=partial(self._journal.keep, run),
            settle=self._settle,
            # Another machine can resume with what is beside the data: it is there before the next request.
            settle_first=self._remote is not None,
            on_progress=on_progress,
        )

    def _take(self, run: JournalRun, pages: PendingPages, page: Page[PageSummary]) -> None:
        at = microseconds(page.fetched_at)
        if page.error is not None:
            self._journal.fail(run, page.key, page.fetched_at, page.attempts, page.error)
            pages.failed(page.key, page.error, at, page.attempts)
        elif page.result is not None:
            pages.answered(page.key, page.result, at, page.attempts)

    async def _check(self, run: JournalRun, pages: PendingPages, date: DateInTarget) -> None:
        """Fetch an early page once more, to see whether the data changed meanwhile."""
        reference = pages.reference() if needs_check(date.pages) else None
        if reference is None:
            return
        key = msgspec.structs.replace(reference.key, kind="check")
        fetching = self._fetching(run, Frontier(PullSpec(), None), None)
        page = await fetching.fetch(key, 1)
        if isinstance(page.error, TargetError):
            raise page.error
        digest = None if page.result is None else page.result.digest()
        pages.checked(check_of(reference, run.run_id, microseconds(page.fetched_at), digest, page.error))

    async def _forget(self, run: JournalRun) -> None:
        """Delete what the tables hold now from the journal."""
        self._journal.forget(run)
        self._target.connection.shrink()
        await self._remove_remote(run)

    async def _remove_remote(self, run: JournalRun) -> None:
        remote = self._remote_run(run)
        if remote is not None:
            await self._target.run(remote.remove)

    def _remote_run(self, run: JournalRun) -> RemoteRun | None:
        layout = self._target.layout
        if layout.remote is None:
            return None
        return RemoteRun(layout.remote, run, layout.lock(self._target.slot))

    def _report(self, run: JournalRun, spec: PullSpec, date: DateInTarget, *, calls: int) -> PullReport:
        state = state_of(spec, date)
        return PullReport(
            run_id=run.run_id,
            run_date=run.run_date,
            calls=calls,
            pages=state.done,
            rows=state.rows,
            rows_by_kind=state.rows_by_kind,
            failed=len(state.failures),
            mixed=state.mixed,
            already_complete=calls == 0 and not state.failures,
            failures=state.failures,
        )

    def _instant(self) -> int:
        return microseconds(self._fetcher.now())
