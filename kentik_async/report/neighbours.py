"""Customers, providers and peers in DuckDB: the saved lists, and the changes between two dates."""

import datetime as dt
from collections.abc import Sequence

from kentik_async.report.model import Rows
from kentik_async.report.saved import SavedData

__all__ = ["filter_notes", "neighbour_changes", "neighbour_counts", "neighbour_spans"]

_SPANS = """
CREATE OR REPLACE TEMP TABLE details_span AS
SELECT l.market_id, l.asn, l.relation, min(p.run_date) AS since, l.run_date AS until
FROM details_page AS l LEFT JOIN details_page AS p
    ON p.market_id = l.market_id AND p.asn = l.asn AND p.relation = l.relation AND p.filters = l.filters
    AND p.run_date >= $since AND p.run_date < l.run_date
WHERE l.run_date = $until AND list_contains($markets, l.market_id) AND list_contains($asns, l.asn)
GROUP BY ALL
"""

_CHANGES = """
WITH link AS (
    SELECT s.market_id, s.asn, s.relation, s.since, s.until, r.run_date, r.related_asn, r.related_name
    FROM details_span AS s JOIN relations AS r
        ON r.market_id = s.market_id AND r.asn = s.asn AND r.relation = s.relation
        AND r.run_date IN (s.since, s.until)
    WHERE r.ip = $ip AND s.since IS NOT NULL AND r.related_asn IS NOT NULL
)
SELECT market_id, asn, relation, related_asn, arg_max(related_name, run_date) AS related_name, since, until,
    CASE WHEN max(run_date) = until THEN 'won' ELSE 'lost' END AS change
FROM link GROUP BY market_id, asn, relation, related_asn, since, until
HAVING count(DISTINCT run_date) = 1
ORDER BY market_id, asn, relation, change DESC, related_asn
"""

_COUNTS = """
SELECT s.market_id, s.asn, s.relation, s.since, s.until,
    count(DISTINCT r.related_asn) AS neighbours
FROM details_span AS s LEFT JOIN relations AS r
    ON r.market_id = s.market_id AND r.asn = s.asn AND r.relation = s.relation
    AND r.run_date = s.until AND r.ip = $ip
GROUP BY ALL
"""


def neighbour_spans(
    data: SavedData, markets: Sequence[str], asns: Sequence[int], since: dt.date, until: dt.date
) -> Rows:
    """Create the table `details_span` and return its rows: the lists of neighbours that are compared.

    There is a row for each list that is saved on `until`; its `since` is the earliest date on which the same
    list is saved with the same filters, NULL if there is none. The view `relations` holds these dates.
    """
    data.run(_SPANS, markets=list(markets), asns=list(asns), since=since, until=until)
    found = data.query("SELECT * FROM details_span ORDER BY market_id, asn, relation")
    data.use("relations", {until, *(row["since"] for row in found if row["since"])})
    return found


def neighbour_changes(data: SavedData) -> Rows:
    """Return the neighbours that were won and lost in the spans of `neighbour_spans`."""
    return data.query(_CHANGES, ip=data.ip)


def neighbour_counts(data: SavedData) -> Rows:
    """Return the number of neighbours in each list of `neighbour_spans` on the later date."""
    return data.query(_COUNTS, ip=data.ip)


def filter_notes(data: SavedData, date: dt.date, markets: Sequence[str]) -> list[str]:
    """Return a note for each filter that excluded neighbours when the date was pulled."""
    found = data.column(
        """
        SELECT DISTINCT filters FROM details_page
        WHERE run_date = $date AND list_contains($markets, market_id) AND filters <> '' ORDER BY filters
        """,
        date=date,
        markets=list(markets),
    )
    return [
        f"The neighbours of {date} were pulled with a filter: {text}. Others are not saved." for text in found
    ]
