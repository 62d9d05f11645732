"""The report `compare`: my networks against competitors in each market."""

import datetime as dt
from collections.abc import Iterable

from kentik_async.bulk.reading.dataset import Targets
from kentik_async.errors import ValidationError
from kentik_async.report.document import KmiReport
from kentik_async.report.labels import (
    MARKET_COLUMNS,
    NETWORK_COLUMNS,
    RANK_COLUMNS,
    asn_list,
    family_note,
    market_list,
    name_rows,
    not_saved,
)
from kentik_async.report.model import ReportColumn, ReportTable, Rows
from kentik_async.report.neighbours import (
    filter_notes,
    neighbour_changes,
    neighbour_counts,
    neighbour_spans,
)
from kentik_async.report.ranks import ranks_on, saved_rank_types
from kentik_async.report.saved import SavedData
from kentik_async.report.scope import (
    Networks,
    chosen_dates,
    chosen_markets,
    chosen_networks,
    ip_family,
    rank_type_of,
)

__all__ = ["compare"]

# Customers of a network in a market on the later date; a network without a saved list has no row in `held`.
_OVERLAP = """
WITH held AS (
    SELECT s.market_id, s.asn,
        list(DISTINCT r.related_asn) FILTER (WHERE r.related_asn IS NOT NULL) AS customers
    FROM details_span AS s LEFT JOIN relations AS r
        ON r.market_id = s.market_id AND r.asn = s.asn AND r.relation = 'customer'
        AND r.run_date = s.until AND r.ip = $ip
    WHERE s.relation = 'customer' GROUP BY ALL
), pair AS (
    SELECT m.market_id, a.asn AS mine, b.asn AS competitor,
        coalesce(x.customers, CASE WHEN x.asn IS NOT NULL THEN [] END) AS own,
        coalesce(y.customers, CASE WHEN y.asn IS NOT NULL THEN [] END) AS other
    FROM (SELECT unnest($markets) AS market_id) AS m
    CROSS JOIN (SELECT unnest($mine) AS asn) AS a CROSS JOIN (SELECT unnest($asns) AS asn) AS b
    LEFT JOIN held AS x ON x.market_id = m.market_id AND x.asn = a.asn
    LEFT JOIN held AS y ON y.market_id = m.market_id AND y.asn = b.asn
), counted AS (
    SELECT *,
        CASE WHEN own IS NOT NULL AND other IS NOT NULL THEN len(list_intersect(own, other)) END AS shared
    FROM pair
)
SELECT market_id, mine, competitor, len(own) AS customers_mine, len(other) AS customers_competitor,
    shared AS customers_both, shared / nullif(len(own), 0) AS share_of_mine,
    shared / nullif(len(other), 0) AS share_of_competitor
FROM counted ORDER BY market_id, mine, competitor
"""

_NOT_SAVED = "not saved"

_RANK_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("side", "Side"),
    *NETWORK_COLUMNS,
    *RANK_COLUMNS,
    ReportColumn("share_of_top", "Share of top score", "share"),
    ReportColumn("status", "Status"),
)
_CUSTOMER_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("side", "Side"),
    *NETWORK_COLUMNS,
    ReportColumn("customers", "Customers", "count", absent=_NOT_SAVED),
    ReportColumn("won", "Won", "count", absent=_NOT_SAVED),
    ReportColumn("lost", "Lost", "count", absent=_NOT_SAVED),
    ReportColumn("since", "Since", "date", absent=_NOT_SAVED),
)
_OVERLAP_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("mine", "My AS", "asn"),
    ReportColumn("competitor", "Competitor", "asn"),
    ReportColumn("customers_mine", "My customers", "count", absent=_NOT_SAVED),
    ReportColumn("customers_competitor", "Its customers", "count", absent=_NOT_SAVED),
    ReportColumn("customers_both", "Of both", "count", absent=_NOT_SAVED),
    ReportColumn("share_of_mine", "Share of mine", "share"),
    ReportColumn("share_of_competitor", "Share of its", "share"),
)
_MOVE_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("side", "Side"),
    *NETWORK_COLUMNS,
    ReportColumn("change", "Change"),
    ReportColumn("customer", "Customer", "asn"),
    ReportColumn("customer_name", "Name of customer"),
    ReportColumn("held_by", "Other side has it", absent=_NOT_SAVED),
    ReportColumn("since", "Since", "date"),
)


