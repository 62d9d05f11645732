"""Reports in notebooks: plain HTML tables, like `Records`. Pure."""

from html import escape

from kentik_async.report.cells import cell_text, is_number, shown_columns, shown_rows
from kentik_async.report.model import ReportContents, ReportTable

__all__ = ["tables_of"]

_MOST_ROWS = 20


def tables_of(report: ReportContents) -> str:
    """Return a report as HTML without style sheet and script."""
    facts = "; ".join(f"{name}: {value}" for name, value in report.facts.items())
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    tables = "".join(_table(table) for table in report.tables.values() if not table.charted)
    return (
        f"<div><strong>{escape(report.title)}</strong><p>{escape(report.summary)} {escape(facts)}</p>"
        f"{f'<ul>{notes}</ul>' if notes else ''}{tables}</div>"
    )


def _table(table: ReportTable) -> str:
    columns = shown_columns(table)
    rows, left_out = shown_rows(table, _MOST_ROWS)
    head = "".join(f"<th>{escape(column.title)}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align: {"right" if is_number(column) else "left"}">'
            f"{escape(cell_text(column, row.get(column.name)))}</td>"
            for column in columns
        )
        + "</tr>"
        for row in rows
    )
    caption = escape(f"{table.title}. {left_out or f'{len(table):,} rows.'}")
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
