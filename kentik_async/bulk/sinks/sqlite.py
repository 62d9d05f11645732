"""Tables as one SQLite file: narrow rows that refer to a group, and views with the tables' columns.

Values that all rows of a page share are stored once, in their group; so is a network's name. Read the
views: `SELECT * FROM rankings WHERE run_date = '2026-11-20'`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from kentik_async.bulk.journal.schema import SCHEMA_VERSION, SQLITE_ERRORS, refuse_other_version
from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Columns, Owner
from kentik_async.bulk.sinks.sqlite_schema import SCHEMA, STORED_IN, Stored
from kentik_async.bulk.sinks.text import from_iso, iso_timestamps
from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import TargetError, ValidationError

__all__ = ["SQLITE_FILE", "SqliteSink"]

T = TypeVar("T")

SQLITE_FILE = "kmi.sqlite"

_NAMES = {"rankings": "name", "relations": "related_name"}

_Record = dict[str, Any]


class SqliteSink:
    """A file `kmi.sqlite` in the target."""

    shared = False

    def __init__(self, layout: Layout) -> None:
        """Store the name of the file; nothing is opened.

        Raises:
            ValidationError: The target is a URL: a database is changed in place, and objects cannot be.
        """
        if layout.local is None:
            raise ValidationError(
                f"{layout.name} takes parquet, delta, ndjson or csv; sqlite needs a local folder"
            )
        self._path = layout.local / SQLITE_FILE

    def check(self) -> None:
        """Raise TargetError for another schema version."""
        if self._path.exists():
            with self._connection():
                pass

    def require_own_files(self, run_date: str) -> None:
        """A date has no separate files: nothing to check."""

    def dates(self) -> list[str]:
        """Return the dates that the tables hold."""
        if not self._path.exists():
            return []
        with self._connection() as db:
            queries = " UNION ".join(f"SELECT run_date FROM {table}" for table in TABLES)  # noqa: S608 (names of our own)
            return [date for (date,) in db.execute(f"{queries} ORDER BY 1")]

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return a date's rows of a table."""
        wanted = list(columns or TABLES[table])
        rows: list[Any] = []
        if self._path.exists():
            names = ", ".join(f'"{name}"' for name in wanted)
            with self._connection() as db:
                rows = db.execute(f"SELECT {names} FROM {table} WHERE run_date = ?", (run_date,)).fetchall()  # noqa: S608 (names of our own)
        lists = zip(*rows, strict=True) if rows else ((),) * len(wanted)
        return {
            name: [_value(TABLES[table][name], value) for value in values]
            for name, values in zip(wanted, lists, strict=True)
        }

    def exclusively(self, run_date: str, work: Callable[[], T], *, recovers: bool = False) -> T:
        """Run `work` and return its result; the target's lock excludes other runs."""
        return work()

    def replace(self, change: DateChange) -> None:
        """Apply a change in one transaction."""
        with self._transaction() as db:
            for table, owners in change.removed.items():
                _remove(db, change.run_date, table, owners)
            for rows in change.added:
                for table, columns in rows.items():
                    _insert(db, change.run_date, table, columns)

    def drop(self, run_date: str) -> None:
        """Delete all rows of a date in one transaction."""
        with self._transaction() as db:
            for stored in STORED_IN.values():
                _delete(db, stored, "run_date = ?", (run_date,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version:
                    refuse_other_version(version, self._path, self._path.parent)
                else:
                    db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
                yield db
        except SQLITE_ERRORS as error:
            raise TargetError(f"cannot use {self._path}: {error}; data already saved is kept") from error


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "timestamp":
        return from_iso(value)
    return bool(value) if kind == "bool" else value


def _remove(db: sqlite3.Connection, run_date: str, table: str, owners: frozenset[Owner]) -> None:
    names = OWNER[table]
    condition = " AND ".join(["run_date = ?", *(f'"{name}" IS ?' for name in names)])
    for owner in owners:
        _delete(db, STORED_IN[table], condition, (run_date, *owner))


def _delete(db: sqlite3.Connection, stored: Stored, condition: str, values: Sequence[Any]) -> None:
    if stored.rows is not None:
        groups = f"SELECT group_id FROM {stored.table} WHERE {condition}"  # noqa: S608 (names of our own)
        db.execute(f"DELETE FROM {stored.rows} WHERE group_id IN ({groups})", values)  # noqa: S608 (names of our own)
    db.execute(f"DELETE FROM {stored.table} WHERE {condition}", values)  # noqa: S608 (names of our own)


def _insert(db: sqlite3.Connection, run_date: str, table: str, columns: Mapping[str, list[Any]]) -> None:
    stored = STORED_IN[table]
    if stored.rows is None:
        records = ({**record, "run_date": run_date} for record in _records(table, columns))
        db.executemany(stored.insert, records)
    else:
        _insert_grouped(db, run_date, table, columns)


def _insert_grouped(
    db: sqlite3.Connection, run_date: str, table: str, columns: Mapping[str, list[Any]]
) -> None:
    stored, named = STORED_IN[table], _NAMES[table]
    names = {(name,) for name in columns[named] if name is not None}
    db.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", sorted(names))
    # Only these names are looked up: the table holds the names of all dates.
    ids = {
        name: db.execute("SELECT name_id FROM names WHERE name = ?", (name,)).fetchone()[0]
        for (name,) in names
    }
    groups: dict[tuple[Any, ...], int] = {}
    rows: list[_Record] = []
    for record in _records(table, columns):
        group = tuple(record[name] for name in stored.group)
        if group not in groups:
            marks = ", ".join("?" * (len(group) + 1))
            cursor = db.execute(
                f"INSERT INTO {stored.table} (run_date, {', '.join(stored.group)}) VALUES ({marks})",  # noqa: S608 (names of our own)
                (run_date, *group),
            )
            groups[group] = cursor.lastrowid or 0
        rows.append({**record, "group_id": groups[group], "name_id": ids.get(record[named])})
    db.executemany(stored.insert, rows)


def _records(table: str, columns: Mapping[str, list[Any]]) -> Iterator[_Record]:
    columns = iso_timestamps(table, columns)
    for line in zip(*columns.values(), strict=True):
        yield dict(zip(columns, line, strict=True))
