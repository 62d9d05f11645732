"""The report `network`: all saved data of one network."""

import datetime as dt
from collections.abc import Iterable

from kentik_async._validation import valid_asn
from kentik_async.bulk.reading.dataset import Targets
from kentik_async.errors import ValidationError
from kentik_async.report.document import KmiReport
from kentik_async.report.labels import (
    MARKET_COLUMNS,
    RANK_COLUMNS,
    family_note,
    listed,
    market_list,
    name_rows,
    not_saved,
)
from kentik_async.report.model import ReportColumn, ReportTable, Rows
from kentik_async.report.neighbours import filter_notes, neighbour_changes, neighbour_spans
from kentik_async.report.ranks import rank_spans, ranks_on, saved_rank_types
from kentik_async.report.saved import SavedData
from kentik_async.report.scope import chosen_dates, chosen_markets, ip_family

__all__ = ["network"]

_HISTORY = """
SELECT r.run_date, r.market_id, r.rank_type, r."rank", r.score FROM rankings AS r
WHERE r.ip = $ip AND r.asn = {asn} AND list_contains($markets, r.market_id)
ORDER BY r.rank_type, r.market_id, r.run_date
"""

_NEIGHBOURS = """
SELECT s.market_id, s.relation, r.related_asn, r.related_name, r.score, r.pfx_count,
    r.singlehomed_customer, r.mutual_customer OR r.mutual_provider AS mutual
FROM details_span AS s JOIN relations AS r
    ON r.market_id = s.market_id AND r.asn = s.asn AND r.relation = s.relation AND r.run_date = s.until
WHERE r.ip = $ip
ORDER BY s.market_id, s.relation, coalesce(r.score, r.pfx_count) DESC NULLS LAST, r.related_asn
"""

# Two pages may hold the same insight: pages of two dates, or of a market and of all markets.
_INSIGHTS = """
SELECT strftime(max(created_at), '%Y-%m-%d %H:%M') AS created_at, max(run_date) AS run_date, market_id, ip,
    "type", message
FROM insights WHERE asn = $asn AND (ip IS NULL OR ip = $ip)
    AND (market_id IS NULL OR list_contains($markets, market_id))
GROUP BY coalesce(created_at::VARCHAR, run_date::VARCHAR), market_id, ip, "type", message
ORDER BY created_at DESC NULLS LAST, market_id, message
"""

_INSIGHT_PAGES = """
SELECT count(*) FROM insights_page
WHERE run_date BETWEEN $since AND $until AND (asn IS NULL OR asn = $asn)
    AND (market_id IS NULL OR list_contains($markets, market_id))
"""

_RANK_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("rank_type", "Ranking"),
    ReportColumn("rank", "Rank", "count"),
    ReportColumn("rank_change", "Places gained", "change"),
    ReportColumn("score", "Score", "count"),
    ReportColumn("score_change", "Score change", "change"),
    ReportColumn("share_of_top", "Share of top score", "share"),
    ReportColumn("since", "Change since", "date", absent="not saved"),
    ReportColumn("status", "Status"),
)
_COUNT_COLUMNS = (
    *MARKET_COLUMNS,
    *(
        ReportColumn(f"{relation}s", f"{relation.title()}s", "count", absent="not saved")
        for relation in ("customer", "provider", "peer")
    ),
)
_NEIGHBOUR_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("relation", "Relation"),
    ReportColumn("related_asn", "AS", "asn"),
    ReportColumn("related_name", "Network"),
    ReportColumn("score", "Score", "count"),
    ReportColumn("pfx_count", "Prefixes", "count"),
    ReportColumn("singlehomed_customer", "Single-homed", "flag"),
    ReportColumn("mutual", "Mutual", "flag"),
)
_CHANGE_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("relation", "Relation"),
    ReportColumn("change", "Change"),
    ReportColumn("related_asn", "AS", "asn"),
    ReportColumn("related_name", "Network"),
    ReportColumn("since", "Since", "date"),
)
_INSIGHT_COLUMNS = (
    ReportColumn("created_at", "Created (UTC)", absent="no time"),
    ReportColumn("run_date", "Saved on", "date"),
    ReportColumn("market_id", "Market id", absent="all"),
    ReportColumn("market", "Market", absent="all"),
    ReportColumn("ip", "Family", absent="either"),
    ReportColumn("type", "Type", "asn"),
    ReportColumn("message", "Message"),
)
_HISTORY_COLUMNS = (
    ReportColumn("run_date", "Date", "date"),
    *MARKET_COLUMNS,
    ReportColumn("rank_type", "Ranking"),
    *RANK_COLUMNS,
)


