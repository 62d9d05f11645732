"""Saving a pull: journal first, tables in batches, resumable at any instant.

What is there is not asked for again. A run keeps the date on which it began, also when it is resumed after
midnight, for a day; a date that a finished run holds costs no call.
"""

import asyncio
import datetime as dt
import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

import msgspec

from kentik_async.bulk.batch_writer import Lander, in_thread
from kentik_async.bulk.journal.batches import Batches, batch_size
from kentik_async.bulk.journal.database import open_journal
from kentik_async.bulk.journal.journal import Journal
from kentik_async.bulk.journal.runs import Run, ask_identity, refuse_other_store, run_to_take_up
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.page_summary import Gist, gist_of
from kentik_async.bulk.pages import Page
from kentik_async.bulk.pull import Fetcher, Progress, Pull
from kentik_async.bulk.pull_report import PullReport
from kentik_async.bulk.results import NOT_MEANT, refuse_multi_day
from kentik_async.bulk.sinks import STORES, Store
from kentik_async.bulk.spec import Ask
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import locked
from kentik_async.bulk.target.remote import refuse_strange_parts
from kentik_async.errors import DecodeError, KentikError, TargetError, ValidationError

__all__ = ["save"]

_log = logging.getLogger("kentik_async")


async def save(
    fetcher: Fetcher,
    ask: Ask,
    target: str | os.PathLike[str],
    *,
    store: str,
    date: dt.date | None,
    refresh: bool,
    allow_multi_day: bool,
    on_progress: Callable[[Progress], None] | None,
    shard: tuple[int, int] | None,
) -> PullReport:
    """Pull what is asked into a target.

    Args:
        fetcher: Runs requests.
        ask: What to pull; the list of markets lands too.
        target: The folder, or its URL.
        store: "parquet", "sqlite", "ndjson" or "csv".
        date: The date that the rows bear; today's, by UTC, if omitted.
        refresh: Whether to pull again what a finished run holds; it takes the old one's place when complete.
        allow_multi_day: Whether it may take more than 24 hours.
        on_progress: Called after each page.
        shard: (i, n): only the i-th of n parts.

    Raises:
        TargetLockedError: Another run holds the target.
        TargetError: The target cannot be written, or holds tables of another version.
        ValidationError: There is no such store there, or it would take more than 24 hours.
        ConfigError: What the URL or the store needs is not installed.
        KentikError: No page would fare better: see `Pull`.
    """
    if store not in STORES:
        raise ValidationError(f"store is {store!r}: give one of {', '.join(STORES)}")
    layout = await asyncio.to_thread(Layout, target)
    tables = STORES[store](layout)
    await in_thread(layout.make)
    with ExitStack() as stack:
        stack.enter_context(locked(layout.lock, layout.name))
        await in_thread(layout.clear_unfinished)
        entries, batches = open_journal(layout.journal, layout.name)
        stack.callback(entries.close)
        stack.callback(batches.close)
        landing = _Landing(layout, Journal(entries), Batches(batches), tables, fetcher, shard)
        report = await landing.run(ask, store, date, refresh, allow_multi_day, on_progress)
        if not report.already_complete:
            await in_thread(entries.shrink)
        return report


