"""The tables of the SQLite file, and how rows are stored in them. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from kentik_async.bulk.sinks.schema import TABLES

__all__ = ["SCHEMA", "STORED_IN", "Stored"]

_SQL_TYPES = {
    "string": "TEXT",
    "timestamp": "TEXT",
    "int32": "INTEGER",
    "int64": "INTEGER",
    "bool": "INTEGER",
}


class Stored(NamedTuple):
    """How the rows of one table are stored.

    Attributes:
        table: The table with the columns that name the rows' owner.
        insert: The statement that inserts one row, with named parameters.
        rows: The table of the rows, where `table` holds groups of them; else None.
        group: The columns that all rows of a group share.
    """

    table: str
    insert: str
    rows: str | None = None
    group: tuple[str, ...] = ()


_RANKING_GROUP = ("market_id", "rank_type", "ip", "fetched_at")
_RELATION_GROUP = ("market_id", "ip", "asn", "relation", "run_id", "fetched_at")

_GROUPED = """
CREATE TABLE names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE ranking_groups (
    group_id INTEGER PRIMARY KEY, run_date TEXT NOT NULL, market_id TEXT, rank_type TEXT, ip TEXT,
    fetched_at TEXT
);
CREATE INDEX ranking_groups_by_owner ON ranking_groups (run_date, market_id, rank_type, ip);
CREATE TABLE ranking_rows (
    group_id INTEGER NOT NULL, rank INTEGER, asn INTEGER, name_id INTEGER,
    rank_change INTEGER, score INTEGER, score_change INTEGER
);
CREATE INDEX ranking_rows_by_group ON ranking_rows (group_id);
CREATE TABLE relation_groups (
    group_id INTEGER PRIMARY KEY, run_date TEXT NOT NULL, market_id TEXT, ip TEXT, asn INTEGER, relation TEXT,
    run_id TEXT, fetched_at TEXT
);
CREATE INDEX relation_groups_by_owner ON relation_groups (run_date, market_id, ip, asn, relation);
CREATE TABLE relation_rows (
    group_id INTEGER NOT NULL, related_asn INTEGER, name_id INTEGER, score INTEGER, pfx_count INTEGER,
    singlehomed_customer INTEGER, mutual_customer INTEGER, mutual_provider INTEGER
);
CREATE INDEX relation_rows_by_group ON relation_rows (group_id);
CREATE VIEW rankings AS
    SELECT run_date, market_id, rank_type, ip, rank, asn, name, rank_change, score, score_change, fetched_at
    FROM ranking_rows JOIN ranking_groups USING (group_id) LEFT JOIN names USING (name_id);
CREATE VIEW relations AS
    SELECT run_date, market_id, ip, asn, relation, related_asn, name AS related_name, score, pfx_count,
        singlehomed_customer, mutual_customer, mutual_provider, run_id, fetched_at
    FROM relation_rows JOIN relation_groups USING (group_id) LEFT JOIN names USING (name_id);
"""

_INDEXED = {"asns": ("market_id", "ip", "asn"), "pages": ("kind", "market_id", "rank_type", "ip", "asn")}


def _plain_table(table: str) -> str:
    columns = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in TABLES[table].items())
    index = ", ".join(["run_date", *_INDEXED.get(table, ())])
    return (
        f"CREATE TABLE {table} (run_date TEXT NOT NULL, {columns});\n"
        f"CREATE INDEX {table}_by_owner ON {table} ({index});\n"
    )


def _plain_insert(table: str) -> str:
    names = ["run_date", *TABLES[table]]
    columns, values = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608 (names of our own)


_PLAIN = ("asns", "insights", "markets", "pages", "runs")

SCHEMA = _GROUPED + "".join(_plain_table(table) for table in _PLAIN)
"""The statements that make the tables."""

STORED_IN: Mapping[str, Stored] = MappingProxyType(
    {
        "rankings": Stored(
            "ranking_groups",
            "INSERT INTO ranking_rows VALUES (:group_id, :rank, :asn, :name_id, :rank_change, :score,"
            " :score_change)",
            "ranking_rows",
            _RANKING_GROUP,
        ),
        "relations": Stored(
            "relation_groups",
            "INSERT INTO relation_rows VALUES (:group_id, :related_asn, :name_id, :score, :pfx_count,"
            " :singlehomed_customer, :mutual_customer, :mutual_provider)",
            "relation_rows",
            _RELATION_GROUP,
        ),
        **{table: Stored(table, _plain_insert(table)) for table in _PLAIN},
    }
)
