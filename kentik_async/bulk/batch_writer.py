"""Lands batches behind a pull: in a thread, one after the other, while further answers come."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kentik_async.bulk.journal.batches import Batches, StoredPage
from kentik_async.bulk.journal.runs import Run
from kentik_async.bulk.sinks import Store
from kentik_async.bulk.sinks.tables import rows_of_pages

__all__ = ["Lander", "in_thread"]

_STEP_ASIDE = 5e-5
"""The pause after each page, in seconds, in which the event loop gets the interpreter: asking for it takes
five milliseconds, and at each answer and each entry anew.
"""


class Lander:
    """Turns the journal's sealed batches into finished parts."""

    def __init__(self, batches: Batches, store: Store) -> None:
        self._batches = batches
        self._store = store
        self._task: asyncio.Task[None] | None = None

    async def begin(self, run: Run) -> None:
        """Begin to land a run's sealed batches; if others are being landed, when these are done.

        Raises:
            TargetError: Those could not be landed.
        """
        await self.finish()
        self._task = asyncio.create_task(asyncio.to_thread(self._land_all, run))

    def check(self) -> None:
        """Raise the TargetError that ended what was begun, if it has ended so."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()

    async def finish(self) -> None:
        """Wait until all is landed that was begun.

        Raises:
            TargetError: It could not be landed.
        """
        if self._task is not None:
            task, self._task = self._task, None
            await _whole(task)

    async def leave(self) -> None:
        """Wait likewise, where another error is on its way already."""
        if self._task is not None:
            task, self._task = self._task, None
            await _ended(task)
            _see(task)

    def _land_all(self, run: Run) -> None:
        self._batches.drop_landed(run)
        for batch in self._batches.sealed(run):
            chunks = (rows_of_pages(run, _gently(pages)) for pages in self._batches.pages(run, batch))
            self._store.land(run.run_date, batch, chunks, staged=run.run_id if run.refresh else None)
            self._batches.land(run, batch)


async def in_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Let a thread do what blocks; when cancelled, not before it has ended.

    The journal is closed and the lock given back by whoever leaves, and a thread would still use both.
    """
    await _whole(asyncio.create_task(asyncio.to_thread(work, *arguments)))


async def _whole(task: "asyncio.Task[None]") -> None:
    if await _ended(task):
        _see(task)
        raise asyncio.CancelledError
    task.result()


def _see(task: "asyncio.Task[None]") -> None:
    """Look at a task's failure, so that asyncio does not log it: another is on its way."""
    if not task.cancelled():
        task.exception()


async def _ended(task: "asyncio.Task[None]") -> bool:
    """Wait for a task's end whatever comes; return whether a cancellation came."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def _gently(pages: Iterable[StoredPage]) -> Iterator[StoredPage]:
    for page in pages:
        yield page
        time.sleep(_STEP_ASIDE)
