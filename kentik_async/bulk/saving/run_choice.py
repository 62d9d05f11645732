"""Which run a pull resumes, and for which date. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from kentik_async.bulk.fetching import Fetcher
from kentik_async.bulk.journal.journal import JournalRun
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import ValidationError

__all__ = ["RESUMABLE", "earlier_run", "open_run", "require_same_filters", "today", "valid_date"]

RESUMABLE = 24 * 3_600_000_000
"""Microseconds for which an interrupted run is resumed, also after midnight."""


def today(fetcher: Fetcher) -> dt.date:
    """Return today's date, by UTC."""
    return fetcher.now().astimezone(dt.UTC).date()


def valid_date(date: dt.date | None, today: dt.date) -> str:
    """Return the date to save under: today's by default.

    Raises:
        ValidationError: The date is in the future.
    """
    if date is not None and date > today:
        raise ValidationError(f"date must not be in the future; got {date}, and today is {today} (UTC)")
    return (date or today).isoformat()


def open_run(
    runs: Iterable[JournalRun], command: str, *, date: dt.date | None, now: int
) -> JournalRun | None:
    """Return the interrupted run that a pull resumes, None if there is none.

    Args:
        runs: The runs of the journal, oldest first.
        command: What the pull requests.
        date: The date that the caller names; None for today's, or that of a run that began within 24 hours.
        now: The present instant, in microseconds since the Unix epoch.
    """
    fits = [
        run
        for run in runs
        if run.command == command
        and (run.run_date == date.isoformat() if date else now - run.started_at < RESUMABLE)
    ]
    return fits[-1] if fits else None


def earlier_run(
    runs: Iterable[Mapping[str, Any]], command: str, *, refresh: bool
) -> Mapping[str, Any] | None:
    """Return the row of the run of the same command that a pull continues, None if it begins a new one.

    Args:
        runs: Rows of the table `runs`, the earliest first.
        command: What the pull requests.
        refresh: Whether it fetches pages again: it continues only a refresh that left failed pages.
    """
    same = [run for run in runs if run["command"] == command]
    if not same or (refresh and same[-1]["status"] != "partial"):
        return None
    return same[-1]


def require_same_filters(spec: PullSpec, date: DateInTarget, target: str) -> None:
    """See to it that a pull has the filters of the pages that a date holds.

    Raises:
        TargetError: It has other filters.
    """
    if spec.top is not None or spec.targets:
        date.pages.require_same_filters(spec.details.key("", 0, ""), target, date.run_date)
    if spec.insights is not None:
        for key in spec.insights.keys("", "", spec.limit):
            date.pages.require_same_filters(key, target, date.run_date)
            break
