"""A plan and a report as text: like a diff, or as Markdown for comments in CI."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import counted, text_for_span
from kentik_async.cli.output.messages import printable

if TYPE_CHECKING:
    from rich.text import Text

    from kentik_async.state import ApplyReport, Change, FieldChange, StatePlan

__all__ = ["markdown_plan", "markdown_report", "plan_lines", "report_lines", "summary"]

_SIGNS: Mapping[str, tuple[str, str]] = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
}
_RESULTS: Mapping[str, str] = {
    "done": "green",
    "failed": "red",
    "conflicted": "yellow",
    "not_tried": "dim",
}
_MOST_SHOWN = 12


def summary(plan: "StatePlan") -> str:
    """Return the plan's figures on one line."""
    if plan.empty:
        return "No changes."
    counts = {action: sum(one.action == action for one in plan.changes) for action in _SIGNS}
    parts = [f"{count} to {action}" for action, count in counts.items() if count]
    return (
        f"Plan: {', '.join(parts)}; {counted(plan.calls, 'call')}, about {text_for_span(plan.seconds)};"
        f" checksum {plan.checksum}"
    )


def plan_lines(plan: "StatePlan") -> Iterator["Text"]:
    """Return a plan as lines: the changes of each kind, unmanaged objects, the figures."""
    from rich.text import Text

    for kind in ("site_markets", "sites", "as_groups"):
        changes = [change for change in plan.changes if change.kind == kind]
        if changes:
            yield Text(kind, style="bold")
        for change in changes:
            sign, style = _SIGNS[change.action]
            known = "" if change.id is None else f" (id {printable(change.id)})"
            yield Text(f"  {sign} {printable(change.name)}{known}", style=style)
            for name, field in change.fields.items():
                yield Text(f"      {name}: {_field(field)}", style=style)
    if plan.unmanaged:
        yield Text("unmanaged", style="bold")
        for one in plan.unmanaged:
            reason = "" if one.reason is None else f": {one.reason}"
            yield Text(f"    {one.kind}.{printable(one.name)} (id {printable(one.id)}){reason}", style="dim")
    yield Text(summary(plan), style="bold")


def markdown_plan(plan: "StatePlan") -> str:
    """Return a plan in Markdown."""
    lines = [f"### {_cell(summary(plan))}", ""]
    if plan.changes:
        lines += ["| | Kind | Name | Id | Fields |", "|---|---|---|---|---|"]
    for change in plan.changes:
        fields = "<br>".join(f"`{name}`: {_cell(_field(field))}" for name, field in change.fields.items())
        cells = (_SIGNS[change.action][0], change.kind, _cell(change.name), _cell(change.id or ""), fields)
        lines.append(f"| {' | '.join(cells)} |")
    if plan.unmanaged:
        lines += ["", f"Unmanaged: {', '.join(_cell(f'{one.kind}.{one.name}') for one in plan.unmanaged)}"]
    return "\n".join(lines).rstrip()


def report_lines(report: "ApplyReport") -> Iterator["Text"]:
    """Return a report as lines, one for each object, and the figures."""
    from rich.text import Text

    lists = report.lists()
    for name, outcomes in lists.items():
        for one in outcomes:
            error = "" if one.error is None else f": {printable(one.error)}"
            yield Text(f"{name.replace('_', ' '):10}  {_subject(one.change)}{error}", style=_RESULTS[name])
    yield Text(_counts(report), style="bold")


def markdown_report(report: "ApplyReport") -> str:
    """Return a report in Markdown."""
    lines = [f"### {_counts(report)}", "", "| Result | Change | Error |", "|---|---|---|"]
    for name, outcomes in report.lists().items():
        lines += [
            f"| {name.replace('_', ' ')} | {_cell(_subject(one.change))} | {_cell(one.error or '')} |"
            for one in outcomes
        ]
    return "\n".join(lines)


def _counts(report: "ApplyReport") -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {len(found)}" for name, found in report.lists().items())


def _subject(change: "Change") -> str:
    return f"{change.action} {change.kind}.{printable(change.name)}"


def _field(field: "FieldChange") -> str:
    if field.added is not None or field.removed is not None:
        signed = [f"+{one}" for one in field.added or ()] + [f"-{one}" for one in field.removed or ()]
        more = f" and {len(signed) - _MOST_SHOWN} more" if len(signed) > _MOST_SHOWN else ""
        return printable(" ".join(signed[:_MOST_SHOWN])) + more
    if field.old is None:
        return _value(field.new)
    return f"{_value(field.old)} -> {_value(field.new)}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return printable(value if isinstance(value, str) and value else repr(value))


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is, in one cell of a table."""
    escaped = html.escape(printable(text), quote=False)
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", escaped)
