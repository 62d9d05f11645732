"""Tables as one SQLite file: narrow rows that name their group, and views with the tables' columns.

What all rows of a page share stands once, in their group; a network's name stands once, however many rows
bear it. The views are what is read: `SELECT * FROM rankings WHERE run_date = '2026-11-20'`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kentik_async.bulk.journal.damage import SQLITE_ERRORS
from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.sinks.base import Rows
from kentik_async.bulk.sinks.tables import with_iso_timestamps
from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import TargetError, ValidationError

__all__ = ["SqliteStore"]

_FILE = "kmi.sqlite"

_SCHEMA = """
CREATE TABLE names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE row_groups (
    group_id INTEGER PRIMARY KEY, run_date TEXT NOT NULL, batch INTEGER NOT NULL, staged TEXT,
    market_id TEXT, rank_type TEXT, ip TEXT, asn INTEGER, relation TEXT, fetched_at TEXT
);
CREATE INDEX row_groups_by_batch ON row_groups (run_date, batch);
CREATE TABLE ranking_rows (
    group_id INTEGER NOT NULL, rank INTEGER, asn INTEGER, name_id INTEGER,
    rank_change INTEGER, score INTEGER, score_change INTEGER
);
CREATE INDEX ranking_rows_by_group ON ranking_rows (group_id);
CREATE TABLE relation_rows (
    group_id INTEGER NOT NULL, related_asn INTEGER, name_id INTEGER, score INTEGER, pfx_count INTEGER,
    singlehomed_customer INTEGER, mutual_customer INTEGER, mutual_provider INTEGER
);
CREATE INDEX relation_rows_by_group ON relation_rows (group_id);
CREATE TABLE asn_rows (
    run_date TEXT NOT NULL, batch INTEGER NOT NULL, staged TEXT, market_id TEXT, ip TEXT, asn INTEGER,
    name TEXT, country_name TEXT, type TEXT, customers INTEGER, providers INTEGER, peers INTEGER,
    fetched_at TEXT
);
CREATE TABLE market_rows (
    run_date TEXT NOT NULL, batch INTEGER NOT NULL, staged TEXT, market_id TEXT, name TEXT, fetched_at TEXT
);
CREATE TABLE page_rows (
    run_date TEXT NOT NULL, batch INTEGER NOT NULL, staged TEXT, run_id TEXT, kind TEXT, market_id TEXT,
    rank_type TEXT, ip TEXT, asn INTEGER, "limit" INTEGER, type TEXT, key TEXT, status TEXT, rows INTEGER,
    invalid_count INTEGER, fetched_at TEXT, attempts INTEGER, error_class TEXT, error_text TEXT
);
CREATE VIEW rankings AS
    SELECT run_date, market_id, rank_type, ip, rank, r.asn, name, rank_change, score, score_change, fetched_at
    FROM ranking_rows r JOIN row_groups USING (group_id) LEFT JOIN names USING (name_id)
    WHERE staged IS NULL;
CREATE VIEW relations AS
    SELECT run_date, market_id, ip, g.asn, relation, related_asn, name AS related_name, score, pfx_count,
        singlehomed_customer, mutual_customer, mutual_provider
    FROM relation_rows JOIN row_groups g USING (group_id) LEFT JOIN names USING (name_id)
    WHERE staged IS NULL;
CREATE VIEW asns AS
    SELECT run_date, market_id, ip, asn, name, country_name, type, customers, providers, peers, fetched_at
    FROM asn_rows WHERE staged IS NULL;
CREATE VIEW markets AS SELECT run_date, market_id, name, fetched_at FROM market_rows WHERE staged IS NULL;
CREATE VIEW pages AS
    SELECT run_date, run_id, kind, market_id, rank_type, ip, asn, "limit", type, key, status, rows,
        invalid_count, fetched_at, attempts, error_class, error_text
    FROM page_rows WHERE staged IS NULL;
