"""What the tests of pulls share: a pull that is quick and has every kind of row, and a look at the tables."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import kentik_async.bulk.reading.dataset as saved
from kentik_async.emulator.world.state import EmulatorState

MARKETS = ["planet$earth", "cc$US", "cc$DE"]
RANK_TYPES = ["customer_base", "peering_base"]
IPS = ["v4", "v6"]
TOP = 3
PULL: dict[str, Any] = {"top": TOP, "markets": MARKETS, "rank_types": RANK_TYPES, "ips": IPS}
STORES = ["parquet", "sqlite", "ndjson", "csv"]

Rows = list[tuple[Any, ...]]


def expected(state: EmulatorState) -> dict[str, Rows]:
    """Return what the tables must hold of PULL, from the emulator's own knowledge."""
    rankings: Rows = []
    networks: dict[tuple[str, str, int], None] = {}
    for market in MARKETS:
        for kind in RANK_TYPES:
            for ip in IPS:
                ranking = state.rankings(market, kind, ip)
                networks |= {(market, ip, row.asn): None for row in ranking[:TOP] if row.asn is not None}
                rankings += [
                    (market, kind, ip, r.rank, r.asn, r.name, r.rank_change, r.score, r.score_change)
                    for r in ranking
                ]
    relations: Rows = []
    asns: Rows = []
    for market, ip, asn in networks:
        found = state.asn_details(market, asn, ip=ip)
        lists = (("customer", found.customers), ("provider", found.providers), ("peer", found.peers))
        for relation, rows in lists:
            for row in rows:
                marks = ("score", "pfx_count", "singlehomed_customer", "mutual_customer", "mutual_provider")
                values = [getattr(row, name, None) for name in marks]
                relations.append((market, ip, asn, relation, row.asn, row.name, *values))
        counts = [len(rows) for _, rows in lists]
        asns.append((market, ip, asn, found.name, found.country_name, "all", *counts))
    markets = [(market.market_id, market.name) for market in state.markets]
    tables = {"rankings": rankings, "relations": relations, "asns": asns, "markets": markets}
    return {name: sorted(rows, key=str) for name, rows in tables.items()}


def landed(target: Path | str, date: str | None = None) -> dict[str, Rows]:
    """Return what the tables hold, sorted, without the instants and the date."""
    tables = saved.open_target(target)
    found = {}
    for name in ("rankings", "relations", "asns", "markets"):
        rows = getattr(tables, name).to_table().to_pylist()
        if date is not None:
            rows = [row for row in rows if row["run_date"].isoformat() == date]
        dropped = ("run_date", "fetched_at")
        values = [tuple(value for key, value in row.items() if key not in dropped) for row in rows]
        found[name] = sorted(values, key=str)
    return found


def from_sqlite(target: Path, query: str) -> Rows:
    with closing(sqlite3.connect(target / "kmi.sqlite")) as db:
        return db.execute(query).fetchall()
