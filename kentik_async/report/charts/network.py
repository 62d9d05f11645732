"""The charts of the report `network`: ranks by date, and neighbours by market."""

from collections.abc import Mapping

from kentik_async.report.charts.style import (
    COLOURS,
    ReportChart,
    bars_height,
    base,
    largest,
    quantities,
    thinned,
)
from kentik_async.report.charts.trend import line_chart
from kentik_async.report.model import ReportTable, Rows

__all__ = ["charts"]

_MOST_LINES = 8
_RELATIONS = ("customers", "providers", "peers")


def charts(tables: Mapping[str, ReportTable]) -> list[ReportChart]:
    """Return the charts."""
    made = []
    best = sorted(tables["history"].rows, key=lambda row: (row["rank"] is None, row["rank"], row["market"]))
    markets = list(dict.fromkeys(row["market"] for row in best))[:_MOST_LINES]
    rows, note = thinned(
        [{**row, "label": row["market"]} for row in tables["history"].rows if row["market"] in markets]
    )
    if rows:
        described = (
            f"The markets in which it was ranked highest, at most {_MOST_LINES}. "
            f"Equal ranks cover each other: click a name to see its line.{note}"
        )
        chart = line_chart(rows, "rank", "Rank", ("rank_type", "Ranking"))
        made.append(ReportChart("Rank by date", described, chart))
    counts = [row for row in tables["counts"].rows if any(row[name] is not None for name in _RELATIONS)]
    if counts:
        made.append(_neighbours(*largest(counts, lambda row: sum(row[name] or 0 for name in _RELATIONS))))
    return made


def _neighbours(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    shown = [
        {"market": row["market"], "relation": relation, "count": row[relation]}
        for row in rows
        for relation in _RELATIONS
        if row[relation] is not None
    ]
    types = {"market": "string", "relation": "string", "count": "number"}
    chart = (
        base(shown, types, height=bars_height(len(rows)))
        .mark_bar()
        .encode(
            x=alt.X("count:Q", title="Neighbours", axis=quantities()),
            y=alt.Y("market:N", title=None),
            color=alt.Color("relation:N", scale=alt.Scale(domain=list(_RELATIONS), range=list(COLOURS[:3]))),
            tooltip=[
                alt.Tooltip("market:N", title="Market"),
                alt.Tooltip("relation:N", title="Relation"),
                alt.Tooltip("count:Q", title="Neighbours", format=","),
            ],
        )
    )
    return ReportChart("Neighbours by market", f"Markets for which its neighbours are saved.{note}", chart)
