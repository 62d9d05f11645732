"""Progress of a run: a bar on a terminal, otherwise a line every few seconds. Uses little CPU time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from kentik_async.cli.output.messages import Notes

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["counting"]

_DRAW_INTERVAL = 0.25
_LINE_INTERVAL = 5.0
_TITLE_WIDTH = 30


@asynccontextmanager
async def counting(notes: Notes, title: str, total: int) -> AsyncIterator[Callable[[], None]]:
    """Show how many of `total` steps are done while the block runs.

    Args:
        notes: Prints the progress.
        title: The title of the progress bar.
        total: The number of steps.

    Yields:
        A function to call after each step. It only counts; another task draws.
    """
    counter = _Counter(title, total)
    if notes.quiet:
        yield counter.tick
        return
    draw = _draw_bar(notes, counter) if notes.live else _print_lines(notes, counter)
    task = asyncio.create_task(draw)
    try:
        yield counter.tick
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Counter:
    def __init__(self, title: str, total: int) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self.began = time.monotonic()

    def tick(self) -> None:
        self.done += 1

    def rate(self) -> str:
        """The average number of steps per second."""
        return f"{self.done / self._seconds():.0f}/s"

    def line(self) -> str:
        """The progress as one line of text."""
        left = (self.total - self.done) / self.done * self._seconds() if self.done else 0.0
        return f"{self.title}: {self.done:,} of {self.total:,}, {self.rate()}, {left:.0f} s left"

    def _seconds(self) -> float:
        return max(time.monotonic() - self.began, 1e-3)


async def _print_lines(notes: Notes, counter: _Counter) -> None:
    notes.plain(f"{counter.title} ...")
    while True:
        await asyncio.sleep(_LINE_INTERVAL)
        notes.plain(counter.line())


async def _draw_bar(notes: Notes, counter: _Counter) -> None:
    progress = _bar(notes)
    task = progress.add_task(f"{counter.title:<{_TITLE_WIDTH}}", total=counter.total, rate="")
    with progress:
        try:
            while True:
                await asyncio.sleep(_DRAW_INTERVAL)
                progress.update(task, completed=counter.done, rate=counter.rate())
                progress.refresh()
        finally:
            progress.update(task, completed=counter.done, rate=counter.rate())
            progress.refresh()


def _bar(notes: Notes) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>6}", style="cyan"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=notes.console,
        auto_refresh=False,  # a drawing thread would compete with the run for the GIL
    )
