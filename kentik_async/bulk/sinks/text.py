"""Tables as text: NDJSON and CSV, one file a batch, sorted some pages at a time, and these by key."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kentik_async.bulk.sinks.base import PartStore
from kentik_async.bulk.sinks.tables import SORTED_BY, TABLES, with_iso_timestamps
from kentik_async.bulk.target.layout import Layout

__all__ = ["CsvStore", "NdjsonStore"]


class NdjsonStore(PartStore):
    """Folders of files with one JSON object a line."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, "ndjson", _NdjsonWriter)


class CsvStore(PartStore):
    """Folders of CSV files with a header line each; an empty field is a missing value."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, "csv", _CsvWriter)


class _NdjsonWriter:
    def __init__(self, table: str, path: Path) -> None:
        self._table = table
        self._file = path.open("wb")
        self._encoder = msgspec.json.Encoder()

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        names = list(columns)
        for row in _sorted_rows(self._table, columns):
            self._file.write(self._encoder.encode(dict(zip(names, row, strict=True))) + b"\n")

    def close(self) -> None:
        self._file.close()


class _CsvWriter:
    def __init__(self, table: str, path: Path) -> None:
        self._table = table
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(TABLES[table])

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        self._writer.writerows(_sorted_rows(self._table, columns))

    def close(self) -> None:
        self._file.close()


def _sorted_rows(table: str, columns: Mapping[str, list[Any]]) -> Iterator[tuple[Any, ...]]:
    columns = with_iso_timestamps(columns)
    keys = list(zip(*(columns[name] for name in SORTED_BY[table]), strict=True))
    rows = list(zip(*columns.values(), strict=True))
    # A missing value sorts last, as it does in Parquet.
    for place in sorted(range(len(rows)), key=lambda i: [(value is None, value) for value in keys[i]]):
        yield rows[place]
