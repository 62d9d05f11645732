"""The report `prospects`: single-homed and few-homed networks of a market that are not mine."""

import datetime as dt
from collections.abc import Iterable

from kentik_async.bulk.reading.dataset import Targets
from kentik_async.errors import ValidationError
from kentik_async.report.document import KmiReport
from kentik_async.report.labels import (
    MARKET_COLUMNS,
    NETWORK_COLUMNS,
    asn_list,
    family_note,
    market_list,
    name_rows,
    not_saved,
)
from kentik_async.report.model import ReportColumn, ReportTable, Rows
from kentik_async.report.neighbours import filter_notes
from kentik_async.report.saved import SavedData
from kentik_async.report.scope import Networks, chosen_markets, chosen_networks, ip_family, saved_date

__all__ = ["prospects"]

# A link is known from either end: as a customer of one network, or as a provider of another.
_LINKS = """
CREATE OR REPLACE TEMP TABLE link AS
SELECT market_id, related_asn AS asn, related_name AS name, asn AS provider, score,
    singlehomed_customer AS single, mutual_customer AS mutual
FROM relations WHERE run_date = $date AND ip = $ip AND relation = 'customer'
    AND list_contains($markets, market_id) AND related_asn IS NOT NULL
UNION ALL
SELECT market_id, asn, NULL, related_asn, score, NULL, NULL
FROM relations WHERE run_date = $date AND ip = $ip AND relation = 'provider'
    AND list_contains($markets, market_id) AND related_asn IS NOT NULL
"""

_PROSPECTS = """
WITH network AS (
    SELECT market_id, asn, max(name) AS name, max(score) AS score,
        coalesce(bool_or(single), false) AS single, coalesce(bool_or(mutual), false) AS mutual,
        list_sort(list_distinct(list(provider))) AS providers
    FROM link GROUP BY market_id, asn
), own_page AS (
    SELECT market_id, asn FROM details_page
    WHERE run_date = $date AND relation = 'provider' AND filters NOT LIKE '%mutual_provider%'
)
SELECT n.market_id, n.asn, n.name, n.score, n.providers, len(n.providers) AS provider_count,
    n.single OR p.asn IS NOT NULL AS providers_complete,
    CASE WHEN n.single THEN 'single-homed' ELSE 'few-homed' END AS homing
FROM network AS n LEFT JOIN own_page AS p ON p.market_id = n.market_id AND p.asn = n.asn
WHERE (n.single OR len(n.providers) <= $max_providers)
    AND NOT list_contains($mine, n.asn) AND NOT list_has_any(n.providers, $mine)
    AND NOT (n.mutual AND $exclude_mutual)
    AND (len($asns) = 0 OR list_has_any(n.providers, $asns))
ORDER BY n.market_id, NOT n.single, n.score DESC NULLS LAST, n.asn
"""

_SOURCES = """
SELECT market_id, count(*) FILTER (WHERE relation = 'customer') AS networks,
    list_sort(list(asn) FILTER (WHERE relation = 'customer' AND list_contains($mine, asn))) AS mine
FROM details_page WHERE run_date = $date AND list_contains($markets, market_id) GROUP BY market_id
"""

_COLUMNS = (
    *MARKET_COLUMNS,
    *NETWORK_COLUMNS,
    ReportColumn("score", "Score", "count"),
    ReportColumn("homing", "Homing"),
    ReportColumn("provider_count", "Providers", "count"),
    ReportColumn("providers_complete", "All known", "flag"),
    ReportColumn("provider_names", "Names of providers"),
)
_SOURCE_COLUMNS = (
    *MARKET_COLUMNS,
    ReportColumn("networks", "Networks with saved customers", "count", absent="not saved"),
    ReportColumn("prospects", "Prospects", "count", absent="not saved"),
    ReportColumn("mine_saved", "My networks with saved customers"),
)


