"""The tables of the report `trend`, from its figures. Pure."""

from kentik_async.report.labels import MARKET_COLUMNS, NETWORK_COLUMNS, RANK_COLUMNS
from kentik_async.report.model import ReportColumn, ReportTable, Rows

__all__ = ["MOVERS", "summary_of", "trend_tables"]

_SPAN_COLUMNS = (ReportColumn("since", "Since", "date"), ReportColumn("until", "Until", "date"))

MOVERS = 10
"""Maximum number of winners, and of losers, of each market."""

_SERIES_COLUMNS = (
    ReportColumn("run_date", "Date", "date"),
    *MARKET_COLUMNS,
    *NETWORK_COLUMNS,
    *RANK_COLUMNS,
    ReportColumn("status", "Status"),
)
_SUMMARY_COLUMNS = (
    *MARKET_COLUMNS,
    *NETWORK_COLUMNS,
    ReportColumn("since", "First date", "date"),
    ReportColumn("until", "Last date", "date"),
    ReportColumn("dates", "Dates saved", "count"),
    ReportColumn("dates_ranked", "Dates ranked", "count"),
    ReportColumn("rank_before", "Rank on first", "count", absent="not in it"),
    ReportColumn("rank_after", "Rank on last", "count", absent="not in it"),
    ReportColumn("best_rank", "Best", "count"),
    ReportColumn("worst_rank", "Worst", "count"),
    ReportColumn("score_before", "Score on first", "count"),
    ReportColumn("score_after", "Score on last", "count"),
)
_MOVE_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("side", "Side"),
    *NETWORK_COLUMNS,
    ReportColumn("score_change", "Score change", "change"),
    ReportColumn("score_after", "Score", "count"),
    ReportColumn("rank_change", "Places gained", "change"),
    ReportColumn("rank_before", "Rank before", "count"),
    ReportColumn("rank_after", "Rank", "count"),
    *_SPAN_COLUMNS,
)
_CROSSING_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("change", "Change"),
    *NETWORK_COLUMNS,
    *RANK_COLUMNS,
    ReportColumn("seen", "First or last seen", "date"),
    *_SPAN_COLUMNS,
)


def summary_of(series: Rows) -> Rows:
    """Return one row for each network in each market, from its rows by date."""
    found: dict[tuple[str, int], Rows] = {}
    for row in series:
        found.setdefault((row["market_id"], row["asn"]), []).append(row)
    summary = []
    for (market, asn), rows in found.items():
        ranks = [row["rank"] for row in rows if row["rank"] is not None]
        summary.append(
            {
                "market_id": market,
                "asn": asn,
                "since": rows[0]["run_date"],
                "until": rows[-1]["run_date"],
                "dates": len(rows),
                "dates_ranked": sum(row["status"] == "ranked" for row in rows),
                "rank_before": rows[0]["rank"],
                "rank_after": rows[-1]["rank"],
                "best_rank": min(ranks, default=None),
                "worst_rank": max(ranks, default=None),
                "score_before": rows[0]["score"],
                "score_after": rows[-1]["score"],
            }
        )
    return summary


def trend_tables(series: Rows, summary: Rows, moves: Rows, crossings: Rows) -> tuple[ReportTable, ...]:
    """Return the tables, in their order."""
    return (
        ReportTable(
            "networks",
            "Networks",
            "One row for each network in each market, over its saved dates.",
            _SUMMARY_COLUMNS,
            summary,
        ),
        ReportTable(
            "movers",
            "Winners and losers",
            f"The {MOVERS} largest gains and losses of score of each market, between two dates.",
            _MOVE_COLUMNS,
            moves,
        ),
        ReportTable(
            "entries",
            "Entries and exits",
            "Networks that are in the ranking on only one of two dates, with rank and score on that date; "
            "and the saved date on which they were first or last in it.",
            _CROSSING_COLUMNS,
            crossings,
        ),
        ReportTable(
            "series",
            "Rank and score by date",
            "One row for each network, market and saved date.",
            _SERIES_COLUMNS,
            series,
            charted=True,
        ),
    )
