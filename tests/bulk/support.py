"""Shared by the tests of pulls: a fast pull with every kind of row, and reading of the tables."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from kentik_async.bulk.journal.journal import reading_journal
from kentik_async.bulk.sinks import SINKS, store_of
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator.world.state import EmulatorState

MARKETS = ["planet$earth", "cc$US", "cc$DE"]
RANK_TYPES = ["customer_base", "peering_base"]
IPS = ["v4", "v6"]
TOP = 3
PULL: dict[str, Any] = {"top": TOP, "markets": MARKETS, "rank_types": RANK_TYPES, "ips": IPS}
STORES = ["parquet", "delta", "sqlite", "ndjson", "csv"]

Rows = list[tuple[Any, ...]]


def expected(state: EmulatorState) -> dict[str, Rows]:
    """Return the expected rows of PULL, from the emulator's own data."""
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


def saved(target: Path | str, date: str | None = None) -> dict[str, Rows]:
    """Return the rows of the tables, sorted, without times, runs and the date."""
    found = {}
    for name in ("rankings", "relations", "asns", "markets"):
        rows = table(target, name, date)
        values = [tuple(v for key, v in row.items() if key not in ("fetched_at", "run_id")) for row in rows]
        found[name] = sorted(values, key=str)
    return found


def table(target: Path | str, name: str, date: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of one table, of all dates or of one."""
    layout = Layout(target)
    sink = SINKS[store_of(layout) or "parquet"](layout)
    rows = []
    for run_date in [date] if date else sink.dates():
        columns = sink.read(name, run_date)
        rows += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows


def statuses(target: Path | str) -> list[str]:
    """Return the statuses of a target's runs, the earliest first."""
    runs = sorted(table(target, "runs"), key=lambda row: row["started_at"])
    return [row["status"] for row in runs]


def interrupted(target: Path | str) -> int:
    """Return the number of answers in the journal that are not in the tables."""
    layout = Layout(target)
    with reading_journal(layout.journal(), layout.name) as journal:
        if journal is None:
            return 0
        entries = [entry for run in journal.runs() for entry in journal.entries(run)]
        return sum(entry.error_class is None for entry in entries)


def from_sqlite(target: Path, query: str) -> Rows:
    with closing(sqlite3.connect(target / "kmi.sqlite")) as db:
        return db.execute(query).fetchall()
