"""The quarantine of a target, its folder `.kentik-async/foreign`, for damaged and foreign files."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from kentik_async.bulk.journal.schema import SQLITE_ERRORS
from kentik_async.bulk.reading.saved_target import SavedTarget
from kentik_async.bulk.sinks import DateChange
from kentik_async.bulk.sinks.delta import DeltaSink
from kentik_async.bulk.sinks.schema import OWNER, TABLES, owners_of
from kentik_async.bulk.sinks.sqlite import SQLITE_FILE, SqliteSink
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import system_errors
from kentik_async.errors import TargetError

__all__ = ["clear_table", "quarantine_file", "quarantine_journal", "rebuild_database", "write_to_quarantine"]

_FOLDER = ".kentik-async/foreign"


def quarantine_file(layout: Layout, path: str) -> None:
    """Move a file of a target to quarantine.

    Args:
        layout: The target.
        path: The file, below the target.

    Raises:
        TargetError: It cannot be moved.
    """
    if layout.remote is not None:
        layout.remote.write(f"{_FOLDER}/{path}", layout.remote.read(path))
        layout.remote.remove(path)
        return
    source = Path(layout.tables.root, path)
    with system_errors(layout.name):
        quarantined = _free(Path(layout.tables.root, _FOLDER, path))
        source.replace(quarantined)
        if not any(source.parent.iterdir()):
            source.parent.rmdir()


def write_to_quarantine(layout: Layout, name: str, data: bytes) -> None:
    """Write a file into the quarantine.

    Raises:
        TargetError: It cannot be written.
    """
    if layout.remote is not None:
        layout.remote.write(f"{_FOLDER}/{name}", data)
        return
    with system_errors(layout.name):
        _free(Path(layout.tables.root, _FOLDER, name)).write_bytes(data)


def quarantine_journal(layout: Layout, path: str) -> None:
    """Move an unreadable journal to quarantine, with its write-ahead log.

    Raises:
        TargetError: It cannot be moved.
    """
    with system_errors(layout.name):
        for suffix in ("-shm", "-wal", ""):
            journal = Path(f"{path}{suffix}")
            if journal.exists():
                journal.replace(_free(layout.state / "foreign" / journal.name))


def clear_table(saved: SavedTarget, table: str, run_date: str) -> None:
    """Remove a date of a table that cannot be read; a file is moved to quarantine.

    Raises:
        TargetError: The target cannot be written.
    """
    if isinstance(saved.sink, DeltaSink):
        saved.sink.clear(table, run_date)
        return
    for part in saved.layout.tables.parts(table, run_date=run_date):
        quarantine_file(saved.layout, part)


def rebuild_database(saved: SavedTarget) -> None:
    """Copy the readable rows of a damaged SQLite file into a new one; move the old one to quarantine.

    Raises:
        TargetError: The target cannot be written.
    """
    layout = saved.layout
    old = Path(layout.tables.root, SQLITE_FILE)
    folder = layout.tmp / "rebuilt"
    with system_errors(layout.name):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    sink = SqliteSink(Layout(folder))
    for run_date in _dates(old):
        for table in TABLES:
            try:
                columns = saved.sink.read(table, run_date)
            except (TargetError, ValueError, TypeError):
                continue  # its pages are missing then, and are reported
            rows = len(columns[next(iter(columns))])
            if rows:
                removed = frozenset(owners_of(table, columns)) if OWNER[table] else frozenset({()})
                sink.replace(DateChange(run_date, {table: removed}, [{table: columns}]))
    with system_errors(layout.name):
        shutil.copy2(old, _free(Path(layout.tables.root, _FOLDER, SQLITE_FILE)))
        new = folder / SQLITE_FILE
        if new.exists():
            new.replace(old)
        else:
            old.unlink()
        for suffix in ("-journal", "-wal", "-shm"):  # of the old file: SQLite would apply them to the new one
            Path(f"{old}{suffix}").unlink(missing_ok=True)


def _dates(path: Path) -> list[str]:
    """Return the dates of a damaged database that can be found."""
    found: set[str] = set()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            for table in (
                "pages",
                "runs",
                "markets",
                "asns",
                "ranking_groups",
                "relation_groups",
                "insights",
            ):
                try:
                    query = f"SELECT DISTINCT run_date FROM {table} NOT INDEXED"  # noqa: S608 (names of our own)
                    found.update(date for (date,) in db.execute(query) if isinstance(date, str))
                except SQLITE_ERRORS:
                    continue
    except SQLITE_ERRORS:
        return []
    return sorted(found)


def _free(path: Path) -> Path:
    """Return an unused path: the given one, or one with a number; create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, path
    while free.exists():
        free = path.with_name(f"{path.name}.{number}")
        number += 1
    return free
