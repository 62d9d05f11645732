"""The report `trend`: rank and score over the saved dates, winners and losers, entries and exits."""

import datetime as dt
from collections.abc import Iterable

from kentik_async.bulk.reading.dataset import Targets
from kentik_async.report.document import KmiReport
from kentik_async.report.labels import asn_list, family_note, market_list, name_rows, not_saved
from kentik_async.report.model import Rows
from kentik_async.report.ranks import rank_spans, saved_rank_types
from kentik_async.report.saved import SavedData
from kentik_async.report.scope import (
    Networks,
    chosen_dates,
    chosen_markets,
    chosen_networks,
    ip_family,
    rank_type_of,
)
from kentik_async.report.trend_tables import MOVERS, summary_of, trend_tables

__all__ = ["trend"]

_FIRST_NETWORKS = 3

_BOTH = """
CREATE OR REPLACE TEMP TABLE both_dates AS
SELECT s.market_id, r.asn, arg_max(r.name, r.run_date) AS name,
    max(r."rank") FILTER (WHERE r.run_date = s.since) AS rank_before,
    max(r."rank") FILTER (WHERE r.run_date = s.until) AS rank_after,
    max(r.score) FILTER (WHERE r.run_date = s.since) AS score_before,
    max(r.score) FILTER (WHERE r.run_date = s.until) AS score_after,
    count(*) FILTER (WHERE r.run_date = s.since) > 0 AS before,
    count(*) FILTER (WHERE r.run_date = s.until) > 0 AS after,
    s.since, s.until
FROM rank_span AS s JOIN rankings AS r
    ON r.market_id = s.market_id AND r.run_date IN (s.since, s.until)
WHERE r.ip = $ip AND r.rank_type = $rank_type AND r.asn IS NOT NULL
GROUP BY s.market_id, r.asn, s.since, s.until
"""

_MOVES = """
WITH change AS (
    SELECT *, score_after - score_before AS score_change, rank_before - rank_after AS rank_change
    FROM both_dates WHERE before AND after
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY market_id ORDER BY score_change DESC, asn) AS from_top,
        row_number() OVER (PARTITION BY market_id ORDER BY score_change, asn) AS from_bottom
    FROM change
)
SELECT market_id, CASE WHEN score_change > 0 THEN 'winner' ELSE 'loser' END AS side, asn, name,
    score_change, score_before, score_after, rank_change, rank_before, rank_after, since, until
FROM placed
WHERE (score_change > 0 AND from_top <= $most) OR (score_change < 0 AND from_bottom <= $most)
ORDER BY market_id, score_change DESC, asn
"""

_CROSSINGS = """
SELECT market_id, CASE WHEN after THEN 'entered' ELSE 'left' END AS change, asn, name,
    coalesce(rank_after, rank_before) AS "rank", coalesce(score_after, score_before) AS score, since, until
FROM both_dates WHERE since IS NOT NULL AND before <> after
ORDER BY market_id, change, "rank", asn
"""

# Constants, not parameters: DuckDB lets the reader skip all other rows. One pass serves both queries below.
_HISTORY = """
CREATE OR REPLACE TEMP TABLE history AS
SELECT run_date, market_id, asn, "rank", score FROM rankings
SEMI JOIN (SELECT unnest($markets) AS market_id, unnest($asns) AS asn) AS wanted USING (market_id, asn)
WHERE ip = $ip AND rank_type = $rank_type AND asn IN ({asns})
"""

_SEEN = """
SELECT h.market_id, h.asn, min(h.run_date) AS first_seen, max(h.run_date) AS last_seen
FROM history AS h JOIN rank_span AS s ON s.market_id = h.market_id
WHERE h.run_date BETWEEN s.since AND s.until GROUP BY h.market_id, h.asn
"""

_SERIES = """
SELECT p.run_date, w.market_id, w.asn, h."rank", h.score,
    CASE WHEN h.asn IS NOT NULL THEN 'ranked' WHEN p.whole THEN 'not ranked'
        ELSE 'not in the first ' || p.depth END AS status
FROM (SELECT unnest($markets) AS market_id, unnest($asns) AS asn) AS w
JOIN ranking_page AS p ON p.market_id = w.market_id AND p.rank_type = $rank_type
    AND p.run_date BETWEEN $since AND $until
LEFT JOIN history AS h ON h.market_id = w.market_id AND h.asn = w.asn AND h.run_date = p.run_date
ORDER BY w.market_id, w.asn, p.run_date
"""


