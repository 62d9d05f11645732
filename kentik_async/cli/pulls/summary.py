"""What is said about a pull: beforehand what it takes, and afterwards what it came to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.results import LONG_SECONDS, NOT_MEANT
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, text_for_span
from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.printer import Printer

if TYPE_CHECKING:
    from kentik_async.bulk.pull import Pull
    from kentik_async.bulk.pull_report import PullReport
    from kentik_async.bulk.reading.status import Outlook

__all__ = ["announce", "print_reports", "tell_of"]

_DEFAULT_LIMIT = 600

_FIELDS = (
    "target",
    "run_id",
    "run_date",
    "calls",
    "pages",
    "rows",
    "failed",
    "mixed",
    "already_complete",
)
_COUNTS = ("calls", "pages", "rows", "failed")
_COLUMNS = tuple(Column(name, kind="count" if name in _COUNTS else "text") for name in _FIELDS)
_IN_A_LIST = tuple(column for column in _COLUMNS if column.field not in ("run_date", "already_complete"))


def announce(notes: Notes, pull: "Pull", target: str, ahead: "Outlook", *, begins: bool) -> None:
    """Say what a pull will take.

    Args:
        notes: Where to say it.
        pull: The pull.
        target: What to call the target.
        ahead: What it will take.
        begins: Whether it will be begun; then the library warns of one that takes long.
    """
    if ahead.complete:
        notes.plain(f"{target}: 0 calls, run {ahead.run_id} has finished")
        return
    most = "" if ahead.exact else "at most "
    if ahead.run_id is not None:
        notes.plain(f"resuming run {ahead.run_id}: {_counted(ahead.there, 'page')} there")
    elif ahead.there:
        notes.plain(f"{_counted(ahead.there, 'page')} of the date: there, and not asked for again")
    rows = ahead.rankings * (pull.ask.limit or _DEFAULT_LIMIT)
    expected = [f"up to {rows:,} rows of rankings"] if rows else []
    if pull.ask.top is not None or pull.ask.targets:
        expected.append("the networks' neighbours")
    notes.plain(
        f"{target}: {most}{_counted(ahead.calls, 'call')}, {text_for_span(ahead.seconds)}; "
        + (" and ".join(expected) or "no rows to come")
    )
    if ahead.seconds > LONG_SECONDS and not begins:
        notes.warn(f"the pull takes {ahead.seconds / 3600:.0f} hours: {NOT_MEANT}")


def tell_of(notes: Notes, report: "PullReport") -> Exit:
    """Say what of a pull's end is worth a word, and return what the process ends with."""
    if report.already_complete:
        again = f"--refresh pulls {report.run_date} again"
        notes.note(f"run {report.run_id} has finished: nothing was asked for; {again}")
    if report.mixed:
        notes.note("the vendor's data changed while the run went on: its rows are of two states")
    if report.failed:
        where = "the table 'pages' holds their errors"
        notes.note(f"{_counted(report.failed, 'page')} failed; {where}")
        return Exit.FAILURES
    return Exit.OK


def print_reports(printer: Printer, reports: "Sequence[tuple[str, PullReport]]", *, several: bool) -> None:
    """Print what pulls came to.

    Args:
        printer: Where to.
        reports: Each target and its report.
        several: Whether it is a list, also of one.
    """
    records: list[dict[str, Any]] = [
        {"target": target} | {name: getattr(report, name) for name in _FIELDS[1:]}
        for target, report in reports
    ]
    if several and records:
        printer.rows(records, _FIELDS, _IN_A_LIST)
    for record in () if several else records:
        printer.record(record, _FIELDS, _COLUMNS)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
