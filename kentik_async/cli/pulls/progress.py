"""The progress of pulls: a bar for each on a terminal, otherwise a line for each every ten seconds."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import text_for_span
from kentik_async.cli.output.messages import Notes
from kentik_async.errors import KentikError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from kentik_async import KentikClient, Progress, Pull

__all__ = ["ProgressDisplay", "showing_progress"]

_BETWEEN_FRAMES = 0.5
_BETWEEN_LINES = 10.0
_RATE_WINDOW = 60.0


@asynccontextmanager
async def showing_progress(notes: Notes) -> AsyncIterator["ProgressDisplay"]:
    """Show the progress of the pulls that are entered while the block runs."""
    display = ProgressDisplay()
    if notes.quiet:
        yield display
        return
    task = asyncio.create_task(_draw_bars(notes, display) if notes.live else _print_lines(notes, display))
    try:
        yield display
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class ProgressDisplay:
    """The pulls that are running.

    Attributes:
        pulls: Each running pull.
        several: Whether there are several targets, so that each bar names its own.
        started: Set when the first pull has started.
    """

    def __init__(self) -> None:
        """Start without pulls."""
        self.pulls: list[_RunningPull] = []
        self.several = False
        self.started = asyncio.Event()

    @contextmanager
    def track(self, subject: str, kentik: "KentikClient", pull: "Pull[Any]") -> Iterator[None]:
        """Show the progress of a pull while the block runs it.

        Args:
            subject: The name of the pull, if there are several.
            kentik: The client that runs it; its remaining quota is shown.
            pull: The pull; its `on_progress` is replaced.
        """
        running = _RunningPull(subject, kentik, pull)
        pull.on_progress = running.update
        self.pulls.append(running)
        self.several = bool(subject)
        self.started.set()
        try:
            yield
        finally:
            self.pulls.remove(running)


class _RunningPull:
    """A running pull: pages, rate and time left."""

    def __init__(self, subject: str, kentik: "KentikClient", pull: "Pull[Any]") -> None:
        self.subject = subject
        self.done = 0
        self.total = 0
        self._failed = 0
        self._kentik = kentik
        self._pull = pull
        self._samples: deque[tuple[float, int]] = deque([(asyncio.get_running_loop().time(), 0)])

    def update(self, progress: "Progress") -> None:
        """Record the progress after a page; it is called often, so nothing is drawn here."""
        self.done, self.total = progress.done + progress.failed, progress.calls
        self._failed = progress.failed

    async def line(self) -> str:
        """Return pages, rate, time left, failed pages and remaining quota, as one line."""
        pages = f"{self.done:,} of {self.total:,} pages"
        minute, hour = await self._quota()
        quota = f"quota left: {minute} this minute, {hour} this hour"
        return "; ".join([pages, f"{self._rate():.0f} a minute", *await self._rest(), quota])

    async def description(self) -> str:
        """Return the text beside a bar, which shows the pages; the least important part is last."""
        minute, hour = await self._quota()
        return "; ".join([f"{self._rate():.0f}/min", *await self._rest(), f"quota {minute}/min, {hour}/h"])

    async def _rest(self) -> list[str]:
        rest = []
        if self.total:
            with suppress(KentikError):  # a shared quota is out of reach; the pull itself reports that
                seconds = await self._pull.fetcher.estimate(self.total - self.done)
                rest.append(f"{text_for_span(seconds)} left")
        if self._failed:
            rest.append(f"{self._failed:,} failed")
        return rest

    async def _quota(self) -> tuple[str, str]:
        """Return the remaining quota of the minute and of the hour; "any" without a limit."""
        try:
            state = await self._kentik.quota.snapshot()
        except KentikError:
            return "?", "?"
        minute, hour = (
            "any" if left is None else f"{left:,}" for left in (state.left_soft_minute, state.left_hour)
        )
        return minute, hour

    def _rate(self) -> float:
        """Return the number of pages in the last minute."""
        now = asyncio.get_running_loop().time()
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and self._samples[0][0] < now - _RATE_WINDOW:
            self._samples.popleft()
        began, before = self._samples[0]
        return 60 * (self.done - before) / max(now - began, 1e-9)


async def _print_lines(notes: Notes, display: ProgressDisplay) -> None:
    while True:
        await asyncio.sleep(_BETWEEN_LINES)
        for running in tuple(display.pulls):
            notes.about(running.subject).plain(await running.line())


async def _draw_bars(notes: Notes, display: ProgressDisplay) -> None:
    await display.started.wait()  # earlier output is written to a terminal without a bar
    with _bars(notes, several=display.several) as bars:
        while True:
            await _draw(bars, display)
            await asyncio.sleep(_BETWEEN_FRAMES)


async def _draw(bars: "Bars", display: ProgressDisplay) -> None:
    """Update the bars: one for each running pull."""
    tasks = {task.fields["pull"]: task.id for task in bars.tasks}
    for running in tasks.keys() - set(display.pulls):
        bars.remove_task(tasks[running])
    for running in tuple(display.pulls):
        text = await running.description()
        if running not in tasks:
            tasks[running] = bars.add_task("", total=None, pull=running, subject=running.subject)
        bars.update(tasks[running], completed=running.done, total=running.total or None, description=text)
    bars.refresh()


def _bars(notes: Notes, *, several: bool) -> "Bars":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    return Progress(
        *([TextColumn("{task.fields[subject]}")] if several else []),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=notes.console,
        auto_refresh=False,  # a drawing thread would compete with the pull for the GIL
        expand=True,
        transient=True,
    )
