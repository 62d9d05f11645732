"""Tables as Parquet: one sorted file a batch, the types the same in all of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.journal import SCHEMA_VERSION
from kentik_async.bulk.layout import Layout
from kentik_async.bulk.stores.base import PartStore
from kentik_async.bulk.tables import SORTED_BY, TABLES
from kentik_async.errors import ConfigError, TargetError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["ParquetStore", "arrow_schema"]

_VERSION_KEY = b"kentik_async.schema_version"


class ParquetStore(PartStore):
    """Folders of Parquet files."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, "parquet", _ParquetWriter)

    def check(self) -> None:
        """Raise TargetError if the target holds tables of another version, ConfigError without pyarrow."""
        arrow_schema("pages")  # says what to install, if pyarrow is missing
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types

        for table in TABLES:
            part = next(self._layout.target.glob(f"{table}/run_date=*/part-*.parquet"), None)
            if part is None:
                continue
            version = (pq.read_schema(part).metadata or {}).get(_VERSION_KEY, b"none").decode()
            if version != str(SCHEMA_VERSION):
                raise TargetError(
                    f"{part} has schema version {version}, and this release writes {SCHEMA_VERSION}: "
                    "use the release that wrote it, or another target"
                )


class _ParquetWriter:
    def __init__(self, table: str, path: Path) -> None:
        self._table = table
        self._path = path
        self._schema = arrow_schema(table)
        self._chunks: list[pa.Table] = []

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        import pyarrow as pa

        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        self._chunks.append(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.concat_tables(self._chunks)
        rows = rows.sort_by([(name, "ascending") for name in SORTED_BY[self._table]])
        pq.write_table(rows, self._path, compression="zstd", row_group_size=1 << 20)


def arrow_schema(table: str) -> "pa.Schema":
    """Return a table's Arrow schema, the version of its layout in the metadata.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise ConfigError("Parquet needs pyarrow: pip install 'kentik-async[parquet]'") from None
    types = {
        "string": pa.string(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    fields = [(name, types[kind]) for name, kind in TABLES[table].items()]
    return pa.schema(fields, metadata={_VERSION_KEY: str(SCHEMA_VERSION).encode()})
