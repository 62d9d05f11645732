"""Prints plans and reports in the selected format."""

from kentik_async.cli.context import Context
from kentik_async.cli.state.plan_text import (
    markdown_plan,
    markdown_report,
    plan_lines,
    report_lines,
)
from kentik_async.state import ApplyReport, StatePlan

__all__ = ["show_plan", "show_report"]

_CHANGE = ("action", "kind", "name", "id", "fields")
_RESULT = ("result", "action", "kind", "name", "id", "error")


def show_plan(context: Context, plan: StatePlan) -> None:
    """Print a plan: as text unless another format is selected."""
    form = context.options.output or "table"
    if form == "table":
        from kentik_async.cli.output import tables

        tables.show(tables.stdout_console(colour=not context.options.no_color), *plan_lines(plan))
    elif form == "markdown":
        context.printer.text(markdown_plan(plan))
    elif form == "csv":
        context.printer.rows([change.to_dict() for change in plan.changes], _CHANGE, what="changes")
    else:
        context.printer.document(plan.to_dict())


def show_report(context: Context, report: ApplyReport) -> None:
    """Print a report: as text unless another format is selected."""
    form = context.options.output or "table"
    if form == "table":
        from kentik_async.cli.output import tables

        tables.show(tables.stdout_console(colour=not context.options.no_color), *report_lines(report))
    elif form == "markdown":
        context.printer.text(markdown_report(report))
    elif form == "csv":
        rows = [{"result": name, **one.to_dict()} for name, found in report.lists().items() for one in found]
        context.printer.rows(rows, _RESULT, what="changes")
    else:
        context.printer.document(report.to_dict())
