"""Runs pulls: one, or one for each profile side by side."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kentik_async.bulk.results import PullPlan, require_one_day
from kentik_async.bulk.target.layout import Layout
from kentik_async.cli.context import Context
from kentik_async.cli.error_text import error_line
from kentik_async.cli.exit_codes import Exit, exit_for, worst
from kentik_async.cli.pulls.options import PullOptions
from kentik_async.cli.pulls.progress import ProgressDisplay, showing_progress
from kentik_async.cli.pulls.resume import resume_command
from kentik_async.cli.pulls.summary import note_outcome, note_plan, print_plans, print_reports
from kentik_async.errors import KentikError

if TYPE_CHECKING:
    from kentik_async import KentikClient, Pull, PullReport

__all__ = ["run_pull"]

MakePull: TypeAlias = "Callable[[KentikClient], Pull[Any]]"


async def run_pull(context: Context, target: str, options: PullOptions, make: MakePull) -> Exit:
    """Plan a pull, run it and report; for several profiles, all concurrently.

    Each of several profiles has its own client, quota and target; a failure of one does not stop the others.

    Args:
        context: The context of the command.
        target: The folder or URL; for several profiles, the one that holds a folder for each.
        options: How pages are saved.
        make: Makes the pull.

    Returns:
        The most severe exit code.
    """
    options.target_arguments()  # an invalid date is reported once, and before anything is sent
    jobs = _jobs(context, target, options, make)
    async with showing_progress(context.notes) as display:
        tasks = [asyncio.create_task(job.run(display)) for job in jobs]
        await _wait(tasks)
    results = [task.result() for task in tasks]
    several = len(jobs) > 1
    reports = [(result.target, result.report) for result in results if result.report is not None]
    plans = [(result.target, result.plan) for result in results if result.plan is not None]
    print_reports(context.printer, reports, several=several)
    if context.options.output is not None or context.printer.form != "table":
        print_plans(context.printer, plans, several=several)
    return worst(result.exit for result in results)


def _jobs(context: Context, target: str, options: PullOptions, make: MakePull) -> "list[_Job]":
    contexts = context.of_each_profile()
    if len(contexts) < 2:
        return [_Job(context, target, options, make, resume_command(sys.argv[1:]))]
    jobs = []
    for profile, own_context in contexts.items():
        own_target = f"{target.rstrip('/')}/{profile}"
        resume = resume_command(sys.argv[1:], target=target, own_target=own_target, profile=profile)
        jobs.append(_Job(own_context, own_target, options, make, resume))
    return jobs


async def _wait(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for all tasks; after Ctrl-C, which cancels the wait, each task still ends cleanly."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of a pull: a report, after a dry run a plan, otherwise neither."""

    exit: Exit
    target: str = ""
    plan: PullPlan | None = None
    report: "PullReport | None" = None


@dataclass(frozen=True, slots=True)
class _Job:
    """One pull of one customer into one target."""

    context: Context
    target: str
    options: PullOptions
    make: MakePull
    resume: str

    async def run(self, display: ProgressDisplay) -> _Result:
        """Run the pull; errors are printed and become an exit code."""
        notes = self.context.notes
        try:
            return await self._pull(display)
        except asyncio.CancelledError:
            notes.plain(f"interrupted; what was downloaded is kept. Resume with: {self.resume}")
            return _Result(Exit.INTERRUPTED)
        except KentikError as error:
            notes.error(error_line(error))
            return _Result(exit_for(error))

    async def _pull(self, display: ProgressDisplay) -> _Result:
        options, notes = self.options, self.context.notes
        arguments, name = options.target_arguments(), Layout(self.target).name
        # Waits for quota are part of the progress; a line of their own would break the bar.
        quiet = Context(replace(self.context.options, quiet=True))
        async with quiet.client() as kentik:
            pull = self.make(kentik)
            plan = _whole(await pull.plan(self.target, **arguments), pull)
            starts = not options.dry_run and (options.allow_multi_day or not plan.multi_day)
            if options.dry_run or not plan.complete:
                note_plan(notes, pull, name, plan, starts=starts)
            if options.dry_run:
                return _Result(Exit.OK, name, plan=plan)
            if not options.allow_multi_day:
                require_one_day(plan)
            with self._progress(display, kentik, pull, plan):
                report = await pull.save(self.target, **arguments, allow_multi_day=options.allow_multi_day)
            report = replace(report, calls=pull.fetcher.sent)
        return _Result(note_outcome(notes, name, report), name, report=report)

    def _progress(
        self, display: ProgressDisplay, kentik: "KentikClient", pull: "Pull[Any]", plan: PullPlan
    ) -> AbstractContextManager[None]:
        if plan.complete:  # no bar for a pull that ends immediately
            return nullcontext()
        return display.track(self.context.notes.subject, kentik, pull)


def _whole(plan: PullPlan, pull: "Pull[Any]") -> PullPlan:
    """Return the plan of the whole command: with the list of markets that planning may have fetched."""
    return replace(plan, calls=plan.calls + min(pull.fetcher.sent, 1)) if plan.calls else plan
