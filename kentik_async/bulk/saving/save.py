"""Saves a pull: answers are written to the journal and, when the run has ended, to the tables.

The same call resumes a killed save within 24 hours, under the date on which it began.
"""

import datetime as dt
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from kentik_async.bulk.fetching import Fetcher, Fetching
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.journal import JournalRun, microseconds
from kentik_async.bulk.page_key import MARKETS
from kentik_async.bulk.pages import Answer, Page, PageSummary, summarize
from kentik_async.bulk.results import (
    LONG_SECONDS,
    NOT_MEANT,
    Progress,
    PullPlan,
    PullReport,
    require_one_day,
)
from kentik_async.bulk.saving.consistency import check_of, needs_check
from kentik_async.bulk.saving.opened_target import OpenedTarget, open_for_saving, renewed
from kentik_async.bulk.saving.pending import PendingPages
from kentik_async.bulk.saving.runs import RESUMABLE, RunState, earlier_run, open_run, state_of, valid_date
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.sinks.schema import Columns
from kentik_async.bulk.spec import PullSpec
from kentik_async.bulk.target.remote_run import RemoteRun
from kentik_async.errors import TargetError

__all__ = ["SaveOptions", "save"]

_log = logging.getLogger("kentik_async")


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """The options of a save.

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
    run_date, command = valid_date(options.date, fetcher.now()), spec.command
    async with AsyncExitStack() as stack:
        opened = await open_for_saving(stack, target, options.store, command)
        saving = _Saving(opened, fetcher, options, on_progress)
        return await saving.run(spec, markets, run_date, command)


class _Saving:
    """One save into an open target."""

    def __init__(
        self,
        target: OpenedTarget,
        fetcher: Fetcher,
        options: SaveOptions,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._target = target
        self._blocking = target.blocking
        self._journal = target.journal
        self._fetcher = fetcher
        self._options = options
        self._on_progress = on_progress
        self._remote: RemoteRun | None = None
        self._now = self._instant()

    async def run(self, spec: PullSpec, markets: Answer | None, run_date: str, command: str) -> PullReport:
        """Resume a run or start one, and complete it."""
        sent = self._fetcher.sent
        unfinished = self._journal.runs()
        run = open_run(unfinished, command, date=self._options.date, now=self._now)
        if run is None:
            run = await self._new_run(spec, run_date, command)
        await self._save_leftovers(other for other in unfinished if other.run_id != run.run_id)
        date = await self._blocking.run(partial(self._open_date, run, spec))
        date.require_same_filters(spec, self._target.layout.name)
        pages = PendingPages(self._journal, run, date)
        pages.load()
        if not self._has_work(spec, pages, date):
            spec = spec.resolve(date.markets)
            if run.run_id in (await self._read_runs(run.run_date))["run_id"]:
                state = state_of(spec, date)
            else:
                state = await pages.apply(self._target, spec, self._instant())
            if run in unfinished:  # its process was killed before it deleted the run from the journal
                await self._forget(run)
            return _report(run, state, calls=0)
        async with self._at_work(run) as fetching:
            spec = await self._resolve(spec, run, pages, fetching, markets)
            await self._fetch(spec, run, pages, fetching)
            await self._check(run, pages, fetching)
            self._journal.end(run)
            state = await pages.apply(self._target, spec, self._instant())
        await self._forget(run)  # after the last renewal of its objects
        return _report(run, state, calls=self._fetcher.sent - sent)

    async def _new_run(self, spec: PullSpec, run_date: str, command: str) -> JournalRun:
        """Return a new run, or the earlier run of the date that this save continues."""
        earlier = earlier_run(await self._read_runs(run_date), command, refresh=spec.refresh)
        return JournalRun(
            run_id=f"{run_date}.{secrets.token_hex(4)}" if earlier is None else earlier["run_id"],
            run_date=run_date,
            command=command,
            spec=spec.text,
            store=self._target.store,
            started_at=self._now if earlier is None else earlier["started_at"],
        )

    async def _read_runs(self, run_date: str) -> Columns:
        return await self._blocking.run(partial(self._target.sink.read, "runs", run_date))

    async def _save_leftovers(self, others: Iterable[JournalRun]) -> None:
        """Save the pages of other interrupted runs, so that this run does not request them again."""
        for other in others:
            date = await self._blocking.run(partial(DateInTarget, self._target.sink, other.run_date))
            pages = PendingPages(self._journal, other, date)
            pages.load()
            if pages.records:
                spec = PullSpec.parse(other.spec).resolve(pages.markets())
                await pages.apply(self._target, spec, self._instant())
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
        if pages.records or needs_check(date.pages) or date.state(MARKETS) == "missing":
            return True
        return Frontier(spec.resolve(date.markets), date).waiting > 0

    @asynccontextmanager
    async def _at_work(self, run: JournalRun) -> AsyncIterator[Fetching[PageSummary]]:
        """Add the run to the journal and, while the block runs, to a remote target.

        Yields:
            The object that fetches pages into the journal.
        """
        self._journal.begin(run)
        remote = self._remote = self._remote_run(run)
        fetching = Fetching(
            self._fetcher,
            read=summarize,
            keep=partial(self._journal.keep, run),
            settle=self._settle,
            # Another machine can resume with the answers in the target, so they are written before the next
            # request.
            settle_first=remote is not None,
        )
        async with nullcontext() if remote is None else renewed(remote, self._target):
            yield fetching

    async def _settle(self, answer: Answer) -> None:
        """Wait until an answer is safe from a kill or, in a remote target, from the loss of this machine."""
        await self._journal.flush()
        if self._remote is not None:
            await self._blocking.run(partial(self._remote.keep, answer))

    async def _resolve(
        self,
        spec: PullSpec,
        run: JournalRun,
        pages: PendingPages,
        fetching: Fetching[PageSummary],
        markets: Answer | None,
    ) -> PullSpec:
        """Return the spec with ids for market names; the list of markets is fetched if it is missing."""
        date = pages.date
        if markets is not None and date.state(MARKETS) != "saved":
            answer = replace(markets, fetched_at=self._fetcher.now())
            self._journal.keep(run, answer)
            await self._settle(answer)
            pages.add_answer(answer, summarize(MARKETS, answer.raw))
        if not spec.has_names:
            return spec
        if date.state(MARKETS) != "saved":
            async for page in fetching.pages(Frontier(PullSpec(list_markets=True), date)):
                if page.error is not None:
                    raise page.error
                self._take(run, pages, page)
        return spec.resolve(pages.markets())

    async def _fetch(
        self, spec: PullSpec, run: JournalRun, pages: PendingPages, fetching: Fetching[PageSummary]
    ) -> None:
        """Fetch the missing pages."""
        frontier = Frontier(spec, pages.date)
        rest = frontier.remaining()
        seconds = await self._fetcher.estimate(rest.calls)
        if seconds > LONG_SECONDS:
            plan = PullPlan(rest.calls, rest.exact, seconds)
            _log.warning("the pull takes %.0f hours: %s", plan.hours, NOT_MEANT)
            if not self._options.allow_multi_day:
                require_one_day(plan)
        async for page in fetching.pages(frontier, self._on_progress):
            self._take(run, pages, page)

    def _take(self, run: JournalRun, pages: PendingPages, page: Page[PageSummary]) -> None:
        at = microseconds(page.fetched_at)
        if page.error is not None:
            self._journal.fail(run, page.key, page.fetched_at, page.attempts, page.error)
            pages.failed(page.key, page.error, at, page.attempts)
        elif page.result is not None:
            pages.answered(page.key, page.result, at, page.attempts)

    async def _check(self, run: JournalRun, pages: PendingPages, fetching: Fetching[PageSummary]) -> None:
        """Fetch an early page again, to check whether the data changed meanwhile."""
        reference = pages.reference() if needs_check(pages.date.pages) else None
        if reference is None:
            return
        page = await fetching.fetch(msgspec.structs.replace(reference.key, kind="check"), 1)
        if isinstance(page.error, TargetError):
            raise page.error
        digest = None if page.result is None else page.result.digest()
        pages.checked(check_of(reference, run.run_id, microseconds(page.fetched_at), digest, page.error))

    async def _forget(self, run: JournalRun) -> None:
        """Delete the entries from the journal that are now in the tables."""
        self._journal.forget(run)
        self._target.connection.shrink()
        await self._remove_remote(run)

    async def _remove_remote(self, run: JournalRun) -> None:
        remote = self._remote_run(run)
        if remote is not None:
            await self._blocking.run(remote.remove)

    def _remote_run(self, run: JournalRun) -> RemoteRun | None:
        layout = self._target.layout
        if layout.remote is None:
            return None
        return RemoteRun(layout.remote, run, layout.lock(self._target.slot))

    def _instant(self) -> int:
        return microseconds(self._fetcher.now())


def _report(run: JournalRun, state: RunState, *, calls: int) -> PullReport:
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
