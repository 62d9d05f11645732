"""Saving a pull: journal first, tables in batches, resumable at any instant.

What is there is not asked for again. A run keeps the date on which it began, also when it is resumed after
midnight, for a day; a date that a finished run holds costs no call.
"""

import asyncio
import datetime as dt
import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kentik_async.bulk.asks import Ask
from kentik_async.bulk.journal import Journal
from kentik_async.bulk.keys import PageKey
from kentik_async.bulk.layout import Layout
from kentik_async.bulk.lock import locked
from kentik_async.bulk.pull import Answer, Fetcher, Page, Progress, Pull, leads_of, page_of
from kentik_async.bulk.runs import Run, ask_identity, refuse_other_store, run_to_take_up
from kentik_async.bulk.stores import STORES, Store
from kentik_async.bulk.tables import rows_of_pages
from kentik_async.errors import DecodeError, KentikError, ValidationError

__all__ = ["PullReport", "save"]

_BATCH_PAGES = 200
_PARTS_A_RUN = 15


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull into a target came to.

    Attributes:
        run_id: The run's name.
        run_date: The date that its rows bear.
        calls: Requests that were made now.
        pages: Pages that the run holds now.
        rows: Rows that the run holds now.
        failed: Pages that were given up; their errors stand in the table `pages`.
        mixed: Whether the data changed while the run went on; None where that could not be told.
        already_complete: Whether a finished run held the date, so that nothing was asked.
    """

    run_id: str
    run_date: str
    calls: int
    pages: int
    rows: int
    failed: int
    mixed: bool | None
    already_complete: bool


async def save(
    fetcher: Fetcher,
    ask: Ask,
    target: Path,
    *,
    store: str,
    date: dt.date | None,
    refresh: bool,
    on_progress: Callable[[Progress], None] | None,
    shard: tuple[int, int] | None,
) -> PullReport:
    """Pull what is asked into a target folder.

    Args:
        fetcher: Runs requests.
        ask: What to pull; the list of markets lands too.
        target: The folder.
        store: "parquet", "sqlite", "ndjson" or "csv".
        date: The date that the rows bear; today's, by UTC, if omitted.
        refresh: Whether to pull again what a finished run holds; it takes the old one's place when complete.
        on_progress: Called after each page.
        shard: (i, n): only the i-th of n parts.

    Raises:
        TargetLockedError: Another run holds the target.
        TargetError: The target cannot be written, or holds tables of another version.
        KentikError: No page would fare better: see `Pull`.
    """
    if store not in STORES:
        raise ValidationError(f"store is {store!r}: give one of {', '.join(STORES)}")
    layout = Layout(target)
    await asyncio.to_thread(layout.make)
    with ExitStack() as stack:
        stack.enter_context(locked(layout.lock, target))
        await asyncio.to_thread(layout.clear_unfinished)
        journal = Journal(layout.journal)
        stack.callback(journal.close)
        landing = _Landing(journal, layout, fetcher, ask, store, shard)
        return await landing.run(date, refresh=refresh, on_progress=on_progress)


class _Landing:
    """One saving of a pull, while the target's lock is held."""

    def __init__(
        self,
        journal: Journal,
        layout: Layout,
        fetcher: Fetcher,
        ask: Ask,
        store_name: str,
        shard: tuple[int, int] | None,
    ) -> None:
        self._journal = journal
        self._layout = layout
        self._store: Store = STORES[store_name](layout)
        self._fetcher = fetcher
        self._ask = msgspec.structs.replace(ask, list_markets=True)
        self._store_name = store_name
        self._shard = shard
        self._identity = ask_identity(ask, shard)
        self._witness: PageKey | None = None
        self._calls = 0
        self._expected = 0

    async def run(
        self, date: dt.date | None, *, refresh: bool, on_progress: Callable[[Progress], None] | None
    ) -> PullReport:
        """Take up the open run or begin one, and bring it to its end."""
        await _in_thread(self._store.check)
        await self._finish_swaps()
        run, complete = self._choose(date, refresh=refresh)
        if complete:
            return self._report(run, already_complete=True)
        await self._land_leftovers(run)
        await self._pull(run, on_progress)
        await self._complete(run)
        return self._report(self._again(run), already_complete=False)

    def _choose(self, date: dt.date | None, *, refresh: bool) -> tuple[Run, bool]:
        now = time.time()
        runs = self._journal.runs()
        refuse_other_store(runs, self._store_name, self._layout.target)
        found = run_to_take_up(runs, self._identity, self._store_name, date=date, refresh=refresh, now=now)
        if found is not None:
            return found, found.state == "complete"
        run_date = (date or dt.datetime.fromtimestamp(now, dt.UTC).date()).isoformat()
        begun = self._journal.begin(run_date, self._identity, self._store_name, refresh=refresh, now=now)
        return begun, False

    async def _land_leftovers(self, run: Run) -> None:
        """Land what runs that were cut off left in the journal: this run will not ask for it again."""
        for batch in self._journal.sealed(run):
            await self._land(run, batch)
        for other in self._journal.runs():
            if other.state == "open" and not other.refresh and other.run_id != run.run_id:
                self._describe_leftovers(other)
                await self._seal_and_land(other, failed_too=False)

    async def _pull(self, run: Run, on_progress: Callable[[Progress], None] | None) -> None:
        self._describe_leftovers(run)
        landed = self._journal.landed(run)
        self._witness = self._journal.witness(run)

        def keep(answer: Answer) -> None:
            # It blocks the event loop until the answer is on the disk, a fraction of a millisecond: so a
            # kill may repeat the one call in flight, and no other.
            self._journal.keep(run, answer)

        def note(progress: Progress) -> None:
            self._expected = progress.calls
            if on_progress is not None:
                on_progress(progress)

        pull = Pull(self._fetcher, self._ask, landed=landed, keep=keep, on_progress=note, shard=self._shard)
        unlanded = 0
        async with pull:
            async for page in pull:
                self._calls += page.attempts
                self._witness = self._witness or pull.first
                if page.error is not None:
                    self._journal.fail(run, page)
                    continue
                self._describe(run, page)
                unlanded += 1
                if unlanded >= self._batch_pages(len(landed)):
                    await self._seal_and_land(run, failed_too=False)
                    unlanded = 0

    def _describe_leftovers(self, run: Run) -> None:
        """Make up for what a kill cut off between an answer's keeping and its reading."""
        for answer in self._journal.undescribed(run):
            try:
                self._describe(run, page_of(answer))
            except DecodeError as error:
                self._journal.fail(run, Page(answer.key, answer.fetched_at, answer.attempts, error=error))

    def _describe(self, run: Run, page: Page) -> None:
        digest = _digest(page) if page.key == self._witness else ""
        self._journal.describe(run, page, rows=_rows_of(page), leads=leads_of(page), digest=digest)

    def _batch_pages(self, landed: int) -> int:
        """Return how many pages make a batch: few enough parts a run, whatever its size."""
        return max(_BATCH_PAGES, -(-(self._expected + landed) // _PARTS_A_RUN))

    async def _complete(self, run: Run) -> None:
        mixed = await self._ask_witness_again(run)
        await self._seal_and_land(run, failed_too=True)
        self._journal.set_state(run, "swapping" if run.refresh else "complete", now=time.time(), mixed=mixed)
        await self._finish_swaps()
        await _in_thread(self._journal.shrink)

    async def _ask_witness_again(self, run: Run) -> bool | None:
        """Fetch the run's first page once more; return whether it changed, or None if that cannot be told."""
        before = None if self._witness is None else self._journal.digest(run, self._witness)
        if self._witness is None or before is None:
            return None
        key = msgspec.structs.replace(self._witness, kind="check")
        self._calls += 1
        try:
            result = await self._fetcher.run(key.request(self._fetcher.now))
        except KentikError as error:
            self._journal.fail(run, Page(key, self._fetcher.now(), 1, error=error))
            return None
        page = Page(key, self._fetcher.now(), 1, result)
        mixed = _digest(page) != before
        self._journal.check(run, page, mixed=mixed)
        return mixed

    async def _seal_and_land(self, run: Run, *, failed_too: bool) -> None:
        self._journal.seal(run, failed_too=failed_too)
        for batch in self._journal.sealed(run):
            await self._land(run, batch)

    async def _land(self, run: Run, batch: int) -> None:
        """Make a batch's parts and let its raw answers go; the event loop stays free meanwhile."""

        def land() -> None:
            chunks = (rows_of_pages(run, pages) for pages in self._journal.pages(run, batch))
            self._store.land(run.run_date, batch, chunks, staged=run.run_id if run.refresh else None)
            self._journal.land(run, batch)

        await _in_thread(land)

    async def _finish_swaps(self) -> None:
        """Let complete refreshes take the place of what their dates held, also after a kill."""
        for run in [run for run in self._journal.runs() if run.state == "swapping"]:
            store = STORES[run.store](self._layout)
            await _in_thread(store.swap, run.run_date, run.run_id)
            self._journal.replace(run)

    def _again(self, run: Run) -> Run:
        return next(other for other in self._journal.runs() if other.run_id == run.run_id)

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


async def _in_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Let a thread do what blocks; when cancelled, not before it has ended.

    The journal is closed and the lock given back by whoever leaves, and a thread would still use both.
    """
    task = asyncio.create_task(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _rows_of(page: Page) -> int:
    if page.error is not None or page.key.kind == "check":
        return 0
    if page.key.kind == "asn_details":
        return len(page.result.customers) + len(page.result.providers) + len(page.result.peers)
    return len(page.result)


def _digest(page: Page) -> str:
    """Return what is equal for pages with equal rows, whatever bytes they came in."""
    result: Any = page.result
    if page.key.asn is not None:
        result = (*result.customers, *result.providers, *result.peers)
    rows = [msgspec.structs.astuple(row) for row in result]
    return hashlib.blake2b(msgspec.json.encode(rows), digest_size=16).hexdigest()
