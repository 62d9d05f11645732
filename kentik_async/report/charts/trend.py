"""The charts of the report `trend`: rank and score by date, and the largest changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kentik_async.report.charts.style import (
    COLOURS,
    ReportChart,
    base,
    choice,
    inline,
    largest,
    network_label,
    quantities,
    thinned,
)
from kentik_async.report.model import ReportTable, Rows

if TYPE_CHECKING:
    import altair as alt

__all__ = ["charts", "line_chart"]

_BARS = 20
_DATE = "utcyearmonthdate(run_date)"
"""A date is the same in all time zones."""

_MOST_DAYS = 120
"""A chart of more days has months on its axis."""

_MOST_MARKED = 60
"""Maximum number of dates whose points are marked on a line."""


_SPAN = "max(abs(domain('y')[1] - domain('y')[0]) / 5, 1)"
_POWER = f"pow(10, floor(log({_SPAN}) / LN10))"
_STEP = f"{_POWER} * ({_SPAN} > 5 * {_POWER} ? 10 : {_SPAN} > 2 * {_POWER} ? 5 : {_SPAN} > {_POWER} ? 2 : 1)"
_WHOLE = f"sequence(max({_STEP}, 2), max(domain('y')[0], domain('y')[1]) + 1, {_STEP})"
_RANK_TICKS = f"split('1,' + join({_WHOLE}, ','), ',')"
"""About five whole numbers, always including the first rank. Vega can join two lists only as text."""


def charts(tables: Mapping[str, ReportTable]) -> list[ReportChart]:
    """Return the charts."""
    found, left_out = largest(tables["series"].rows, lambda row: row["score"] or 0)
    series = [{**row, "label": network_label(row)} for row in found]
    made = []
    if any(row["rank"] is not None for row in series):
        rows, note = thinned(series)
        for value, title in (("rank", "Rank"), ("score", "Score")):
            described = (
                f"{title} of each network by date; a gap is a saved date on which it is not in the ranking."
            )
            chart = line_chart(rows, value, title, ("market", "Market"))
            made.append(ReportChart(f"{title} by date", described + note + left_out, chart))
    if tables["movers"].rows:
        made.append(_movers(*largest(tables["movers"].rows, lambda row: abs(row["score_change"]))))
    return made


def line_chart(rows: Rows, value: str, title: str, chosen_by: tuple[str, str]) -> "alt.Chart":
    """Return lines by date, one for each label; a click on the legend highlights one.

    Args:
        rows: The rows: run_date, label, the value, and the field that the reader selects by.
        value: The field on the vertical axis; ranks begin at the top.
        title: Its title.
        chosen_by: The field that the reader selects by, and its title.
    """
    import altair as alt

    field, field_title = chosen_by
    lines = {(row[field], row["label"]): number for number, row in enumerate(rows)}
    points = [{**row, "line": lines[row[field], row["label"]]} for row in rows]
    named = [{"line": line, field: chosen, "label": label} for (chosen, label), line in lines.items()]
    clicked = alt.selection_point(fields=["label"], bind="legend", name="clicked")
    chart = base(points, {"run_date": "date", "line": "number", value: "number"}, height=280)
    # The names are looked up: if each of thousands of points had its name, the page would be twice as large.
    names = inline(named, {"line": "number", field: "string", "label": "string"})
    chart = chart.transform_lookup("line", alt.LookupData(names, "line", [field, "label"]))
    chart = choice(chart, rows, field, field_title)
    ranks = alt.Axis(values=alt.ExprRef(_RANK_TICKS), labelExpr="format(toNumber(datum.value), ',')")
    axis = ranks if value == "rank" else quantities()
    dates = {row["run_date"] for row in rows}
    few = len(dates) <= _MOST_MARKED
    long = (max(dates) - min(dates)).days > _MOST_DAYS
    days = alt.Axis(
        tickCount={"interval": "day", "step": 1} if few and not long else 6,
        format="%b %Y" if long else "%-d %b",
        labelOverlap="greedy",
        labelSeparation=10,
        grid=False,
    )
    scale = alt.Scale(reverse=value == "rank", zero=False, nice=True)
    lined: alt.Chart = (
        chart.mark_line(point=alt.OverlayMarkDef(size=24) if few else False, strokeWidth=2)
        .encode(
            x=alt.X(f"{_DATE}:T", title=None, axis=days),
            y=alt.Y(f"{value}:Q", title=title, axis=axis, scale=scale),
            color=alt.Color("label:N", scale=alt.Scale(range=list(COLOURS))),
            opacity=alt.condition(clicked, alt.value(1), alt.value(0.15)),
            tooltip=[
                alt.Tooltip("label:N", title="Network" if field != "rank_type" else "Market"),
                alt.Tooltip(f"{_DATE}:T", title="Date", format="%Y-%m-%d"),
                alt.Tooltip(f"{value}:Q", title=title, format=","),
            ],
        )
        .add_params(clicked)
    )
    return lined


def _movers(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    rows = [{**row, "label": network_label(row)} for row in rows]
    types = {"market": "string", "label": "string", "side": "string", "score_change": "number"}
    chart = choice(base(rows, types, height=_BARS * 20), rows, "market", "Market")
    chart = chart.mark_bar().encode(
        x=alt.X("score_change:Q", title="Score change", axis=quantities()),
        y=alt.Y("label:N", title=None, sort=alt.EncodingSortField("score_change", order="descending")),
        color=alt.Color(
            "side:N", scale=alt.Scale(domain=["winner", "loser"], range=[COLOURS[2], COLOURS[6]])
        ),
        tooltip=[
            alt.Tooltip("label:N", title="Network"),
            alt.Tooltip("score_change:Q", title="Score change", format="+,"),
        ],
    )
    return ReportChart("Winners and losers", f"The largest gains and losses of a market.{note}", chart)
