"""The formats that tables can be written in."""

from collections import Counter
from collections.abc import Callable, Mapping

from kentik_async.bulk.sinks.base import DateChange, Rows, Sink
from kentik_async.bulk.sinks.delta import DeltaSink
from kentik_async.bulk.sinks.parquet import ParquetSink
from kentik_async.bulk.sinks.part_files import date_of_part
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.sinks.sqlite import SQLITE_FILE, SqliteSink
from kentik_async.bulk.sinks.text import CsvSink, NdjsonSink
from kentik_async.bulk.target.layout import Layout

__all__ = ["SINKS", "DateChange", "Rows", "Sink", "store_of"]

SINKS: Mapping[str, Callable[[Layout], Sink]] = {
    "parquet": ParquetSink,
    "delta": DeltaSink,
    "sqlite": SqliteSink,
    "ndjson": NdjsonSink,
    "csv": CsvSink,
}
"""Formats by the name used in `store=`."""

_SUFFIXES = {"parquet": "parquet", "ndjson": "ndjson", "csv": "csv"}


def store_of(layout: Layout) -> str | None:
    """Return the format of a target's tables, or None if it has none.

    Raises:
        TargetError: The target cannot be read.
    """
    if layout.local is not None and (layout.local / SQLITE_FILE).exists():
        return "sqlite"
    present = layout.tables.present(*TABLES)
    if "runs" in present and layout.tables.has("runs/_delta_log"):
        return "delta"
    for table in reversed(present):  # most targets have the last two tables
        parts = filter(date_of_part, layout.tables.parts(table))
        suffixes = Counter(part.rpartition(".")[2] for part in parts)
        for suffix, _ in suffixes.most_common():  # a few files of another format are foreign
            if suffix in _SUFFIXES:
                return _SUFFIXES[suffix]
    return None
