"""How far a pull is: a bar on a terminal, else a line every ten seconds; with its rate and what is left."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from kentik_async.cli.notes import Notes
from kentik_async.cli.spans import text_for_span

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from kentik_async import KentikClient
    from kentik_async.bulk.pull import Progress, Pull

__all__ = ["following"]

_BETWEEN_DRAWINGS = 0.5
_BETWEEN_LINES = 10.0
_RATE_OVER = 60.0


@asynccontextmanager
async def following(notes: Notes, kentik: "KentikClient", pull: "Pull") -> AsyncIterator[None]:
    """Show how far a pull is while the block runs it.

    Args:
        notes: Where to show it.
        kentik: The client that runs it, for what is left of the quota.
        pull: The pull; its `on_progress` is taken.
    """
    course = _Course(kentik, pull)
    pull.on_progress = course.enter
    if notes.quiet:
        yield
        return
    task = asyncio.create_task(_drawing(notes, course) if notes.live else _telling(notes, course))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Course:
    """What is known of a pull's way so far."""

    def __init__(self, kentik: "KentikClient", pull: "Pull") -> None:
        self.done = 0
        self.total = 0
        self._failed = 0
        self._kentik = kentik
        self._pull = pull
        self._ends: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def enter(self, progress: "Progress") -> None:
        """Take the engine's word after a page; it is called often, so it only notes."""
        self.done, self.total = progress.done + progress.failed, progress.calls
        self._failed = progress.failed

    async def remarks(self) -> str:
        """Return the rate, the time left, what is left of the quota, and how many failed."""
        remarks = [f"{self._rate():.0f} a minute"]
        if self.total:
            seconds = await self._pull.fetcher.estimate(self.total - self.done)
            remarks.append(f"{text_for_span(seconds)} left")
        state = await self._kentik.quota.snapshot()
        windows = ((state.left_soft_minute, "this minute"), (state.left_hour, "this hour"))
        left = [f"{number:,} {window}" for number, window in windows if number is not None]
        if left:
            remarks.append(f"quota for {', '.join(left)}")
        if self._failed:
            remarks.append(f"{self._failed:,} failed")
        return "; ".join(remarks)

    def _rate(self) -> float:
        """Return the pages a minute of late."""
        now = time.monotonic()
        self._ends.append((now, self.done))
        while len(self._ends) > 2 and self._ends[0][0] < now - _RATE_OVER:
            self._ends.popleft()
        began, before = self._ends[0]
        return 60 * (self.done - before) / max(now - began, 1e-9)


async def _telling(notes: Notes, course: _Course) -> None:
    while True:
        await asyncio.sleep(_BETWEEN_LINES)
        notes.plain(f"{course.done:,} of {course.total:,} pages; {await course.remarks()}")


async def _drawing(notes: Notes, course: _Course) -> None:
    bar = _bar(notes)
    task = bar.add_task("", total=None)
    with bar:
        while True:
            bar.update(task, completed=course.done, total=course.total or None)
            bar.update(task, description=await course.remarks())
            bar.refresh()
            await asyncio.sleep(_BETWEEN_DRAWINGS)


def _bar(notes: Notes) -> "Bar":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=notes.console,
        auto_refresh=False,  # a thread that draws would take the interpreter from the pull
        transient=True,
    )
