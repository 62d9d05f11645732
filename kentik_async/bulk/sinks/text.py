"""Tables as text: NDJSON and CSV, one file for each table and date."""

import csv
import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.part_files import PartFiles
from kentik_async.bulk.sinks.schema import OWNER, SORTED_BY, TABLES, Columns, Owner
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import PartSource
from kentik_async.errors import TargetError

__all__ = ["CsvSink", "NdjsonSink", "from_iso", "iso_timestamps"]

T = TypeVar("T")

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

Row = dict[str, Any]


class _TextSink:
    shared = False
    _suffix: str
    _writer: type["_TextWriter"]

    def __init__(self, layout: Layout) -> None:
        self._files = PartFiles(layout, self._suffix)

    def check(self) -> None:
        """Text files have no version: nothing to check."""

    def require_own_files(self, run_date: str) -> None:
        """Raise TargetError for a date with foreign files."""
        self._files.require_own(run_date)

    def dates(self) -> list[str]:
        """Return the dates that the tables hold."""
        return self._files.dates()

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return a date's rows of a table."""
        wanted = list(columns or TABLES[table])
        part = self._files.find(table, run_date)
        found: Columns = {name: [] for name in wanted}
        for row in self._writer.rows(table, part) if part else ():
            for name in wanted:
                found[name].append(row[name])
        return found

    def exclusively(self, run_date: str, work: Callable[[], T], *, recovers: bool = False) -> T:
        """Run `work` and return its result; the target's lock excludes other runs."""
        return work()

    def replace(self, change: DateChange) -> None:
        """Apply a change."""
        self._files.replace(change, self._writer)

    def drop(self, run_date: str) -> None:
        """Delete the files of a date."""
        self._files.drop(run_date)


class _TextWriter(ABC):
    """Writes the rows of the old file that stay, then the new rows, some pages at a time in order."""

    def __init__(self, table: str, path: Path) -> None:
        self._table = table
        self._file = path.open("w", encoding="utf-8", newline="")

    def begin(self, old: PartSource | None, removed: frozenset[Owner]) -> None:
        self._write_header()
        names = OWNER[self._table]
        for row in self.rows(self._table, old) if old else ():
            if tuple(row[name] for name in names) not in removed:
                self._write([row])

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        names = list(columns)
        keys = list(zip(*(columns[name] for name in SORTED_BY[self._table]), strict=True))
        rows = list(zip(*columns.values(), strict=True))
        # A missing value sorts last, as it does in Parquet.
        order = sorted(range(len(rows)), key=lambda i: [(value is None, value) for value in keys[i]])
        self._write(dict(zip(names, rows[place], strict=True)) for place in order)

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):  # a full disk has been reported already
            self._file.close()

    @abstractmethod
    def _write_header(self) -> None: ...

    @abstractmethod
    def _write(self, rows: Iterable[Row]) -> None: ...

    @classmethod
    @abstractmethod
    def rows(cls, table: str, part: PartSource) -> Iterator[Row]:
        """Yield the rows of a file."""


class _NdjsonWriter(_TextWriter):
    def _write_header(self) -> None:
        """NDJSON has no header."""

    def _write(self, rows: Iterable[Row]) -> None:
        times = _timestamps(self._table)
        for row in rows:
            self._file.write(msgspec.json.encode(_with_iso(row, times)).decode() + "\n")

    @classmethod
    def rows(cls, table: str, part: PartSource) -> Iterator[Row]:
        _names, times = list(TABLES[table]), _timestamps(table)
        with part.open() as file:
            for number, line in enumerate(file, 1):
                try:
                    row = msgspec.json.decode(line, type=dict)
                    yield {
                        name: from_iso(row[name]) if name in times else row[name] for name in TABLES[table]
                    }
                except (msgspec.MsgspecError, KeyError, ValueError, TypeError) as error:
                    raise _damaged(part, number, error) from error


class _CsvWriter(_TextWriter):
    def _write_header(self) -> None:
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(TABLES[self._table])

    def _write(self, rows: Iterable[Row]) -> None:
        times = _timestamps(self._table)
        self._csv.writerows(_with_iso(row, times).values() for row in rows)

    @classmethod
    def rows(cls, table: str, part: PartSource) -> Iterator[Row]:
        kinds = TABLES[table]
        with part.open_text() as file:
            reader = csv.reader(file)
            try:
                names = next(reader, [])
                for values in reader:
                    row = dict(zip(names, values, strict=True))
                    yield {name: _from_text(kind, row[name]) for name, kind in kinds.items()}
            except (csv.Error, KeyError, ValueError) as error:
                raise _damaged(part, reader.line_num, error) from error


class NdjsonSink(_TextSink):
    """Folders of files with one JSON object a line."""

    _suffix = "ndjson"
    _writer = _NdjsonWriter


class CsvSink(_TextSink):
    """Folders of CSV files with a header line each; an empty field is a missing value."""

    _suffix = "csv"
    _writer = _CsvWriter


def iso_timestamps(table: str, columns: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
    """Return columns with their timestamps as ISO 8601 text."""
    changed = {}
    for name in _timestamps(table) & columns.keys():
        texts = {at: _iso(at) for at in set(columns[name])}
        changed[name] = [texts[at] for at in columns[name]]
    return {**columns, **changed}


def from_iso(text: str | None) -> int | None:
    """Return ISO 8601 text as microseconds since the Unix epoch.

    Raises:
        ValueError: The text is not a time.
    """
    return None if text is None else (dt.datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def _timestamps(table: str) -> frozenset[str]:
    return frozenset(name for name, kind in TABLES[table].items() if kind == "timestamp")


def _with_iso(row: Row, times: frozenset[str]) -> Row:
    return {name: _iso(value) if name in times else value for name, value in row.items()}


@lru_cache(maxsize=1024)  # all rows of a page have the same time
def _iso(microseconds: int | None) -> str | None:
    return None if microseconds is None else (_EPOCH + microseconds * _MICROSECOND).isoformat()


def _from_text(kind: str, text: str) -> Any:
    if not text:
        return None
    if kind in ("int32", "int64"):
        return int(text)
    if kind == "bool":
        return text == "True"
    return from_iso(text) if kind == "timestamp" else text


def _damaged(part: PartSource, line: int, error: Exception) -> TargetError:
    return TargetError(
        f"{part.name} is damaged at line {line}: {error}; "
        f"'kentik-async kmi repair {part.target}' repairs what it can"
    )
