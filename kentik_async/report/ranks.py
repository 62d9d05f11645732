"""Ranks of networks in DuckDB: on a date, and between two dates that can be compared."""

import datetime as dt
from collections.abc import Sequence

from kentik_async.report.model import Rows
from kentik_async.report.saved import SavedData

__all__ = ["rank_spans", "ranks_on", "saved_rank_types"]

_SPANS = """
CREATE OR REPLACE TEMP TABLE rank_span AS
WITH last AS (
    SELECT market_id, rank_type, max(run_date) AS until FROM ranking_page
    WHERE run_date BETWEEN $since AND $until AND list_contains($markets, market_id)
        AND list_contains($rank_types, rank_type)
    GROUP BY ALL
), ending AS (
    SELECT last.*, depth, whole FROM last JOIN ranking_page AS p
        ON p.market_id = last.market_id AND p.rank_type = last.rank_type AND p.run_date = last.until
)
SELECT e.market_id, e.rank_type, min(p.run_date) AS since, e.until, e.depth, e.whole
FROM ending AS e LEFT JOIN ranking_page AS p
    ON p.market_id = e.market_id AND p.rank_type = e.rank_type
    AND p.run_date >= $since AND p.run_date < e.until
    AND (p.depth = e.depth OR (p.whole AND e.whole))
GROUP BY ALL
"""

_ON_DATE = """
WITH ranking AS (
    SELECT market_id, rank_type, asn, "rank", score FROM rankings
    WHERE run_date = $date AND ip = $ip AND list_contains($rank_types, rank_type)
        AND list_contains($markets, market_id)
), top AS (
    SELECT market_id, rank_type, max(score) AS score FROM ranking GROUP BY ALL
), own AS (
    SELECT * FROM ranking WHERE list_contains($asns, asn)
)
SELECT m.market_id, t.rank_type, n.asn, own."rank", own.score,
    own.score / nullif(top.score, 0) AS share_of_top,
    CASE WHEN p.market_id IS NULL THEN 'not saved'
        WHEN own.asn IS NOT NULL THEN 'ranked'
        WHEN p.whole THEN 'not ranked'
        ELSE 'not in the first ' || p.depth END AS status
FROM (SELECT unnest($markets) AS market_id) AS m
CROSS JOIN (SELECT unnest($rank_types) AS rank_type) AS t
CROSS JOIN (SELECT unnest($asns) AS asn) AS n
LEFT JOIN ranking_page AS p
    ON p.run_date = $date AND p.market_id = m.market_id AND p.rank_type = t.rank_type
LEFT JOIN own ON own.market_id = m.market_id AND own.rank_type = t.rank_type AND own.asn = n.asn
LEFT JOIN top ON top.market_id = m.market_id AND top.rank_type = t.rank_type
"""


def saved_rank_types(data: SavedData) -> list[str]:
    """Return the ranking metrics whose rankings are saved."""
    return data.column("SELECT DISTINCT rank_type FROM ranking_page ORDER BY rank_type")


def rank_spans(
    data: SavedData,
    markets: Sequence[str],
    rank_types: Sequence[str],
    since: dt.date,
    until: dt.date,
) -> Rows:
    """Create the table `rank_span` and return its rows: the two rankings that are compared.

    For each market and metric `until` is the newest saved date, and `since` the earliest one whose ranking
    has equal coverage (the same limit, or both are whole); NULL if there is none.
    """
    data.run(_SPANS, markets=list(markets), rank_types=list(rank_types), since=since, until=until)
    return data.query("SELECT * FROM rank_span ORDER BY market_id, rank_type")


def ranks_on(
    data: SavedData,
    date: dt.date,
    markets: Sequence[str],
    rank_types: Sequence[str],
    asns: Sequence[int],
) -> Rows:
    """Return each network's place in each market: rank, score, share of the top score, and the status.

    The status is "ranked", "not ranked", "not in the first N" (there are more rows than the pull requested),
    or "not saved".
    """
    data.use("rankings", [date])
    return data.query(
        _ON_DATE,
        date=date,
        ip=data.ip,
        markets=list(markets),
        rank_types=list(rank_types),
        asns=list(asns),
    )
