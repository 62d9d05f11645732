"""The kinds of tables that a pull can land as."""

from collections.abc import Callable, Mapping

from kentik_async.bulk.layout import Layout
from kentik_async.bulk.stores.base import Store
from kentik_async.bulk.stores.parquet import ParquetStore
from kentik_async.bulk.stores.sqlite import SqliteStore
from kentik_async.bulk.stores.text import CsvStore, NdjsonStore

__all__ = ["STORES", "Store"]

STORES: Mapping[str, Callable[[Layout], Store]] = {
    "parquet": ParquetStore,
    "sqlite": SqliteStore,
    "ndjson": NdjsonStore,
    "csv": CsvStore,
}
