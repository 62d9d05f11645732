"""Small pulls of every sort, and the rows of a target as plain values."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kentik_async
from kentik_async import KentikClient
from kentik_async.bulk.pull import Pull

STORES = ("parquet", "ndjson", "csv", "sqlite")
TABLES = ("rankings", "relations", "asns", "insights", "markets", "pages", "runs")

FIRST, SECOND, THIRD = (dt.date(2026, 11, day) for day in (18, 19, 20))
ONE: dict[str, Any] = {"markets": ["cc$US"], "rank_types": ["customer_base"], "ips": ["v4"], "limit": 20}

Target = str | Path


def details(kentik: KentikClient, **changes: Any) -> Pull[Any]:
    """Return a pull of one ranking and of two networks' neighbours."""
    return kentik.kmi.pull_asn_details(**{"top": 2, **ONE, **changes})


def rankings(kentik: KentikClient, **changes: Any) -> Pull[Any]:
    """Return a pull of one ranking."""
    return kentik.kmi.pull_rankings(**{**ONE, **changes})


def rows_of(target: Target | Iterable[Target], table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    found = target if isinstance(target, str | Path) else list(target)
    rows: list[dict[str, Any]] = kentik_async.open(found).dataset(table).to_table().to_pylist()
    return rows


def contents(target: Target | Iterable[Target]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables, sorted."""
    return {
        table: sorted((tuple(row.values()) for row in rows_of(target, table)), key=str) for table in TABLES
    }
