"""Pulls from the command line: one, or one a customer side by side."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kentik_async.bulk.reading.status import Outlook, outlook
from kentik_async.bulk.results import MULTI_DAY_SECONDS
from kentik_async.bulk.target.layout import Layout
from kentik_async.cli.context import Context
from kentik_async.cli.error_text import error_line
from kentik_async.cli.exit_codes import Exit, exit_for, worst
from kentik_async.cli.output.formatting import text_for_span
from kentik_async.cli.pulls.options import How
from kentik_async.cli.pulls.progress import Board, shown_on_a_board
from kentik_async.cli.pulls.resume import resume_command
from kentik_async.cli.pulls.summary import announce, print_reports, tell_of
from kentik_async.errors import KentikError, ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.bulk.pull import Pull
    from kentik_async.bulk.pull_report import PullReport

__all__ = ["run_pull"]

Make: TypeAlias = Callable[["KentikClient"], Awaitable["Pull"]]


async def run_pull(context: Context, target: str, how: How, make: Make) -> Exit:
    """Plan a pull, run it, and say what it came to; for several profiles, all at once.

    Each of several profiles has its own client, quota and target, and the failure of one is not the others'.

    Args:
        context: The command line's surroundings.
        target: The folder; of several profiles, the one that holds a folder for each.
        how: Where it lands and how.
        make: Makes the pull; may ask for the list of markets.

    Returns:
        The worst of their ends.
    """
    errands = _errands(context, target, how, make)
    async with shown_on_a_board(context.notes) as board:
        tasks = [asyncio.create_task(errand.run(board)) for errand in errands]
        await _ended(tasks)
    ends = [task.result() for task in tasks]
    reports = [(end.target, end.report) for end in ends if end.report is not None]
    print_reports(context.printer, reports, several=len(errands) > 1)
    return worst(end.exit for end in ends)


def _errands(context: Context, target: str, how: How, make: Make) -> "list[_Errand]":
    _ = how.day  # one that is no date is told once, and before anything is sent
    alone = resume_command(sys.argv[1:])
    contexts = context.of_each_profile()
    if len(contexts) < 2:
        return [_Errand(context, target, how, make, alone)]
    errands = []
    for profile, its_context in contexts.items():
        its_target = f"{target.rstrip('/')}/{profile}"
        resume = resume_command(sys.argv[1:], target=target, own_target=its_target, profile=profile)
        errands.append(_Errand(its_context, its_target, how, make, resume))
    return errands


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for all; Ctrl-C, which cancels the waiting, has each of them end cleanly first."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@dataclass(frozen=True, slots=True)
class _End:
    exit: Exit
    target: str = ""
    report: "PullReport | None" = None


@dataclass(frozen=True, slots=True)
class _Errand:
    """One customer's pull into one target."""

    context: Context
    target: str
    how: How
    make: Make
    resume: str

    async def run(self, board: Board) -> _End:
        """Run it; whatever happens is told, and is an end."""
        notes = self.context.notes
        try:
            target, report = await self._pull(board)
        except asyncio.CancelledError:
            notes.plain(f"interrupted; what was answered is kept. Resume with: {self.resume}")
            return _End(Exit.INTERRUPTED)
        except KentikError as error:
            notes.error(error_line(error))
            return _End(exit_for(error))
        return _End(Exit.OK if report is None else tell_of(notes, report), target, report)

    async def _pull(self, board: Board) -> "tuple[str, PullReport | None]":
        """Return what to call the target, a URL without its password, and what the pull came to.

        A dry run comes to None.
        """
        how, name = self.how, Layout(self.target).name
        # What waits for quota is shown with the progress; a line of its own would break the bar.
        calm = Context(replace(self.context.options, quiet=True))
        async with calm.client() as kentik:
            pull = await self.make(kentik)
            ahead = await outlook(
                pull, self.target, how.store, date=how.day, refresh=how.refresh, now=time.time()
            )
            if not self._begins(pull, name, ahead):
                return name, None
            with self._followed(board, kentik, pull, ahead):
                report = await pull.save(
                    self.target,
                    how.store,
                    date=how.day,
                    refresh=how.refresh,
                    allow_multi_day=how.allow_multi_day,
                )
        return name, report

    def _begins(self, pull: "Pull", name: str, ahead: Outlook) -> bool:
        """Say what lies ahead, and return whether it is to be begun.

        Raises:
            ValidationError: It would take days, and nobody allowed that. The library refuses it too, but
                only once it has made the target.
        """
        how = self.how
        refused = ahead.seconds > MULTI_DAY_SECONDS and not how.allow_multi_day
        begins = not (how.dry_run or refused)
        if how.dry_run or not ahead.complete:
            announce(self.context.notes, pull, name, ahead, begins=begins)
        if refused and not how.dry_run:
            span = text_for_span(ahead.seconds)
            raise ValidationError(f"it takes {span}: ask for less, or add --allow-multi-day")
        return begins

    def _followed(
        self, board: Board, kentik: "KentikClient", pull: "Pull", ahead: Outlook
    ) -> AbstractContextManager[None]:
        if ahead.complete:  # no bar for what is over at once
            return nullcontext()
        return board.following(self.context.notes.subject, kentik, pull)
