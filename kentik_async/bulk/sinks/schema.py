"""The tables of a target: columns, order, and the columns that name a row's page. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["OWNER", "SORTED_BY", "TABLES", "Columns", "Owner", "owners_of"]

Columns = dict[str, list[Any]]
"""Rows by column: one list of values for each column, all of one length."""

Owner = tuple[Any, ...]
"""Values of a table's `OWNER` columns."""

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "rankings": {
            "market_id": "string",
            "rank_type": "string",
            "ip": "string",
            "rank": "int64",
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
            "run_id": "string",
            "fetched_at": "timestamp",
        },
        "asns": {
            "market_id": "string",
            "ip": "string",
            "asn": "int64",
            "name": "string",
            "country_name": "string",
            "type": "string",
            "customers": "int64",
            "providers": "int64",
            "peers": "int64",
            "run_id": "string",
            "fetched_at": "timestamp",
        },
        "insights": {
            "requested_asn": "int64",
            "market_id": "string",
            "ip": "string",
            "position": "int64",
            "asn": "int64",
            "name": "string",
            "type": "int64",
            "message": "string",
            "created_at": "timestamp",
            "run_id": "string",
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
            "rows": "int64",
            "invalid_count": "int64",
            "fetched_at": "timestamp",
            "attempts": "int64",
            "error_class": "string",
            "error_text": "string",
            "digest": "string",
        },
        "runs": {
            "run_id": "string",
            "command": "string",
            "started_at": "timestamp",
            "finished_at": "timestamp",
            "status": "string",
            "pages_requested": "int64",
            "pages_done": "int64",
            "pages_failed": "int64",
            "package_version": "string",
            "spec": "string",
        },
    }
)
"""Each table's columns and their types; `run_date`, a date, is taken from the folder name of a part.

A timestamp is a number of microseconds since the Unix epoch, the fastest form to write to a table. The
server's uint32 numbers need 64 bits; changes are 32-bit two's complement on the wire.
"""

OWNER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rankings": ("market_id", "rank_type", "ip"),
        "relations": ("market_id", "ip", "asn", "relation"),
        "asns": ("market_id", "ip", "asn"),
        "insights": ("requested_asn", "market_id", "ip"),
        "markets": (),
        "pages": ("kind", "market_id", "rank_type", "ip", "asn", "type"),
        "runs": ("run_id",),
    }
)
"""The columns that name the page of a row: rows of one owner are replaced together."""

SORTED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rankings": ("market_id", "rank_type", "ip", "rank"),
        "relations": ("market_id", "ip", "asn", "relation", "related_asn"),
        "asns": ("market_id", "ip", "asn"),
        "insights": ("requested_asn", "market_id", "ip", "position"),
        "markets": ("market_id",),
        "pages": ("key",),
        "runs": ("started_at", "run_id"),
    }
)


def owners_of(table: str, columns: Mapping[str, list[Any]]) -> list[Owner]:
    """Return the owner of each row."""
    names = OWNER[table]
    if not names:
        return [()] * len(next(iter(columns.values())))
    return list(zip(*(columns[name] for name in names), strict=True))
