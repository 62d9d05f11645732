"""The charts of the report `compare`: share of the top score, customers won and lost, overlap."""

from collections.abc import Mapping

from kentik_async.report.charts.style import (
    COLOURS,
    ReportChart,
    bars_height,
    base,
    choice,
    largest,
    network_label,
    quantities,
)
from kentik_async.report.model import ReportTable, Rows

__all__ = ["charts"]


def charts(tables: Mapping[str, ReportTable]) -> list[ReportChart]:
    """Return the charts."""
    made = []
    shares = [row for row in tables["ranks"].rows if row["share_of_top"] is not None]
    if shares:
        made.append(_shares(*largest(shares, lambda row: row["share_of_top"])))
    moves = [row for row in tables["customers"].rows if row["since"] is not None]
    if any(row["won"] or row["lost"] for row in moves):
        made.append(_moves(*largest(moves, lambda row: row["won"] + row["lost"])))
    overlap = [row for row in tables["overlap"].rows if row["customers_both"] is not None]
    if overlap:
        made.append(_overlap(*largest(overlap, lambda row: row["customers_both"])))
    return made


def _shares(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    rows = [{**row, "label": network_label(row)} for row in rows]
    types = {"market": "string", "label": "string", "share_of_top": "number", "rank": "number"}
    height = bars_height(len(rows), 14) + 10 * len({row["market"] for row in rows})
    chart = (
        base(rows, types, height=height)
        .mark_bar()
        .encode(
            x=alt.X("share_of_top:Q", title="Share of the top score", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("market:N", title=None),
            yOffset=alt.YOffset("label:N", sort=None),
            color=alt.Color("label:N", sort=None),
            tooltip=[
                alt.Tooltip("market:N", title="Market"),
                alt.Tooltip("label:N", title="Network"),
                alt.Tooltip("share_of_top:Q", title="Share", format=".1%"),
                alt.Tooltip("rank:Q", title="Rank", format=","),
            ],
        )
    )
    return ReportChart(
        "Share of the top score",
        f"The score of each network relative to the market's first.{note}",
        chart,
    )


def _moves(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    shown = [
        {**row, "label": network_label(row), "change": change, "count": sign * row[change]}
        for row in rows
        for change, sign in (("won", 1), ("lost", -1))
    ]
    types = {"market": "string", "label": "string", "change": "string", "count": "number"}
    height = bars_height(len({row["market"] for row in shown}))
    chart = choice(base(shown, types, height=height), shown, "label", "Network")
    chart = chart.mark_bar().encode(
        x=alt.X(
            "count:Q",
            title="Customers lost and won",
            axis=alt.Axis(format="d", tickMinStep=1, tickCount=alt.ExprRef("width < 400 ? 3 : 6")),
        ),
        y=alt.Y("market:N", title=None),
        color=alt.Color("change:N", scale=alt.Scale(domain=["won", "lost"], range=[COLOURS[2], COLOURS[6]])),
        tooltip=[
            alt.Tooltip("market:N", title="Market"),
            alt.Tooltip("change:N", title="Change"),
            alt.Tooltip("count:Q", title="Customers", format="+d"),
        ],
    )
    return ReportChart(
        "Customers won and lost", f"Customers of a network in each market since an earlier date.{note}", chart
    )


def _overlap(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    kinds = ("only mine", "both", "only the competitor")
    shown = [
        {
            "market": row["market"],
            "pair": f"AS{row['mine']} and AS{row['competitor']}",
            "kind": kind,
            "order": order,
            "count": count,
        }
        for row in rows
        for order, (kind, count) in enumerate(
            zip(
                kinds,
                (
                    row["customers_mine"] - row["customers_both"],
                    row["customers_both"],
                    row["customers_competitor"] - row["customers_both"],
                ),
                strict=True,
            )
        )
    ]
    types = {"market": "string", "pair": "string", "kind": "string", "order": "number", "count": "number"}
    height = bars_height(len({row["market"] for row in shown}))
    chart = choice(base(shown, types, height=height), shown, "pair", "Networks")
    chart = chart.mark_bar().encode(
        x=alt.X("count:Q", title="Customers", axis=quantities()),
        y=alt.Y("market:N", title=None),
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=list(kinds), range=[COLOURS[0], COLOURS[4], COLOURS[1]])
        ),
        order=alt.Order("order:Q"),
        tooltip=[
            alt.Tooltip("market:N", title="Market"),
            alt.Tooltip("kind:N", title="Customers of"),
            alt.Tooltip("count:Q", title="Customers", format=","),
        ],
    )
    return ReportChart(
        "Overlap of customers", f"Customers of one of two networks, and of both, in each market.{note}", chart
    )