"""

_WIDE: Mapping[str, str] = {
    "asns": """INSERT INTO asn_rows VALUES (:run_date, :batch, :staged, :market_id, :ip, :asn, :name,
        :country_name, :type, :customers, :providers, :peers, :fetched_at)""",
    "markets": "INSERT INTO market_rows VALUES (:run_date, :batch, :staged, :market_id, :name, :fetched_at)",
    "pages": """INSERT INTO page_rows VALUES (:run_date, :batch, :staged, :run_id, :kind, :market_id,
        :rank_type, :ip, :asn, :limit, :type, :key, :status, :rows, :invalid_count, :fetched_at, :attempts,
        :error_class, :error_text)""",
}
_NARROW: Mapping[str, str] = {
    "rankings": """INSERT INTO ranking_rows VALUES (:group_id, :rank, :asn, :name_id, :rank_change, :score,
        :score_change)""",
    "relations": """INSERT INTO relation_rows VALUES (:group_id, :related_asn, :name_id, :score, :pfx_count,
        :singlehomed_customer, :mutual_customer, :mutual_provider)""",
}
_DROP_BATCH = (
    "DELETE FROM ranking_rows WHERE group_id IN (SELECT group_id FROM row_groups WHERE {})",
    "DELETE FROM relation_rows WHERE group_id IN (SELECT group_id FROM row_groups WHERE {})",
    "DELETE FROM row_groups WHERE {}",
    "DELETE FROM asn_rows WHERE {}",
    "DELETE FROM market_rows WHERE {}",
    "DELETE FROM page_rows WHERE {}",
)

_Record = dict[str, Any]


class SqliteStore:
    """A file `kmi.sqlite` in the target."""

    def __init__(self, layout: Layout) -> None:
        """Tell where the file lies.

        Raises:
            ValidationError: The target is a URL: a database is written to all over, and parts are not.
        """
        if layout.local is None:
            raise ValidationError(f"{layout.name} takes parquet, ndjson or csv; sqlite needs a local folder")
        self._path = layout.local / _FILE

    def check(self) -> None:
        """Raise TargetError if the file was written by another version."""
        if self._path.exists():
            with self._transaction():
                pass

    def land(self, run_date: str, batch: int, chunks: Iterable[Rows], *, staged: str | None) -> None:
        """Enter a batch's rows in one transaction, in the stead of what the batch entered before."""
        common = {"run_date": run_date, "batch": batch, "staged": staged}
        with self._transaction() as db:
            _drop(db, "run_date = ? AND batch = ?", (run_date, batch))
            for rows in chunks:
                for table, columns in rows.items():
                    if table in _WIDE:
                        db.executemany(_WIDE[table], ({**record, **common} for record in _records(columns)))
                if "rankings" in rows:
                    _enter_rankings(db, rows["rankings"], common)
                if "relations" in rows:
                    _enter_relations(db, rows["relations"], common)

    def swap(self, run_date: str, staged: str) -> None:
        """Drop the date's rows and uncover the staged ones, in one transaction."""
        with self._transaction() as db:
            for table in ("row_groups", "asn_rows", "market_rows", "page_rows"):
                found = db.execute(f"SELECT 1 FROM {table} WHERE staged = ? LIMIT 1", (staged,))  # noqa: S608 (constants)
                if found.fetchone() is not None:
                    break
            else:
                return  # uncovered before a kill
            _drop(db, "run_date = ? AND staged IS NULL", (run_date,))
            for table in ("row_groups", "asn_rows", "market_rows", "page_rows"):
                db.execute(f"UPDATE {table} SET staged = NULL WHERE staged = ?", (staged,))  # noqa: S608 (constants)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, isolation_level=None)
        except SQLITE_ERRORS as error:
            raise TargetError(f"{self._path} cannot be opened: {error}") from error
        try:
            db.execute("PRAGMA synchronous = FULL")
            self._match_version(db)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except SQLITE_ERRORS as error:
            raise TargetError(f"{self._path} cannot be used: {error}; all that has landed stays") from error
        finally:
            db.close()

    def _match_version(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        else:
            refuse_other_version(version, self._path, self._path.parent)


def _drop(db: sqlite3.Connection, condition: str, arguments: tuple[Any, ...]) -> None:
    for statement in _DROP_BATCH:
        db.execute(statement.format(condition), arguments)


def _records(columns: Mapping[str, list[Any]]) -> Iterator[_Record]:
    columns = with_iso_timestamps(columns)
    for line in zip(*columns.values(), strict=True):
        yield dict(zip(columns, line, strict=True))


def _enter_rankings(
    db: sqlite3.Connection, columns: Mapping[str, list[Any]], common: Mapping[str, Any]
) -> None:
    def shared(record: _Record) -> tuple[Any, ...]:
        return record["market_id"], record["rank_type"], record["ip"], None, None, record["fetched_at"]

    _enter_narrow(db, "rankings", columns, common, shared, "name")


def _enter_relations(
    db: sqlite3.Connection, columns: Mapping[str, list[Any]], common: Mapping[str, Any]
) -> None:
    def shared(record: _Record) -> tuple[Any, ...]:
        return record["market_id"], None, record["ip"], record["asn"], record["relation"], None

    _enter_narrow(db, "relations", columns, common, shared, "related_name")


def _enter_narrow(
    db: sqlite3.Connection,
    table: str,
    columns: Mapping[str, list[Any]],
    common: Mapping[str, Any],
    shared: Callable[[_Record], tuple[Any, ...]],
    named: str,
) -> None:
    names = {(name,) for name in columns[named] if name is not None}
    db.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", sorted(names))
    # Only the batch's names are looked up: the table holds those of all days.
    ids = {
        name: db.execute("SELECT name_id FROM names WHERE name = ?", (name,)).fetchone()[0]
        for (name,) in names
    }
    groups: dict[tuple[Any, ...], int] = {}

    def rows() -> Iterator[_Record]:
        for record in _records(columns):
            group = shared(record)
            if group not in groups:
                cursor = db.execute(
                    "INSERT INTO row_groups VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*common.values(), *group),
                )
                groups[group] = cursor.lastrowid or 0
            yield {**record, "group_id": groups[group], "name_id": ids.get(record[named])}

    db.executemany(_NARROW[table], list(rows()))
