"""Values of tables as text for people, and the rows of a table that a page shows. Pure."""

import datetime as dt
from collections import Counter
from typing import Any

from kentik_async.report.model import ReportColumn, ReportTable, Rows

__all__ = ["MOST_ROWS", "cell_text", "is_long", "is_number", "shown_columns", "shown_rows"]

MOST_ROWS = 400
"""Maximum number of rows of a table on a page."""

_LONG = 48
"""Characters."""


def cell_text(column: ReportColumn, value: Any) -> str:
    """Return a value as text."""
    if value is None:
        return column.absent
    match column.kind:
        case "count":
            return f"{value:,}"
        case "change":
            return f"{value:+,}" if value else "0"
        case "share":
            return f"{value:.1%}"
        case "flag":
            return "yes" if value else "no"
        case _:
            return value.isoformat() if isinstance(value, dt.date) else str(value)


def is_number(column: ReportColumn) -> bool:
    """Return whether a column is aligned to the right."""
    return column.kind in ("asn", "count", "change", "share")


def is_long(column: ReportColumn, rows: Rows) -> bool:
    """Return whether a column has texts that need more than one line."""
    if column.kind != "text":
        return False
    return any(len(cell_text(column, row.get(column.name))) > _LONG for row in rows)


def shown_columns(table: ReportTable) -> list[ReportColumn]:
    """Return the columns that people need: no market id beside its name, no constant name."""
    names = {column.name for column in table.columns}
    hidden = {"market_id"} if "market" in names else set()
    if len(table) > 1 and len({row.get("market") for row in table.rows}) == 1:
        hidden.add("market")
    return [column for column in table.columns if column.name not in hidden]


def shown_rows(table: ReportTable, most: int = MOST_ROWS) -> tuple[Rows, str]:
    """Return the rows of a table to show, and a note on the omitted rows; "" for none.

    A table that is too long shows the first rows of each market, the same number for each.
    """
    if len(table) <= most:
        return table.rows, ""
    markets = Counter(row.get("market_id") for row in table.rows)
    share = max(most // len(markets), 1)
    seen: Counter[Any] = Counter()
    shown = []
    for row in table.rows:
        seen[row.get("market_id")] += 1
        if seen[row.get("market_id")] <= share:
            shown.append(row)
    shown = shown[:most]
    of_each = f", at most {share} of each market" if len(markets) > 1 else ""
    return shown, f"{len(shown):,} of {len(table):,} rows are shown{of_each}; -o csv has all."