def trend(
    target: Targets,
    *,
    markets: str | Iterable[str] | None = None,
    asns: Networks = (),
    rank_type: str = "customer_base",
    ip: str = "v4",
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> KmiReport:
    """Report rank and score over the saved dates, and the changes between the first and the last date.

    Two rankings are compared only if they have equal coverage: the same limit, or both are whole.

    Args:
        target: The folder or URL that pulls saved to, or several of them.
        markets: Ids, countries or names; None for all saved markets.
        asns: The networks whose rank and score are shown; the first three of each market by default.
        rank_type: The ranking metric.
        ip: "v4" or "v6".
        since: The first date; the first saved date by default.
        until: The last date; the last saved date by default.

    Raises:
        ValidationError: An argument is invalid, or a market, a date or the metric is not saved.
        TargetError: No pull was saved in the target.
        ConfigError: The extra `report` is not installed.
    """
    networks = chosen_networks(asns, "asns")
    data = SavedData(target, ip_family(ip))
    first, last = chosen_dates(since, until, data.dates)
    metric = rank_type_of(rank_type, saved_rank_types(data), data.ip)
    names = data.market_names()
    saved = data.column(
        "SELECT DISTINCT market_id FROM ranking_page WHERE rank_type = $metric ORDER BY market_id",
        metric=metric,
    )
    chosen = chosen_markets(markets, saved, names, f"{metric} rankings for {data.ip}")
    spans = rank_spans(data, chosen, [metric], first, last)
    moves, crossings = _changes(data, metric, spans)
    pairs = [(market, asn) for market in chosen for asn in networks] or _leaders(data)
    _read_history(data, [*pairs, *((row["market_id"], row["asn"]) for row in crossings)], metric, first, last)
    _add_dates(data, crossings)
    series = _series(data, pairs, metric, first, last)
    summary = summary_of(series)
    shown = sorted({asn for _, asn in pairs})
    name_rows([series, summary], names, data.network_names(shown, _ends(spans)))
    name_rows([moves, crossings], names)
    return KmiReport(
        name="trend",
        title="Trend",
        summary=f"Rank and score from {first} to {last}; winners, losers, entries and exits.",
        facts={
            "Dates": f"{first} to {last}, {sum(first <= date <= last for date in data.dates)} saved",
            "Markets": market_list(chosen, names),
            "Ranking": metric,
            "Address family": data.ip,
            "Networks": asn_list(networks) if networks else f"the first {_FIRST_NETWORKS} of each market",
        },
        notes=_notes(data, spans, chosen, names, (first, last)),
        tables=trend_tables(series, summary, moves, crossings),
    )


def _ends(spans: Rows) -> set[dt.date]:
    return {row[end] for row in spans for end in ("since", "until") if row[end]}


def _changes(data: SavedData, metric: str, spans: Rows) -> tuple[Rows, Rows]:
    data.use("rankings", _ends(spans))
    data.run(_BOTH, ip=data.ip, rank_type=metric)
    return data.query(_MOVES, most=MOVERS), data.query(_CROSSINGS)


def _read_history(
    data: SavedData, pairs: list[tuple[str, int]], metric: str, first: dt.date, last: dt.date
) -> None:
    """Read the ranks of networks in markets on all dates."""
    data.use("rankings", [date for date in data.dates if first <= date <= last])
    asns = sorted({asn for _, asn in pairs})
    data.run(
        _HISTORY.format(asns=", ".join(map(str, asns)) or "NULL"),
        markets=[market for market, _ in pairs],
        asns=[asn for _, asn in pairs],
        ip=data.ip,
        rank_type=metric,
    )


def _add_dates(data: SavedData, crossings: Rows) -> None:
    """Add the date on which each network was first, or last, in the ranking."""
    seen = {(row["market_id"], row["asn"]): row for row in data.query(_SEEN)}
    for row in crossings:
        found = seen[row["market_id"], row["asn"]]
        row["seen"] = found["first_seen" if row["change"] == "entered" else "last_seen"]


def _leaders(data: SavedData) -> list[tuple[str, int]]:
    """Return the first networks of each market on its last date."""
    found = data.query(
        """
        SELECT market_id, asn FROM both_dates WHERE after
        QUALIFY row_number() OVER (PARTITION BY market_id ORDER BY rank_after, asn) <= $most
        ORDER BY market_id, rank_after
        """,
        most=_FIRST_NETWORKS,
    )
    return [(row["market_id"], row["asn"]) for row in found]


def _series(
    data: SavedData, pairs: list[tuple[str, int]], metric: str, first: dt.date, last: dt.date
) -> Rows:
    return data.query(
        _SERIES,
        markets=[market for market, _ in pairs],
        asns=[asn for _, asn in pairs],
        rank_type=metric,
        since=first,
        until=last,
    )


def _notes(
    data: SavedData, spans: Rows, chosen: list[str], names: dict[str, str], dates: tuple[dt.date, dt.date]
) -> list[str]:
    span = {row["market_id"]: row for row in spans}
    missing = [names.get(market, market) for market in chosen if market not in span]
    alone = [
        names.get(market, market) for market in chosen if market in span and span[market]["since"] is None
    ]
    cut = sorted({row["depth"] for row in spans if not row["whole"]})
    notes = [
        not_saved(missing, "the rankings", f"from {dates[0]} to {dates[1]}"),
        not_saved(alone, "an earlier ranking of equal coverage", "in these dates"),
        family_note(data.ip, data.other_families()),
    ]
    if cut:
        depth = " or ".join(map(str, cut))
        notes.append(
            f"Rankings hold the first {depth} networks of a market: “entered” and “left” mean these."
        )
    return [note for note in notes if note]
