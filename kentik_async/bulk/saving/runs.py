"""The runs of a date: which run a pull resumes, and which pages of each run are saved. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kentik_async._version import __version__
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.journal.journal import JournalRun
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.results import PageFailure
from kentik_async.bulk.saving.consistency import CHECK, is_mixed
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.sinks.schema import Columns
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import DecodeError, ValidationError

__all__ = [
    "RESUMABLE",
    "RunState",
    "changed_runs",
    "earlier_run",
    "open_run",
    "run_row",
    "run_rows",
    "state_of",
    "valid_date",
]

RESUMABLE = 24 * 3_600_000_000
"""Microseconds for which an interrupted run is resumed, also after midnight."""


def valid_date(date: dt.date | None, now: dt.datetime) -> str:
    """Return the date to save under: today's, by UTC, by default.

    Raises:
        ValidationError: The date is in the future.
    """
    today = now.astimezone(dt.UTC).date()
    if date is not None and date > today:
        raise ValidationError(f"date must not be in the future; got {date}, and today is {today} (UTC)")
    return (date or today).isoformat()


def open_run(
    runs: Iterable[JournalRun], command: str, *, date: dt.date | None, now: int
) -> JournalRun | None:
    """Return the interrupted run that a pull resumes, or None.

    Args:
        runs: The runs of the journal, oldest first.
        command: What the pull requests.
        date: The caller's date; None for today's, or the date of a run that began within 24 hours.
        now: The current time, in microseconds since the Unix epoch.
    """
    fits = [
        run
        for run in runs
        if run.command == command
        and (run.run_date == date.isoformat() if date else now - run.started_at < RESUMABLE)
    ]
    return fits[-1] if fits else None


def earlier_run(runs: Columns, command: str, *, refresh: bool) -> Mapping[str, Any] | None:
    """Return the row of the run of the same command that a pull continues; None if it starts a new run.

    Args:
        runs: The table `runs`.
        command: What the pull requests.
        refresh: Whether the pull is a refresh: it continues only a refresh that left failed pages.
    """
    same = [run for run in run_rows(runs) if run["command"] == command]
    if not same or (refresh and same[-1]["status"] != "partial"):
        return None
    return same[-1]


@dataclass(frozen=True, slots=True)
class RunState:
    """The saved part of a spec.

    Attributes:
        requested: Pages requested, as far as they are known; without the list of markets.
        done: Requested pages that are saved.
        rows_by_kind: Rows of the saved pages, by kind of page.
        failures: Requested pages that failed, and the check for changed data if it failed.
        mixed: Whether the date is mixed; None if that is not known.
    """

    requested: int
    done: int
    rows_by_kind: Mapping[str, int]
    failures: tuple[PageFailure, ...]
    mixed: bool | None

    @property
    def rows(self) -> int:
        """Rows of all kinds."""
        return sum(self.rows_by_kind.values())

    @property
    def status(self) -> str:
        """The status: "complete", "partial" or "mixed"."""
        if self.failures or self.done < self.requested:
            return "partial"
        return "mixed" if self.mixed else "complete"


def state_of(spec: PullSpec, date: DateInTarget) -> RunState:
    """Return the saved part of a spec.

    Args:
        spec: The spec, its market names resolved.
        date: The date. With `since`, only pages fetched later count, which are those of a refresh.
    """
    states = Frontier(spec, date).states
    data = {key: state for key, state in states.items() if key.kind != "markets"}
    done = [key for key, state in data.items() if state == "saved"]
    failed = [key for key, state in states.items() if state != "saved"]
    failures = [*filter(None, (_failure(date, key) for key in failed)), *_failed_check(date, data)]
    rows: Counter[str] = Counter()
    for key in done:
        rows[key.kind] += _rows(date, key)
    return RunState(len(data), len(done), dict(rows), tuple(failures), is_mixed(date.pages))


def run_row(run: JournalRun, spec: PullSpec, state: RunState, finished_at: int) -> dict[str, Any]:
    """Return a run as a row of the table `runs`."""
    return {
        "run_id": run.run_id,
        "command": run.command,
        "started_at": run.started_at,
        "finished_at": finished_at,
        **_state_columns(state),
        "package_version": __version__,
        "spec": spec.text,
    }


def run_rows(runs: Columns) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table `runs`, the earliest first."""
    rows = (dict(zip(runs, values, strict=True)) for values in zip(*runs.values(), strict=True))
    yield from sorted(rows, key=lambda row: (row["started_at"], row["run_id"]))


def changed_runs(runs: Iterable[Mapping[str, Any]], date: DateInTarget) -> Iterator[dict[str, Any]]:
    """Yield the rows of runs whose state changed because another run saved or replaced pages."""
    for row in runs:
        try:
            spec = PullSpec.parse(row["spec"])
        except DecodeError:
            continue  # a release that knows more options wrote it
        view = date.since_instant(row["started_at"] if spec.refresh else 0)
        now = {**row, **_state_columns(state_of(spec, view))}
        if now != row:
            yield now


def _state_columns(state: RunState) -> dict[str, Any]:
    return {
        "status": state.status,
        "pages_requested": state.requested,
        "pages_done": state.done,
        "pages_failed": state.requested - state.done,
    }


def _failure(date: DateInTarget, key: PageKey) -> PageFailure | None:
    record = date.pages.get(key.identity)
    if record is None or record.error_class is None:
        return None
    return PageFailure(key, record.error_class, record.error_text or "", record.is_definite)


def _failed_check(date: DateInTarget, data: Iterable[PageKey]) -> Iterator[PageFailure]:
    check = date.pages.get(CHECK)
    if check is not None and check.error_class is not None and any(key.kind != "insights" for key in data):
        yield PageFailure(check.key, check.error_class, check.error_text or "", definite=False)


def _rows(date: DateInTarget, key: PageKey) -> int:
    record = date.pages.get(key.identity)
    if record is not None and record.has_rows:
        return record.rows
    # The relations of a network may come from several pages that requested one relation each.
    if key.kind != "asn_details":
        return 0
    return sum(record.rows for record in date.pages.details_of(key.market_id, key.ip, key.asn))
