"""Runs `kentik-async apply`: plan, question, progress, Ctrl-C, report."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kentik_async import KentikClient
from kentik_async.cli.context import Context
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import counted
from kentik_async.cli.output.messages import printable
from kentik_async.cli.prompts import confirmed, declined, require_terminal
from kentik_async.cli.state.showing import show_plan, show_report
from kentik_async.errors import ConfigError
from kentik_async.state import ApplyProgress, ApplyReport, Document, StatePlan

__all__ = ["ApplyOptions", "run_apply"]

_BETWEEN_FRAMES = 0.1


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The arguments of the command; see `kentik_async.cli.state.commands.apply`."""

    paths: tuple[Path, ...]
    prune: bool
    force: bool
    yes: bool
    plan_checksum: str | None
    backup: Path | None
    from_backup: Path | None

    def wanted(self) -> Document | Path:
        """Return the document, or the backup to restore.

        Raises:
            ConfigError: The arguments do not fit together.
        """
        if self.from_backup is None:
            return Document.load(*self.paths)
        if self.paths or self.prune:
            raise ConfigError("--from-backup restores a backup alone: give no files, and no --prune")
        return self.from_backup


async def run_apply(context: Context, options: ApplyOptions) -> Exit:
    """Plan, ask, apply and report.

    Args:
        context: The context of the command.
        options: The arguments of the command.
    """
    wanted = options.wanted()
    if not options.yes:
        require_terminal("change the account")
    async with context.client() as kentik:
        if isinstance(wanted, Path):
            plan = await kentik.state.plan_restore(wanted)
        else:
            plan = await kentik.state.plan(wanted, prune=options.prune)
        if context.options.output in (None, "table"):
            show_plan(context, plan)
        kentik.state.check(
            plan, plan_checksum=options.plan_checksum, backup=options.backup, force=options.force
        )
        if not options.yes and not plan.empty:
            question = f"Make {counted(len(plan.changes), 'change')} in the account?"
            if not await confirmed(question):
                return declined(context, "nothing was changed")
    # Waits for quota are part of the progress; a line of their own would break the bar.
    quiet = Context(replace(context.options, quiet=True)) if context.notes.live else context
    async with quiet.client() as kentik:
        report, interrupted = await _apply(context, kentik, plan, options)
    show_report(context, report)
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.OK if report.complete else Exit.FAILURES


async def _apply(
    context: Context, kentik: KentikClient, plan: StatePlan, options: ApplyOptions
) -> tuple[ApplyReport, bool]:
    """Apply a plan; after Ctrl-C, which cancels the wait, the request in flight still ends.

    Returns:
        The report, and whether it was interrupted.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # Ctrl-C came during a close that must not be interrupted
    stop = asyncio.Event()
    with _progress(context, plan) as on_progress:
        work = asyncio.create_task(
            kentik.state.apply(
                plan,
                backup=options.backup,
                plan_checksum=options.plan_checksum,
                force=options.force,
                stop=stop,
                on_progress=on_progress,
                on_backup=lambda path: context.notes.note(f"backup: {path}"),
            )
        )
        try:
            return await asyncio.shield(work), False
        except asyncio.CancelledError:
            stop.set()
            return await work, True


@contextmanager
def _progress(context: Context, plan: StatePlan) -> Iterator[Callable[[ApplyProgress], None] | None]:
    """Show a bar on a terminal while the block runs."""
    if not context.notes.live or plan.empty:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=context.notes.console, transient=True) as bars:
        task = bars.add_task("", total=len(plan.changes))

        def on_progress(progress: ApplyProgress) -> None:
            change = progress.outcome.change
            text = printable(f"{change.action} {change.kind}.{change.name}").replace("[", r"\[")
            bars.update(task, completed=progress.done, description=text)

        yield on_progress
