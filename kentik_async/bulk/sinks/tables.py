"""The tables that a pull lands as, and their rows from raw answers. Pure: columns in, columns out."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kentik_async._codec import kmi
from kentik_async._codec.kmi_columns import decode_asn_details_columns, decode_rankings_columns
from kentik_async.bulk.journal.batches import StoredPage
from kentik_async.bulk.journal.runs import Run

__all__ = ["SORTED_BY", "TABLES", "Columns", "rows_of_pages", "with_iso_timestamps"]

Columns = dict[str, list[Any]]

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "rankings": {
            "market_id": "string",
            "rank_type": "string",
            "ip": "string",
            "rank": "int32",
            "asn": "int64",
            "name": "string",
            "rank_change": "int32",
            "score": "int64",
            "score_change": "int32",
            "fetched_at": "timestamp",
        },
        "relations": {
            "market_id": "string",
            "ip": "string",
            "asn": "int64",
            "relation": "string",
            "related_asn": "int64",
            "related_name": "string",
            "score": "int64",
            "pfx_count": "int64",
            "singlehomed_customer": "bool",
            "mutual_customer": "bool",
            "mutual_provider": "bool",
        },
        "asns": {
            "market_id": "string",
            "ip": "string",
            "asn": "int64",
            "name": "string",
            "country_name": "string",
            "type": "string",
            "customers": "int32",
            "providers": "int32",
            "peers": "int32",
            "fetched_at": "timestamp",
        },
        "markets": {"market_id": "string", "name": "string", "fetched_at": "timestamp"},
        "pages": {
            "run_id": "string",
            "kind": "string",
            "market_id": "string",
            "rank_type": "string",
            "ip": "string",
            "asn": "int64",
            "limit": "int64",
            "type": "string",
            "key": "string",
            "status": "string",
            "rows": "int32",
            "invalid_count": "int64",
            "fetched_at": "timestamp",
            "attempts": "int32",
            "error_class": "string",
            "error_text": "string",
        },
    }
)
"""Each table's columns and their kinds; `run_date` is added by the folder that a part lies in.

A timestamp is a number of microseconds since the Unix epoch: the fastest form on the way into a table.
"""

SORTED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rankings": ("market_id", "rank_type", "ip", "rank"),
        "relations": ("market_id", "ip", "asn", "relation", "related_asn"),
        "asns": ("market_id", "ip", "asn"),
        "markets": ("market_id",),
        "pages": ("key",),
    }
)

_RELATIONS = (("customer", "customers"), ("provider", "providers"), ("peer", "peers"))


@dataclass(slots=True)
class _Builder:
    tables: dict[str, Columns] = field(
        default_factory=lambda: {name: {column: [] for column in columns} for name, columns in TABLES.items()}
    )

    def add(self, table: str, rows: int, values: Mapping[str, Any]) -> None:
        """Add rows: a list holds one value a row, anything else stands in all of them."""
        for name, column in self.tables[table].items():
            value = values.get(name)
            column.extend(value if isinstance(value, list) else [value] * rows)


def rows_of_pages(run: Run, pages: Iterable[StoredPage]) -> dict[str, Columns]:
    """Return the rows that pages make, by table; tables without rows are left out.

    Raises:
        DecodeError: A stored answer cannot be read; none is stored that could not be.
    """
    builder = _Builder()
    for page in pages:
        invalid = None
        if page.raw is not None:
            invalid = _add_answer(builder, page, page.raw)
        _add_page(builder, run, page, invalid)
    return {name: columns for name, columns in builder.tables.items() if next(iter(columns.values()))}


def _add_answer(builder: _Builder, page: StoredPage, raw: bytes) -> int | None:
    if page.key.kind == "markets":
        markets = kmi.decode_markets(raw)
        columns = {
            "market_id": [market.market_id for market in markets],
            "name": [market.name for market in markets],
            "fetched_at": page.fetched_at,
        }
        builder.add("markets", len(markets), columns)
        return None
    if page.key.kind == "rankings":
        answer = decode_rankings_columns(raw)
        asked = {"market_id": page.key.market_id, "rank_type": page.key.rank_type, "ip": page.key.ip}
        values = {**answer.rankings, **asked, "fetched_at": page.fetched_at}
        builder.add("rankings", len(answer.rankings["asn"]), values)
        return answer.invalid_count
    _add_details(builder, page, raw)
    return None


def _add_details(builder: _Builder, page: StoredPage, raw: bytes) -> None:
    answer = decode_asn_details_columns(raw)
    asked = {"market_id": page.key.market_id, "ip": page.key.ip, "asn": page.key.asn}
    counts = {}
    for relation, name in _RELATIONS:
        related: Columns = getattr(answer, name)
        counts[name] = len(related["asn"])
        values = {
            **related,
            **asked,
            "relation": relation,
            "related_asn": related["asn"],
            "related_name": related["name"],
        }
        builder.add("relations", counts[name], values)
    own = {"name": answer.name, "country_name": answer.country_name, "type": page.key.type}
    builder.add("asns", 1, {**asked, **own, **counts, "fetched_at": page.fetched_at})


def _add_page(builder: _Builder, run: Run, page: StoredPage, invalid_count: int | None) -> None:
    key = page.key
    builder.add(
        "pages",
        1,
        {
            "run_id": run.run_id,
            "kind": key.kind,
            "market_id": key.market_id or None,
            "rank_type": key.rank_type or None,
            "ip": key.ip or None,
            "asn": key.asn,
            "limit": key.limit,
            "type": key.type or None,
            "key": key.text,
            "status": page.status,
            "rows": page.rows,
            "invalid_count": invalid_count,
            "fetched_at": page.fetched_at,
            "attempts": page.attempts,
            "error_class": page.error_class,
            "error_text": page.error_text,
        },
    )


def with_iso_timestamps(columns: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
    """Return columns with their timestamps as ISO 8601 text, for tables that have no type for them."""
    if "fetched_at" not in columns:
        return columns
    texts = {at: _iso(at) for at in set(columns["fetched_at"])}
    return {**columns, "fetched_at": [texts[at] for at in columns["fetched_at"]]}


def _iso(microseconds: int) -> str:
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    return (epoch + dt.timedelta(microseconds=microseconds)).isoformat()
