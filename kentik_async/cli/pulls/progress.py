"""How far pulls are: a bar each on a terminal, else a line each every ten seconds; with rate and rest."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from kentik_async.cli.output.formatting import text_for_span
from kentik_async.cli.output.messages import Notes
from kentik_async.errors import KentikError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from kentik_async import KentikClient
    from kentik_async.bulk.pull import Progress, Pull

__all__ = ["Board", "shown_on_a_board"]

_BETWEEN_DRAWINGS = 0.5
_BETWEEN_LINES = 10.0
_RATE_OVER = 60.0


@asynccontextmanager
async def shown_on_a_board(notes: Notes) -> AsyncIterator["Board"]:
    """Offer a board, and show how far the pulls on it are while the block runs them."""
    board = Board()
    if notes.quiet:
        yield board
        return
    task = asyncio.create_task(_drawing(notes, board) if notes.live else _telling(notes, board))
    try:
        yield board
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Board:
    """The pulls under way."""

    def __init__(self) -> None:
        """Begin with none."""
        self.courses: list[_Course] = []
        self.begun = asyncio.Event()

    @contextmanager
    def following(self, subject: str, kentik: "KentikClient", pull: "Pull") -> Iterator[None]:
        """Have a pull on the board while the block runs it.

        Args:
            subject: What to call it, where there are several.
            kentik: The client that runs it, for what is left of the quota.
            pull: The pull; its `on_progress` is taken.
        """
        course = _Course(subject, kentik, pull)
        pull.on_progress = course.enter
        self.courses.append(course)
        self.begun.set()
        try:
            yield
        finally:
            self.courses.remove(course)


class _Course:
    """What is known of a pull's way so far."""

    def __init__(self, subject: str, kentik: "KentikClient", pull: "Pull") -> None:
        self.subject = subject
        self.done = 0
        self.total = 0
        self._failed = 0
        self._kentik = kentik
        self._pull = pull
        self._ends: deque[tuple[float, int]] = deque([(asyncio.get_running_loop().time(), 0)])

    def enter(self, progress: "Progress") -> None:
        """Take the engine's word after a page; it is called often, so it only notes."""
        self.done, self.total = progress.done + progress.failed, progress.calls
        self._failed = progress.failed

    async def words(self) -> str:
        """Return how far it is, the rate, the time left, how many failed, and what is left of the quota."""
        words = [f"{self.done:,} of {self.total:,} pages", f"{self._rate():.0f} a minute"]
        words += await self._rest()
        minute, hour = await self._quota()
        return "; ".join([*words, f"quota for {minute} this minute, {hour} this hour"])

    async def short_words(self) -> str:
        """Return the same for a bar, which says itself how far it is; what may be cut off stands last."""
        minute, hour = await self._quota()
        return "; ".join([f"{self._rate():.0f}/min", *await self._rest(), f"quota {minute}/min, {hour}/h"])

    async def _rest(self) -> list[str]:
        rest = []
        if self.total:
            with suppress(KentikError):  # a shared quota that cannot be reached now is the pull's affair
                seconds = await self._pull.fetcher.estimate(self.total - self.done)
                rest.append(f"{text_for_span(seconds)} left")
        if self._failed:
            rest.append(f"{self._failed:,} failed")
        return rest

    async def _quota(self) -> tuple[str, str]:
        """Return what is left of a minute and an hour; without a limit, any number."""
        try:
            state = await self._kentik.quota.snapshot()
        except KentikError:
            return "?", "?"
        minute, hour = (
            "any" if left is None else f"{left:,}" for left in (state.left_soft_minute, state.left_hour)
        )
        return minute, hour

    def _rate(self) -> float:
        """Return the pages a minute of late."""
        now = asyncio.get_running_loop().time()
        self._ends.append((now, self.done))
        while len(self._ends) > 2 and self._ends[0][0] < now - _RATE_OVER:
            self._ends.popleft()
        began, before = self._ends[0]
        return 60 * (self.done - before) / max(now - began, 1e-9)


async def _telling(notes: Notes, board: Board) -> None:
    while True:
        await asyncio.sleep(_BETWEEN_LINES)
        for course in tuple(board.courses):
            notes.about(course.subject).plain(await course.words())


async def _drawing(notes: Notes, board: Board) -> None:
    await board.begun.wait()  # what is said before goes to a terminal without a bar
    with _bars(notes, several=bool(board.courses[0].subject)) as bars:
        while True:
            await _draw(bars, board)
            await asyncio.sleep(_BETWEEN_DRAWINGS)


async def _draw(bars: "Bars", board: Board) -> None:
    """Bring the bars up to date: one a pull, gone when it has ended."""
    tasks = {task.fields["course"]: task.id for task in bars.tasks}
    for course in tasks.keys() - set(board.courses):
        bars.remove_task(tasks[course])
    for course in tuple(board.courses):
        words = await course.short_words()
        if course not in tasks:
            tasks[course] = bars.add_task("", total=None, course=course, subject=course.subject)
        bars.update(tasks[course], completed=course.done, total=course.total or None, description=words)
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
        auto_refresh=False,  # a thread that draws would take the interpreter from the pull
        expand=True,
        transient=True,
    )
