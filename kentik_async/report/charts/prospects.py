"""The charts of the report `prospects`: the largest prospects, and the providers that serve them."""

from collections import Counter
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

_BARS = 15
_HOMING = ("single-homed", "few-homed")


def charts(tables: Mapping[str, ReportTable]) -> list[ReportChart]:
    """Return the charts."""
    rows, note = largest(tables["prospects"].rows, lambda _: 1)
    return [_largest(rows, note), _providers(rows, note)] if rows else []


def _largest(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    seen: Counter[str] = Counter()
    shown = []
    for row in sorted(rows, key=lambda row: (row["market_id"], -(row["score"] or 0), row["asn"])):
        seen[row["market_id"]] += 1
        if seen[row["market_id"]] <= _BARS:
            shown.append({**row, "label": network_label(row)})
    types = {"market": "string", "label": "string", "homing": "string", "score": "number"}
    types["provider_names"] = "string"
    chart = choice(
        base(shown, types, height=bars_height(min(max(seen.values()), _BARS))), shown, "market", "Market"
    )
    chart = chart.mark_bar().encode(
        x=alt.X("score:Q", title="Score", axis=quantities()),
        y=alt.Y("label:N", title=None, sort=alt.EncodingSortField("score", order="descending")),
        color=alt.Color("homing:N", scale=alt.Scale(domain=list(_HOMING), range=list(COLOURS[:2]))),
        tooltip=[
            alt.Tooltip("label:N", title="Network"),
            alt.Tooltip("score:Q", title="Score", format=","),
            alt.Tooltip("homing:N", title="Homing"),
            alt.Tooltip("provider_names:N", title="Providers"),
        ],
    )
    return ReportChart(
        "Largest prospects", f"The {_BARS} networks of a market with the largest scores.{note}", chart
    )


def _providers(rows: Rows, note: str) -> ReportChart:
    import altair as alt

    counts: Counter[tuple[str, str, str]] = Counter(
        (row["market"], label, row["homing"]) for row in rows for label in row["provider_labels"]
    )
    totals: Counter[tuple[str, str]] = Counter()
    for (market, label, _), count in counts.items():
        totals[market, label] += count
    first: dict[str, list[str]] = {row["market"]: [] for row in rows}
    for (market, label), _ in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])):
        first[market].append(label)
    shown = [
        {"market": market, "label": label, "homing": homing, "count": counts[market, label, homing]}
        for market, labels in first.items()
        for label in labels[:_BARS]
        for homing in _HOMING
        if counts[market, label, homing]
    ]
    types = {"market": "string", "label": "string", "homing": "string", "count": "number"}
    most = max(len(labels[:_BARS]) for labels in first.values())
    chart = choice(base(shown, types, height=bars_height(most)), shown, "market", "Market")
    chart = chart.mark_bar().encode(
        x=alt.X("sum(count):Q", title="Prospects", axis=alt.Axis(tickMinStep=1, format="d", tickCount=5)),
        y=alt.Y("label:N", title=None, sort="-x"),
        color=alt.Color("homing:N", scale=alt.Scale(domain=list(_HOMING), range=list(COLOURS[:2]))),
        tooltip=[
            alt.Tooltip("label:N", title="Provider"),
            alt.Tooltip("homing:N", title="Homing"),
            alt.Tooltip("sum(count):Q", title="Prospects"),
        ],
    )
    return ReportChart(
        "Their providers", f"The {_BARS} networks of a market that serve most prospects.{note}", chart
    )
