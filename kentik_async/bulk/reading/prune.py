"""Deletes old dates of a target."""

import datetime as dt
import os
from contextlib import ExitStack, closing
from dataclasses import dataclass

from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.journal import Journal
from kentik_async.bulk.reading.saved_target import open_saved
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import TargetLock
from kentik_async.bulk.target.remote_run import RemoteRun, find_runs
from kentik_async.errors import ValidationError

__all__ = ["PruneReport", "prune_target"]


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What pruning deleted, or would delete.

    Attributes:
        target: The folder, or the URL.
        dates: The dates, YYYY-MM-DD, oldest first.
        kept: The dates that stay, in the same form.
    """

    target: str
    dates: tuple[str, ...]
    kept: tuple[str, ...]


def prune_target(
    target: str | os.PathLike[str],
    keep_days: int,
    *,
    today: dt.date | None = None,
    dry_run: bool = False,
) -> PruneReport:
    """Delete the dates of a target that are more than some days old, in all tables.

    Interrupted runs of these dates are forgotten too. With the format "delta", files of versions older than a
    week are deleted as well; those of younger ones by a later call, since readers may still use them.

    Args:
        target: The folder, or its URL.
        keep_days: A date stays if it is at most this many days before today; 0 keeps only today.
        today: Today's date by UTC; the machine's if omitted.
        dry_run: Whether to only report what would be deleted.

    Raises:
        ValidationError: `keep_days` is negative, or the URL's scheme is unknown.
        TargetLockedError: A run is writing to the target.
        TargetError: No pull was saved there, or it cannot be read or written.
        ConfigError: A package that the URL or the format needs is not installed.
    """
    if not isinstance(keep_days, int) or keep_days < 0:
        raise ValidationError(f"keep_days must be a number from 0; got {keep_days!r}")
    saved = open_saved(target)
    first = (today or dt.datetime.now(dt.UTC).date()) - dt.timedelta(days=keep_days)
    dates = saved.sink.dates()
    old = [date for date in dates if date < first.isoformat()]
    report = PruneReport(saved.layout.name, tuple(old), tuple(date for date in dates if date not in old))
    if dry_run or not old:
        return report
    with ExitStack() as stack:
        saved.layout.make()
        for slot in saved.layout.slots() or [1]:
            lock = TargetLock(saved.layout.lock(slot), saved.layout.name)
            stack.callback(lock.release)
        _forget_runs(saved.layout, old)
        for date in old:
            saved.sink.drop(date)
    return report


def _forget_runs(layout: Layout, dates: list[str]) -> None:
    """Delete the unsaved answers of dates: otherwise the next pull would restore the dates."""
    for slot in layout.slots():
        if not layout.journal(slot).exists():
            continue
        with closing(JournalConnection(layout.journal(slot), layout.name)) as connection:
            journal = Journal(connection)
            for run in journal.runs():
                if run.run_date in dates:
                    journal.forget(run)
    for found in find_runs(layout.remote) if layout.remote is not None else ():
        if found.run.run_date in dates and not found.alive and layout.remote is not None:
            RemoteRun(layout.remote, found.run, layout.lock()).remove()
