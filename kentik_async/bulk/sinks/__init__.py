"""The kinds of tables that a pull can land as."""

from collections.abc import Callable, Mapping

from kentik_async.bulk.sinks.base import Store
from kentik_async.bulk.sinks.parquet import ParquetStore
from kentik_async.bulk.sinks.sqlite import SqliteStore
from kentik_async.bulk.sinks.text import CsvStore, NdjsonStore
from kentik_async.bulk.target.layout import Layout

__all__ = ["STORES", "Store"]

STORES: Mapping[str, Callable[[Layout], Store]] = {
    "parquet": ParquetStore,
    "sqlite": SqliteStore,
    "ndjson": NdjsonStore,
    "csv": CsvStore,
}