class _Landing:
    """One saving of a pull, while the target's lock is held."""

    def __init__(
        self,
        layout: Layout,
        journal: Journal,
        batches: Batches,
        store: Store,
        fetcher: Fetcher,
        shard: tuple[int, int] | None,
    ) -> None:
        self._layout = layout
        self._journal = journal
        self._batches = batches
        self._store = store
        self._lander = Lander(batches, store)
        self._fetcher = fetcher
        self._shard = shard
        self._witness: PageKey | None = None
        self._calls = 0
        self._expected = 0

    async def run(
        self,
        ask: Ask,
        store: str,
        date: dt.date | None,
        refresh: bool,
        allow_multi_day: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> PullReport:
        """Take up the open run or begin one, and bring it to its end."""
        try:
            await in_thread(self._store.check)
            await self._finish_runs()
            run = self._choose(ask_identity(ask, self._shard), store, date, refresh=refresh)
            await in_thread(self._match_parts, run)
            if run.state == "complete":
                return self._report(run, already_complete=True)
            await self._land_leftovers(run)
            whole = msgspec.structs.replace(ask, list_markets=True)
            await self._pull(run, whole, on_progress, allow_multi_day=allow_multi_day)
            await self._complete(run)
            ended = next(other for other in self._journal.runs() if other.run_id == run.run_id)
            return self._report(ended, already_complete=False)
        finally:
            with suppress(TargetError):  # another is on its way, and the answers will tell it again
                self._journal.settle()
            await self._lander.leave()

    def _choose(self, identity: str, store: str, date: dt.date | None, *, refresh: bool) -> Run:
        now = time.time()
        runs = self._journal.runs()
        refuse_other_store(runs, store, self._layout.name)
        found = run_to_take_up(runs, identity, store, date=date, refresh=refresh, now=now)
        if found is not None:
            return found
        run_date = (date or dt.datetime.fromtimestamp(now, dt.UTC).date()).isoformat()
        return self._journal.begin(run_date, identity, store, refresh=refresh, now=now)

    def _match_parts(self, run: Run) -> None:
        """See to it that what lies elsewhere is what this machine knows; a refresh replaces it anyway."""
        if self._layout.local is None and not run.refresh:
            parts = self._layout.tables.parts("pages", run.run_date)
            known, landed = self._batches.numbers(run.run_date)
            refuse_strange_parts(parts, known=known, landed=landed, target=self._layout.name)

    async def _land_leftovers(self, run: Run) -> None:
        """Land what runs that were cut off left in the journal: this run will not ask for it again."""
        await self._lander.begin(run)
        for other in self._journal.runs():
            if other.state == "open" and not other.refresh and other.run_id != run.run_id:
                self._describe_leftovers(other)
                self._journal.seal(other)
                await self._lander.begin(other)
        await self._lander.finish()

    async def _pull(
        self, run: Run, ask: Ask, on_progress: Callable[[Progress], None] | None, *, allow_multi_day: bool
    ) -> None:
        self._describe_leftovers(run)
        landed = self._journal.landed(run)
        self._witness = self._journal.witness(run)

        def note(progress: Progress) -> None:
            self._expected = progress.calls
            if on_progress is not None:
                on_progress(progress)

        pull = Pull(
            self._fetcher,
            ask,
            landed=landed,
            keep=partial(self._journal.keep, run),
            flush=self._journal.flush,
            read=gist_of,
            on_progress=note,
            shard=self._shard,
        )
        plan = await pull.plan()
        if plan.long:
            _log.warning("the pull takes %.0f hours: %s", plan.hours, NOT_MEANT)
        if not allow_multi_day:
            refuse_multi_day(plan)
        async with pull:
            await self._keep_all(run, pull, len(landed))
        await self._lander.finish()

    async def _keep_all(self, run: Run, pull: Pull, landed: int) -> None:
        unlanded = 0
        async for page in pull:
            self._lander.check()
            self._calls += page.attempts
            self._witness = self._witness or pull.first
            if page.error is not None:
                self._journal.fail(run, page)
                continue
            digest = page.result.digest() if page.key == self._witness else ""
            self._journal.describe(run, page.key, page.result, digest)
            unlanded += 1
            if unlanded >= batch_size(self._expected + landed):
                self._journal.seal(run)
                await self._lander.begin(run)
                unlanded = 0

    def _describe_leftovers(self, run: Run) -> None:
        """Make up for what a kill cut off between an answer's keeping and its reading."""
        for answer in self._journal.undescribed(run):
            try:
                gist = gist_of(answer.key, answer.raw)
            except DecodeError as error:
                self._journal.fail(run, Page(answer.key, answer.fetched_at, answer.attempts, error=error))
            else:
                # It may be the run's first page, which is fetched again at the end.
                digest = "" if answer.key.kind == "markets" else gist.digest()
                self._journal.describe(run, answer.key, gist, digest)

    async def _complete(self, run: Run) -> None:
        mixed = await self._ask_witness_again(run)
        self._journal.conclude(run, now=time.time(), mixed=mixed)
        await self._finish_runs()

    async def _ask_witness_again(self, run: Run) -> bool | None:
        """Fetch the run's first page once more; return whether it changed, or None if that cannot be told."""
        before = None if self._witness is None else self._journal.digest(run, self._witness)
        if self._witness is None or before is None:
            return None
        key = msgspec.structs.replace(self._witness, kind="check")
        self._calls += 1
        try:
            request = replace(key.request(self._fetcher.now), decode=partial(gist_of, key))
            gist: Gist = await self._fetcher.run(request)
        except KentikError as error:
            self._journal.fail(run, Page(key, self._fetcher.now(), 1, error=error))
            return None
        page = Page(key, self._fetcher.now(), 1, gist)
        mixed = gist.digest() != before
        self._journal.check(run, page, mixed=mixed)
        return mixed

    async def _finish_runs(self) -> None:
        """Finish the runs that have asked for all they want, also after a kill.

        They land; then a refresh takes the place of what its date held.
        """
        for run in [run for run in self._journal.runs() if run.state == "landing"]:
            await self._lander.begin(run)
            await self._lander.finish()
            self._journal.enter_state(run, "swapping" if run.refresh else "complete")
        for run in [run for run in self._journal.runs() if run.state == "swapping"]:
            await in_thread(self._store.swap, run.run_date, run.run_id)
            self._journal.replace(run)
        open_ones = {run.run_id for run in self._journal.runs() if run.state == "open"}
        await in_thread(partial(self._layout.drop_staged, but=open_ones))

    def _report(self, run: Run, *, already_complete: bool) -> PullReport:
        counts = self._journal.counts(run)
        return PullReport(
            run_id=run.run_id,
            run_date=run.run_date,
            calls=self._calls,
            pages=counts.get("done", 0),
            rows=counts["rows"],
            failed=counts.get("failed", 0),
            mixed=run.mixed,
            already_complete=already_complete,
        )
