"""`kentik-async kmi verify`, `kmi repair` and `kmi prune`: check, repair and prune targets."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted
from kentik_async.cli.parameters import Flag
from kentik_async.cli.prompts import confirmed, declined, require_terminal
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    from kentik_async.bulk.reading.checks import Problem
    from kentik_async.bulk.reading.repair import LostPage, RepairReport

__all__ = ["prune", "repair", "verify"]

_PROBLEM_FIELDS = ("kind", "table", "run_date", "path", "detail", "pages")
_PROBLEM_COLUMNS = (
    Column("kind", kind="name"),
    Column("table", kind="name"),
    Column("run_date", "date", kind="name"),
    Column("pages", kind="count"),
    Column("detail"),
    Column("path", "file"),
)
_PRUNED = (
    Column("target"),
    Column("dates", read=lambda record: " ".join(record["dates"])),
    Column("kept", read=lambda record: " ".join(record["kept"])),
    Column("deleted"),
)


def verify(target: str, /, *, context: Ctx) -> Exit | None:
    """Check a target: which parts are missing, damaged or foreign.

    Every part is read and compared with the tables 'pages' and 'runs'. Nothing is
    changed. The exit code is 5 if there is a problem.

    For example:

      kentik-async kmi verify data
      kentik-async kmi verify s3://bucket/kmi -o json

    Args:
        target: The folder, or its URL.
        context: The command context.
    """
    from kentik_async.bulk.reading.verify import verify_target

    report = verify_target(target)
    problems = _problem_rows(report.problems)
    if context.printer.form in ("table", "csv"):
        context.printer.rows(problems, _PROBLEM_FIELDS, _PROBLEM_COLUMNS, what="problems")
    else:
        context.printer.document(
            {
                "target": report.target,
                "store": report.store,
                "sound": report.sound,
                "dates": report.dates,
                "problems": problems,
                "interrupted": report.interrupted,
            }
        )
    for run_id in report.interrupted:
        context.notes.note(f"run {run_id} is interrupted or running")
    if report.sound:
        context.notes.plain(f"{report.target}: sound; {counted(report.dates, 'date')} checked")
        return None
    found = counted(len(problems), "problem")
    context.notes.error(f"{found}; 'kentik-async kmi repair {report.target}' repairs what it can")
    return Exit.FAILURES


async def repair(target: str, /, *, dry_run: Flag = False, context: Ctx) -> Exit | None:
    """Repair a damaged target.

    Damaged parts and files that no pull wrote are moved to the folder
    .kentik-async/foreign. Lost rows of 'pages' and 'runs' are rebuilt from the
    other tables. Pages of today that are lost are fetched again; lost pages of
    earlier dates are reported, since the API only returns today's data. The exit
    code is 5 if pages are still lost.

    For example:

      kentik-async kmi repair data --dry-run
      kentik-async kmi repair data

    Args:
        target: The folder, or its URL.
        dry_run: Show the problems and the lost pages, and exit.
        context: The command context.
    """
    from kentik_async.bulk.reading.repair import repair_target
    from kentik_async.bulk.reading.verify import verify_target

    today = dt.datetime.now(dt.UTC).date()
    report = repair_target(target, today=today, dry_run=dry_run)
    fetched = 0
    left = report.left
    if report.missing and not dry_run:
        fetched = await _fetch(context, target, today, report.missing)
        left = verify_target(target).problems
    _print_repair(context, report, left, fetched)
    if dry_run:
        return None
    complete = fetched >= len(report.missing) and not report.lost and not left
    return None if complete else Exit.FAILURES


async def _fetch(context: Ctx, target: str, today: dt.date, missing: "Iterable[LostPage]") -> int:
    """Fetch the lost pages of today's date; return how many of them are saved again."""
    from kentik_async.bulk.reading.fetching_again import fetch_again
    from kentik_async.bulk.reading.saved_target import open_saved
    from kentik_async.bulk.saving.saved_date import DateInTarget

    try:
        async with context.client() as kentik:
            await fetch_again(kentik.kmi.pull_rankings().fetcher, target, today)
    except ConfigError as error:
        context.notes.warn(f"lost pages of {today} are not fetched again: {error}")
    date = DateInTarget(open_saved(target).sink, today.isoformat())
    return sum(date.state(page.key) == "saved" for page in missing)


def _print_repair(
    context: Ctx, report: "RepairReport", left: "Iterable[Problem] | None", fetched: int
) -> None:
    found = _problem_rows(report.found)
    rest = None if left is None else _problem_rows(left)
    if context.printer.form in ("table", "csv"):
        context.printer.rows(found, _PROBLEM_FIELDS, _PROBLEM_COLUMNS, what="problems", strict=False)
    else:
        lost = [{"run_date": page.run_date, "key": page.key.text} for page in report.lost]
        context.printer.document(
            {
                "target": report.target,
                "found": found,
                "left": rest,
                "missing": len(report.missing),
                "fetched": fetched,
                "lost": lost,
            }
        )
    if rest is None:
        pages = len(report.missing) + len(report.lost)
        context.notes.plain(f"{counted(len(found), 'problem')}; {counted(pages, 'page')} would be dropped")
        return
    context.notes.plain(
        f"{counted(len(found), 'problem')} found, {len(rest):,} left; "
        f"{counted(fetched, 'page')} fetched again, {len(report.missing) - fetched:,} to be fetched, "
        f"{len(report.lost):,} lost"
    )
    if fetched < len(report.missing):
        context.notes.note("the next pull with the same options fetches the pages that are missing")
    if report.lost:
        context.notes.warn("the API does not return earlier dates: their runs are partial now")


async def prune(
    target: str,
    /,
    *,
    keep_days: int,
    dry_run: Flag = False,
    yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False,
    context: Ctx,
) -> Exit | None:
    """Delete the old dates of a target.

    The dates are shown first. With the format 'delta', files of versions that are
    older than a week are deleted too.

    For example:

      kentik-async kmi prune data --keep-days 90 --dry-run
      kentik-async kmi prune data --keep-days 90 --yes

    Args:
        target: The folder, or its URL.
        keep_days: Delete dates more than this many days before today (UTC).
        dry_run: Show the dates and exit.
        yes: Delete without confirmation.
        context: The command context.
    """
    from kentik_async.bulk.reading.prune import prune_target

    report = prune_target(target, keep_days, dry_run=True)
    what = counted(len(report.dates), "date")
    if report.dates:
        what = f"{what} of {report.target}, {report.dates[0]} to {report.dates[-1]}"
        context.notes.plain(f"{what}; {counted(len(report.kept), 'date')} kept")
    if report.dates and not dry_run:
        if not yes:
            require_terminal(f"delete {what}")
            if not await confirmed(f"Delete {what}?"):
                return declined(context)
        report = prune_target(target, keep_days)
    elif not report.dates:
        context.notes.note("no date is that old")
    record = {
        "target": report.target,
        "dates": report.dates,
        "kept": report.kept,
        "deleted": bool(report.dates) and not dry_run,
    }
    context.printer.record(record, tuple(record), _PRUNED)
    return None


def _problem_rows(problems: "Iterable[Problem]") -> list[dict[str, Any]]:
    return [
        {name: getattr(problem, name) for name in _PROBLEM_FIELDS} | {"pages": len(problem.pages)}
        for problem in problems
    ]
