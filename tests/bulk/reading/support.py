"""Small pulls of every sort, and the rows of a target as plain values."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kentik_async
from kentik_async import KentikClient
from kentik_async.bulk.pull import Pull, StoreName
from kentik_async.bulk.reading.saved_target import open_saved
from kentik_async.bulk.sinks import DateChange
from kentik_async.bulk.sinks.schema import owners_of

STORES: tuple[StoreName, ...] = ("parquet", "delta", "ndjson", "csv", "sqlite")
PART_STORES: tuple[StoreName, ...] = ("parquet", "ndjson", "csv")
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


def remove_rows(target: Path, date: dt.date, removed: dict[str, Iterable[tuple[Any, ...]]]) -> None:
    """Remove rows of some owners from a target, to simulate damage."""
    saved = open_saved(target)
    owners = {table: frozenset(found) for table, found in removed.items()}
    saved.sink.replace(DateChange(str(date), owners, []))


def page_owners(target: Path, date: dt.date, kind: str | None = None) -> list[tuple[Any, ...]]:
    """Return the owners of a date's rows in the table `pages`."""
    pages = open_saved(target).sink.read("pages", str(date))
    return [owner for owner in owners_of("pages", pages) if kind in (None, owner[0])]


def part_of(target: Path, table: str, date: dt.date) -> Path:
    """Return the file of a table and date."""
    (part,) = target.glob(f"{table}/run_date={date}/part-*")
    return part


def damage(path: Path) -> None:
    """Overwrite the middle of a file, and truncate its end."""
    raw = path.read_bytes()
    middle = len(raw) // 2
    path.write_bytes(raw[:middle] + b"\xff\x00damage\n" + raw[middle + 9 : -3])
