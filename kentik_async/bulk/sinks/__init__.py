"""The formats that tables can be written in."""

from collections.abc import Callable, Mapping

from kentik_async.bulk.sinks.base import DateChange, Rows, Sink
from kentik_async.bulk.sinks.parquet import ParquetSink
from kentik_async.bulk.sinks.sqlite import SqliteSink
from kentik_async.bulk.sinks.text import CsvSink, NdjsonSink
from kentik_async.bulk.target.layout import Layout

__all__ = ["SINKS", "DateChange", "Rows", "Sink"]

SINKS: Mapping[str, Callable[[Layout], Sink]] = {
    "parquet": ParquetSink,
    "sqlite": SqliteSink,
    "ndjson": NdjsonSink,
    "csv": CsvSink,
}
"""By the name that `store=` takes."""