def prospects(
    target: Targets,
    *,
    markets: str | Iterable[str] | None = None,
    mine: Networks = (),
    asns: Networks = (),
    ip: str = "v4",
    date: dt.date | None = None,
    max_providers: int = 3,
    exclude_mutual: bool = True,
) -> KmiReport:
    """Report networks with one or few providers that are not my customers.

    A network is single-homed if the server says so. It is few-homed if the saved details name at most
    `max_providers` providers; it may have more, unless the column `providers_complete` is true.

    Args:
        target: The folder or URL that pulls saved to, or several of them.
        markets: Ids, countries or names; None for all saved markets.
        mine: My networks: neither they nor their customers are listed.
        asns: Only customers of these networks; all by default.
        ip: "v4" or "v6".
        date: A saved date; the newest one with details by default.
        max_providers: Maximum number of providers of a few-homed network; 1 lists only networks with one.
        exclude_mutual: Whether to omit customers that the server calls mutual: customers of the Kentik
            user's own networks.

    Raises:
        ValidationError: An argument is invalid, or a market or date is not saved.
        TargetError: No pull was saved in the target.
        ConfigError: The extra `report` is not installed.
    """
    if isinstance(max_providers, bool) or not isinstance(max_providers, int) or max_providers < 1:
        raise ValidationError(f"max_providers must be a whole number from 1; got {max_providers!r}")
    own, others = chosen_networks(mine, "mine"), chosen_networks(asns, "asns")
    data = SavedData(target, ip_family(ip))
    names = data.market_names()
    saved = data.column("SELECT DISTINCT market_id FROM details_page ORDER BY market_id")
    chosen = chosen_markets(markets, saved, names, f"details of networks for {data.ip}")
    day = saved_date(date, data.dates) or data.newest(chosen, ["details_page"]) or data.dates[-1]
    rows, sources = _figures(data, day, chosen, own, others, max_providers, exclude_mutual=exclude_mutual)
    name_rows([rows, sources], names)
    networks = data.network_names(
        sorted({asn for row in rows for asn in (row["asn"], *row["providers"])}), [day]
    )
    for row in rows:
        row["provider_labels"] = [asn_list([asn], networks) for asn in row["providers"]]
        row["provider_names"] = ", ".join(row["provider_labels"])
        row["name"] = row["name"] or networks.get(row["asn"])
    return KmiReport(
        name="prospects",
        title="Prospects",
        summary="Networks with one or few providers that are not my customers.",
        facts={
            "Date": str(day),
            "Markets": market_list(chosen, names),
            **_facts(data.ip, own, others, max_providers, exclude_mutual=exclude_mutual),
        },
        notes=_notes(data, day, sources, own, chosen),
        tables=(
            ReportTable(
                "prospects",
                "Networks",
                "One row for each network; single-homed ones first, then by score.",
                _COLUMNS,
                rows,
            ),
            ReportTable(
                "sources",
                "Saved data",
                "Prospects are found among the saved customers and providers of these networks.",
                _SOURCE_COLUMNS,
                sources,
            ),
        ),
    )


def _figures(
    data: SavedData,
    day: dt.date,
    chosen: list[str],
    own: list[int],
    others: list[int],
    max_providers: int,
    *,
    exclude_mutual: bool,
) -> tuple[Rows, Rows]:
    data.use("relations", [day])
    data.run(_LINKS, date=day, ip=data.ip, markets=chosen)
    rows = data.query(
        _PROSPECTS,
        date=day,
        mine=own,
        asns=others,
        max_providers=max_providers,
        exclude_mutual=exclude_mutual,
    )
    found = {row["market_id"]: row for row in data.query(_SOURCES, date=day, markets=chosen, mine=own)}
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["market_id"]] = counts.get(row["market_id"], 0) + 1
    sources = []
    for market in chosen:
        networks = found[market]["networks"] if market in found else None
        known = found[market]["mine"] or [] if market in found else []
        sources.append(
            {
                "market_id": market,
                "networks": networks,
                "prospects": None if market not in found else counts.get(market, 0),
                "mine": known,
                "mine_saved": asn_list(known) if known else "none" if own else "—",
            }
        )
    return rows, sources


def _facts(
    ip: str, own: list[int], others: list[int], max_providers: int, *, exclude_mutual: bool
) -> dict[str, str]:
    facts = {
        "Address family": ip,
        "My networks": asn_list(own),
        "Mutual customers": "left out" if exclude_mutual else "listed",
        "Few-homed": f"at most {max_providers} known providers",
    }
    if others:
        facts["Customers of"] = asn_list(others)
    return facts


def _notes(data: SavedData, day: dt.date, sources: Rows, own: list[int], chosen: list[str]) -> list[str]:
    notes = [
        not_saved(
            [row["market"] for row in sources if row["prospects"] is None],
            "the details of networks",
            f"on {day}",
        ),
        family_note(data.ip, data.other_families()),
    ]
    for asn in own:
        missing = [
            row["market"] for row in sources if row["prospects"] is not None and asn not in row["mine"]
        ]
        if note := not_saved(missing, f"the customers of AS{asn}", f"on {day}"):
            notes.append(f"{note} Customers of AS{asn} may be listed there.")
    if any(row["networks"] for row in sources):
        notes.append(
            "A few-homed network may have more providers: its list is complete only where its own details "
            "are saved (column “All known”)."
        )
    return [*filter(None, notes), *filter_notes(data, day, chosen)]
