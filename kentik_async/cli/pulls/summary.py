"""Prints the plan of a pull before it starts, and its result afterwards."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.results import NOT_MEANT
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted, text_for_span
from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.printer import Printer

if TYPE_CHECKING:
    from kentik_async import Pull, PullPlan, PullReport

__all__ = ["note_outcome", "note_plan", "print_plans", "print_reports"]

_DEFAULT_LIMIT = 600
"""Number of rows of a ranking if the request sets no limit. Source: Kentik KB, KMI APIs."""

_NAMES = {"rankings": "rankings", "asn_details": "details of networks", "insights": "insights"}
"""The names of the kinds of pages."""

_CAUSES = 5
"""Number of failure causes that are printed individually."""

_PLAN_FIELDS = ("target", "run_id", "calls", "exact", "seconds", "saved", "failed", "rankings")
_REPORT_FIELDS = (
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
_COUNTS = ("calls", "pages", "rows", "failed", "saved", "rankings")


def note_plan(notes: Notes, pull: "Pull[Any]", target: str, plan: "PullPlan", *, starts: bool) -> None:
    """Print the calls and the time that a pull will take.

    Args:
        notes: Where to print.
        pull: The pull.
        target: The target's name.
        plan: The plan of the pull.
        starts: Whether it starts now; if so, the SDK warns of a long one.
    """
    skipped = f"{counted(plan.saved, 'page')} already downloaded; skipped"
    if plan.run_id is not None:
        notes.plain(f"resuming run {plan.run_id}: {skipped}")
    elif plan.saved:
        notes.plain(skipped)
    if plan.failed:
        notes.plain(
            f"{counted(plan.failed, 'page')} failed permanently in an earlier run; skipped "
            "(add --retry-failed to retry)"
        )
    if plan.complete:
        notes.plain(f"{target}: nothing to download")
        return
    most = "" if plan.exact else "at most "
    calls = f"{most}{counted(plan.calls, 'call')}, {text_for_span(plan.seconds)}"
    notes.wrapped("; ".join([f"{target}: {calls}", *_expected(pull, plan)]))
    if plan.long and not starts:
        notes.warn(f"the pull takes {plan.hours:.0f} hours: {NOT_MEANT}")


def note_outcome(notes: Notes, target: str, report: "PullReport") -> Exit:
    """Print the result and the failures of a finished pull; return the exit code."""
    if report.already_complete:
        notes.note(f"run {report.run_id} is complete: nothing to download; --refresh fetches its pages again")
    if report.mixed:
        notes.warn(
            f"the vendor's data changed while {report.run_date} was pulled: its tables mix two states of the "
            "data; --refresh fetches pages again"
        )
    if len(report.rows_by_kind) > 1:
        kinds = [kind for kind in _NAMES if kind in report.rows_by_kind]
        counts = [f"{report.rows_by_kind[kind]:,} of {_NAMES[kind]}" for kind in kinds]
        notes.wrapped(f"{target}: {report.rows:,} rows are saved: {' and '.join(counts)}")
    if not report.failed:
        return Exit.OK
    causes = report.causes()
    for cause, pages in causes[:_CAUSES]:
        notes.warn(f"{counted(pages, 'page')} failed: {cause}")
    if len(causes) > _CAUSES:
        rest = sum(pages for _, pages in causes[_CAUSES:])
        notes.warn(f"{counted(rest, 'page')} failed for other reasons: see the table 'pages'")
    for hint in _retry_hints(report):
        notes.note(hint)
    return Exit.FAILURES


def print_plans(printer: Printer, plans: "Sequence[tuple[str, PullPlan]]", *, several: bool) -> None:
    """Print the plans of dry runs: a list for several targets, even with one entry."""
    _print(printer, plans, _PLAN_FIELDS, _PLAN_FIELDS, several=several)


def print_reports(printer: Printer, reports: "Sequence[tuple[str, PullReport]]", *, several: bool) -> None:
    """Print the reports of pulls: a list for several targets, even with one entry."""
    in_list = [name for name in _REPORT_FIELDS if name not in ("run_date", "already_complete")]
    _print(printer, reports, _REPORT_FIELDS, in_list, several=several)


def _print(
    printer: Printer,
    results: Sequence[tuple[str, Any]],
    fields: Sequence[str],
    in_list: Sequence[str],
    *,
    several: bool,
) -> None:
    records: list[dict[str, Any]] = [
        {"target": target} | {name: getattr(result, name) for name in fields[1:]}
        for target, result in results
    ]
    if several and records:
        printer.rows(records, fields, _columns(in_list), strict=False)
    for record in () if several else records:
        printer.record(record, fields, _columns(fields))


def _columns(fields: Sequence[str]) -> tuple[Column, ...]:
    def kind(name: str) -> Any:
        return "count" if name in _COUNTS else "seconds" if name == "seconds" else "text"

    return tuple(Column(name, kind=kind(name)) for name in fields)


def _expected(pull: "Pull[Any]", plan: "PullPlan") -> Iterator[str]:
    """Yield the number of rows that a plan leads to, as far as it is known."""
    spec = pull.spec
    if plan.rankings:
        yield f"up to {plan.rankings * (spec.limit or _DEFAULT_LIMIT):,} rows of rankings"
    wanted = {
        "asn_details": spec.top is not None or bool(spec.targets),
        "insights": spec.insights is not None,
    }
    unknown = [_NAMES[kind] for kind, is_wanted in wanted.items() if is_wanted]
    if unknown:
        yield f"{' and '.join(unknown)}: number of rows not known yet"


def _retry_hints(report: "PullReport") -> Iterator[str]:
    """Yield how to request the failed pages again."""
    definite = sum(failure.definite for failure in report.failures)
    transient = len(report.failures) - definite
    if transient:
        yield f"run the same command again to retry {counted(transient, 'page')}"
    if definite:
        yield f"add --retry-failed to retry {counted(definite, 'page')} that failed permanently"
