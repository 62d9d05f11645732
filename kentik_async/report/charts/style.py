"""Shared by all charts: data as CSV, colours for a light and a dark page, and the selection of a market."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kentik_async.report.model import Rows

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "COLOURS",
    "ReportChart",
    "bars_height",
    "base",
    "choice",
    "inline",
    "largest",
    "network_label",
    "quantities",
    "thinned",
]

COLOURS = ("#3b82c4", "#cf6a28", "#2f9e6e", "#c2559d", "#a8821a", "#7b6fd0", "#d2504c", "#2e9aad")
"""Eight colours with a contrast of at least 3:1 to white and to the dark page."""

_MOST_POINTS = 8000
_MOST_MARKETS = 30

_INK = "currentColor"
"""The colour of the page's text, light or dark: an SVG chart takes it from the page."""

_CONFIG: Mapping[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "gridColor": _INK,
        "gridOpacity": 0.14,
        "domainColor": _INK,
        "domainOpacity": 0.4,
        "tickColor": _INK,
        "tickOpacity": 0.4,
        "labelLimit": 190,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": _INK,
        "titleColor": _INK,
        "orient": "bottom",
        "columns": 1,
        "labelFontSize": 12,
        "title": None,
    },
    "range": {"category": list(COLOURS)},
}


@dataclass(frozen=True, slots=True)
class ReportChart:
    """One chart.

    Attributes:
        title: Its heading.
        description: What it shows; also for readers who cannot see it.
        chart: The chart.
    """

    title: str
    description: str
    chart: "alt.TopLevelMixin"


def base(rows: Rows, types: Mapping[str, str], *, height: int) -> "alt.Chart":
    """Return a chart of rows without marks, as wide as the page.

    Args:
        rows: The rows; columns that are not in `types` are omitted.
        types: The columns, each "string", "number" or "date".
        height: The height in pixels.
    """
    import altair as alt

    chart = alt.Chart(inline(rows, types), width="container", height=height)
    configured: alt.Chart = chart.configure(**_CONFIG)
    return configured


def inline(rows: Rows, types: Mapping[str, str]) -> "alt.InlineData":
    """Return rows as the data of a chart, as CSV, because JSON repeats the column names in every row."""
    import altair as alt

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(types)
    writer.writerows([row.get(name) for name in types] for row in rows)
    return alt.InlineData(values=text.getvalue(), format=alt.CsvDataFormat(type="csv", parse=dict(types)))


def choice(chart: "alt.Chart", rows: Rows, field: str, title: str) -> "alt.Chart":
    """Return a chart of the rows with one value of a field; the reader selects it."""
    import altair as alt

    values = list(dict.fromkeys(row[field] for row in rows))
    if len(values) < 2:
        return chart
    bound = alt.binding_select(options=values, name=f"{title} ")
    parameter = alt.param(name=f"chosen_{field}", value=values[0], bind=bound)
    return chart.add_params(parameter).transform_filter(f"datum[{field!r}] === chosen_{field}")


def largest(rows: Rows, size: Callable[[Mapping[str, Any]], float]) -> tuple[Rows, str]:
    """Return the rows of the largest markets, and a note on the others; "" for none.

    A page of all 239 markets would be too long, and too large.

    Args:
        rows: The rows, each with the column `market`.
        size: How much a row adds to the size of its market.
    """
    sizes: dict[str, float] = {}
    for row in rows:
        sizes[row["market"]] = sizes.get(row["market"], 0) + size(row)
    if len(sizes) <= _MOST_MARKETS:
        return rows, ""
    kept = set(sorted(sizes, key=lambda market: -sizes[market])[:_MOST_MARKETS])
    note = f" It shows the {_MOST_MARKETS} largest of {len(sizes)} markets; --market selects others."
    return [row for row in rows if row["market"] in kept], note


def quantities() -> "alt.Axis":
    """Return an axis of numbers with few digits, such as 50k; zero has no unit."""
    import altair as alt

    return alt.Axis(format="~s", tickCount=5, labelExpr="datum.value ? datum.label : '0'")


def network_label(row: Mapping[str, Any]) -> str:
    """Return a network's number and name."""
    return f"AS{row['asn']} {row.get('name') or ''}".strip()


def bars_height(bars: int, each: int = 22) -> int:
    """Return the height of a chart with the given number of bars, in pixels."""
    return max(bars, 2) * each + 20


def thinned(rows: Rows, field: str = "run_date") -> tuple[Rows, str]:
    """Return rows of some dates if there are too many points, and a note on it; "" for none.

    The last date is always included.
    """
    dates: Sequence[Any] = sorted({row[field] for row in rows})
    step = -(-len(rows) // _MOST_POINTS)
    if step <= 1:
        return rows, ""
    kept = set(dates[::-1][::step])
    return [row for row in rows if row[field] in kept], f" It shows one of {step} saved dates."