def compare(
    target: Targets,
    *,
    mine: Networks,
    asns: Networks,
    markets: str | Iterable[str] | None = None,
    rank_type: str = "customer_base",
    ip: str = "v4",
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> KmiReport:
    """Report my networks against competitors in each market, on one date.

    Customers won and lost are those between `until` and the earliest date on which the same list is saved
    with the same filters.

    Args:
        target: The folder or URL that pulls saved to, or several of them.
        mine: My networks.
        asns: The competitors' networks.
        markets: Ids, countries or names; None for all saved markets.
        rank_type: The ranking metric.
        ip: "v4" or "v6".
        since: The earliest date to compare customers with; the first saved date by default.
        until: The date of the report; the last saved date by default.

    Raises:
        ValidationError: An argument is invalid, or a market, a date or the metric is not saved.
        TargetError: No pull was saved in the target.
        ConfigError: The extra `report` is not installed.
    """
    own, others = chosen_networks(mine, "mine"), chosen_networks(asns, "asns")
    if not own or not others:
        raise ValidationError("compare needs at least one network of mine (mine) and one competitor (asns)")
    if both := sorted(set(own) & set(others)):
        raise ValidationError(f"a network cannot be both mine and a competitor; got {asn_list(both)} in both")
    data = SavedData(target, ip_family(ip))
    metric = rank_type_of(rank_type, saved_rank_types(data), data.ip)
    names = data.market_names()
    saved = data.column(
        """
        SELECT market_id FROM ranking_page WHERE rank_type = $metric
        UNION SELECT market_id FROM details_page ORDER BY market_id
        """,
        metric=metric,
    )
    chosen = chosen_markets(markets, saved, names, f"rankings or details for {data.ip}")
    newest = data.newest(chosen, ("ranking_page", "details_page"))
    first, last = chosen_dates(since, until, data.dates, newest)
    asked = [*own, *others]
    ranks = ranks_on(data, last, chosen, [metric], asked)
    ranks.sort(key=lambda row: (row["market_id"], asked.index(row["asn"])))
    neighbour_spans(data, chosen, asked, first, last)
    customers, moves = _customers(data, chosen, asked)
    _add_holders(data, moves, own, others)
    overlap = data.query(_OVERLAP, ip=data.ip, markets=chosen, mine=own, asns=others)
    networks = data.network_names(asked, [last])
    for row in (*ranks, *customers, *moves):
        row["side"] = "mine" if row["asn"] in own else "competitor"
    name_rows([ranks, customers, moves], names, networks)
    name_rows([overlap], names)
    return KmiReport(
        name="compare",
        title="Comparison",
        summary=f"{asn_list(own, networks)} against {asn_list(others, networks)} on {last}.",
        facts={
            "Date": str(last),
            "Customers compared since": str(first),
            "Markets": market_list(chosen, names),
            "Ranking": metric,
            "Address family": data.ip,
        },
        notes=_notes(data, ranks, customers, chosen, last),
        tables=_tables(ranks, customers, overlap, moves),
    )


def _customers(data: SavedData, chosen: list[str], asked: list[int]) -> tuple[Rows, Rows]:
    """Return one row for each network in each market, and the customers won and lost."""
    changes = [row for row in neighbour_changes(data) if row["relation"] == "customer"]
    moves = [{**row, "customer": row["related_asn"], "customer_name": row["related_name"]} for row in changes]
    counts = {
        (row["market_id"], row["asn"]): row for row in neighbour_counts(data) if row["relation"] == "customer"
    }
    rows = []
    for market, asn in ((market, asn) for market in chosen for asn in asked):
        count = counts.get((market, asn))
        since = count["since"] if count else None
        of_network = [row["change"] for row in changes if (row["market_id"], row["asn"]) == (market, asn)]
        rows.append(
            {
                "market_id": market,
                "asn": asn,
                "customers": count["neighbours"] if count else None,
                "won": of_network.count("won") if since else None,
                "lost": of_network.count("lost") if since else None,
                "since": since,
            }
        )
    return rows, moves


def _add_holders(data: SavedData, moves: Rows, own: list[int], others: list[int]) -> None:
    """Add the networks of the other side that have a customer on the later date; None if no list is saved."""
    rows = data.query(
        """
        SELECT s.market_id, s.asn, r.related_asn FROM details_span AS s LEFT JOIN relations AS r
            ON r.market_id = s.market_id AND r.asn = s.asn AND r.relation = s.relation
            AND r.run_date = s.until AND r.ip = $ip
        WHERE s.relation = 'customer'
        """,
        ip=data.ip,
    )
    held: dict[tuple[str, int], set[int]] = {}
    for row in rows:
        held.setdefault((row["market_id"], row["asn"]), set()).add(row["related_asn"])
    for row in moves:
        side = others if row["asn"] in own else own
        saved = [asn for asn in side if (row["market_id"], asn) in held]
        holders = [asn for asn in saved if row["customer"] in held[row["market_id"], asn]]
        row["held_by"] = asn_list(holders) if holders else "no" if len(saved) == len(side) else None


def _notes(data: SavedData, ranks: Rows, customers: Rows, chosen: list[str], last: dt.date) -> list[str]:
    missing = [row["market"] for row in ranks if row["status"] == _NOT_SAVED]
    notes = [not_saved(missing, "the rankings", f"on {last}")]
    for asn in dict.fromkeys(row["asn"] for row in customers):
        rows = [row for row in customers if row["asn"] == asn]
        without = [row["market"] for row in rows if row["customers"] is None]
        notes.append(not_saved(without, f"the customers of AS{asn}", f"on {last}"))
        alone = [row["market"] for row in rows if row["customers"] is not None and row["since"] is None]
        notes.append(not_saved(alone, f"the customers of AS{asn} with equal coverage", f"before {last}"))
    notes.append(family_note(data.ip, data.other_families()))
    return [*filter(None, notes), *filter_notes(data, last, chosen)]


def _tables(ranks: Rows, customers: Rows, overlap: Rows, moves: Rows) -> tuple[ReportTable, ...]:
    return (
        ReportTable(
            "ranks",
            "Rank and share",
            "One row for each network in each market. The share is relative to the market's top score.",
            _RANK_COLUMNS,
            ranks,
        ),
        ReportTable(
            "customers",
            "Customers",
            "Customers on the date, and the numbers won and lost since an earlier one.",
            _CUSTOMER_COLUMNS,
            customers,
        ),
        ReportTable(
            "overlap",
            "Overlap",
            "Number of customers that two networks share in a market.",
            _OVERLAP_COLUMNS,
            overlap,
        ),
        ReportTable(
            "moves",
            "Customers won and lost",
            "One row for each customer that is in the list of only one of two dates.",
            _MOVE_COLUMNS,
            moves,
        ),
    )