def network(
    target: Targets,
    asn: int | str,
    *,
    markets: str | Iterable[str] | None = None,
    ip: str = "v4",
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> KmiReport:
    """Report one network: its rank in each market, its neighbours, their changes, and its insights.

    Args:
        target: The folder or URL that pulls saved to, or several of them.
        asn: The network.
        markets: Ids, countries or names; None for all saved markets.
        ip: "v4" or "v6".
        since: The earliest date to compare with; the first saved date by default.
        until: The date of the report; the last saved date by default.

    Raises:
        ValidationError: An argument is invalid, or a market or date is not saved.
        TargetError: No pull was saved in the target.
        ConfigError: The extra `report` is not installed.
    """
    number = valid_asn(asn)
    data = SavedData(target, ip_family(ip))
    names = data.market_names()
    saved = data.column(
        "SELECT market_id FROM ranking_page UNION SELECT market_id FROM details_page ORDER BY market_id"
    )
    chosen = chosen_markets(markets, saved, names, f"rankings or details for {data.ip}")
    newest = data.newest(chosen, ("ranking_page", "details_page"))
    first, last = chosen_dates(since, until, data.dates, newest)
    ranks = _ranks(data, number, chosen, first, last)
    spans = neighbour_spans(data, chosen, [number], first, last)
    neighbours = data.query(_NEIGHBOURS, ip=data.ip)
    changes = neighbour_changes(data)
    counts = _counts(chosen, spans, neighbours)
    history = _history(data, number, chosen, first, last)
    insights, pages = _insights(data, number, chosen, first, last)
    if not (history or spans or insights or neighbours):
        raise ValidationError(
            f"nothing is saved of AS{number} for {data.ip} from {first} to {last}; "
            "'kentik-async kmi pull details' saves the details of a network"
        )
    name_rows([ranks, counts, neighbours, changes, history, insights], names)
    called = data.network_names([number], [last]).get(number, "")
    return KmiReport(
        name="network",
        title=f"AS{number} {called}".strip(),
        summary=f"Ranks, neighbours, changes and insights on {last}.",
        facts={
            "Date": str(last),
            "Changes since": str(first),
            "Address family": data.ip,
            "Markets": market_list(chosen, names),
        },
        notes=_notes(data, ranks, counts, chosen, last, insight_pages=pages),
        tables=_tables(ranks, counts, neighbours, changes, insights, history),
    )


def _ranks(data: SavedData, asn: int, chosen: list[str], first: dt.date, last: dt.date) -> Rows:
    metrics = saved_rank_types(data)
    if not metrics:
        return []
    spans = rank_spans(data, chosen, metrics, first, last)
    ended = {(row["market_id"], row["rank_type"]): row for row in spans if row["until"] == last}
    before: dict[tuple[str, str], dict[str, int]] = {}
    for date in {row["since"] for row in ended.values() if row["since"]}:
        for row in ranks_on(data, date, chosen, metrics, [asn]):
            place = (row["market_id"], row["rank_type"])
            if place in ended and ended[place]["since"] == date:
                before[place] = row
    found = ranks_on(data, last, chosen, metrics, [asn])
    for row in found:
        place = (row["market_id"], row["rank_type"])
        old = before.get(place, {})
        row["since"] = ended[place]["since"] if place in ended else None
        row["rank_change"] = _difference(old.get("rank"), row["rank"])
        row["score_change"] = _difference(row["score"], old.get("score"))
    found.sort(key=lambda row: (row["rank_type"], row["rank"] is None, row["rank"], row["market_id"]))
    return found


def _difference(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


def _counts(chosen: list[str], spans: Rows, neighbours: Rows) -> Rows:
    """Return the number of neighbours in each market; None if a list is not saved. Pure."""
    counts: dict[tuple[str, str], int] = {(row["market_id"], row["relation"]): 0 for row in spans}
    for row in neighbours:
        counts[row["market_id"], row["relation"]] += 1
    return [
        {
            "market_id": market,
            **{f"{name}s": counts.get((market, name)) for name in ("customer", "provider", "peer")},
        }
        for market in chosen
    ]


def _history(data: SavedData, asn: int, chosen: list[str], first: dt.date, last: dt.date) -> Rows:
    data.use("rankings", [date for date in data.dates if first <= date <= last])
    # A constant, not a parameter: DuckDB lets the reader skip all other rows.
    return data.query(_HISTORY.format(asn=asn), ip=data.ip, markets=chosen)


def _insights(
    data: SavedData, asn: int, chosen: list[str], first: dt.date, last: dt.date
) -> tuple[Rows, int]:
    """Return the insights of a network, and the number of saved pages that could contain insights."""
    data.use("insights", [date for date in data.dates if first <= date <= last])
    found = data.query(_INSIGHTS, asn=asn, ip=data.ip, markets=chosen)
    return found, data.column(_INSIGHT_PAGES, asn=asn, since=first, until=last, markets=chosen)[0]


def _notes(
    data: SavedData, ranks: Rows, counts: Rows, chosen: list[str], last: dt.date, *, insight_pages: int
) -> list[str]:
    notes = [
        not_saved(
            [row["market"] for row in ranks if row["status"] == "not saved" and row["rank_type"] == metric],
            f"the ranking {metric}",
            f"on {last}",
        )
        for metric in dict.fromkeys(row["rank_type"] for row in ranks)
    ]
    for relations, missing in _missing_lists(counts).items():
        notes.append(not_saved(missing, f"the {listed(relations)}", f"on {last}"))
    if not insight_pages:
        notes.append("Not saved: insights of this network in these markets and dates.")
    notes.append(family_note(data.ip, data.other_families()))
    return [*filter(None, notes), *filter_notes(data, last, chosen)]


def _missing_lists(counts: Rows) -> dict[tuple[str, ...], list[str]]:
    """Return the markets grouped by the lists that are not saved. Pure."""
    missing: dict[tuple[str, ...], list[str]] = {}
    for row in counts:
        lists = tuple(name for name in ("customers", "providers", "peers") if row[name] is None)
        if lists:
            missing.setdefault(lists, []).append(row["market"])
    return missing


def _tables(
    ranks: Rows, counts: Rows, neighbours: Rows, changes: Rows, insights: Rows, history: Rows
) -> tuple[ReportTable, ...]:
    described = (
        ("ranks", "Ranks", "One row for each market and ranking metric.", _RANK_COLUMNS, ranks),
        ("counts", "Neighbours by market", "Number of neighbours of each relation.", _COUNT_COLUMNS, counts),
        ("changes", "Changes", "Neighbours in the list of only one of two dates.", _CHANGE_COLUMNS, changes),
        ("insights", "Insights", "Newest first; types are the server's numbers.", _INSIGHT_COLUMNS, insights),
        (
            "neighbours",
            "Customers, providers and peers",
            "By market and relation, then by score or prefixes.",
            _NEIGHBOUR_COLUMNS,
            neighbours,
        ),
    )
    shown = [ReportTable(*table) for table in described]
    dated = ReportTable(
        "history",
        "Rank and score by date",
        "One row for each saved date on which a ranking holds the network.",
        _HISTORY_COLUMNS,
        history,
        charted=True,
    )
    return (*shown, dated)
