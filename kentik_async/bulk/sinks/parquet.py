"""Tables as Parquet: one sorted file a batch, the types the same in all of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.sinks.base import PartStore
from kentik_async.bulk.sinks.tables import SORTED_BY, TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["ParquetStore", "arrow_schema"]

_ROWS_A_GROUP = 1 << 17
"""Rows that are sorted and written at once: what a part takes of memory, however large it becomes."""

_VERSION_KEY = b"kentik_async.schema_version"


class ParquetStore(PartStore):
    """Folders of Parquet files."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout, "parquet", _ParquetWriter)

    def check(self) -> None:
        """Raise TargetError if the target holds tables of another version, ConfigError without pyarrow."""
        arrow_schema("pages")  # says what to install, if pyarrow is missing
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types

        folder = self._layout.tables
        for table in TABLES:
            part = next((part for part in folder.parts(table) if part.endswith(".parquet")), None)
            if part is None:
                continue
            with folder.errors():
                schema = pq.read_schema(f"{folder.root}/{part}", filesystem=folder.filesystem)
            version = (schema.metadata or {}).get(_VERSION_KEY)
            refuse_other_version(int(version) if version else None, part, self._layout.name)


class _ParquetWriter:
    """Writes rows in groups, each sorted; pages come in the tables' order, and so do the groups."""

    def __init__(self, table: str, path: Path) -> None:
        import pyarrow.parquet as pq

        self._order = [(name, "ascending") for name in SORTED_BY[table]]
        self._schema = arrow_schema(table)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._chunks: list[pa.Table] = []
        self._rows = 0

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        import pyarrow as pa

        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        self._chunks.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows += self._chunks[-1].num_rows
        if self._rows >= _ROWS_A_GROUP:
            self._write()

    def close(self) -> None:
        if self._chunks:
            self._write()
        self._file.close()

    def _write(self) -> None:
        import pyarrow as pa

        rows = pa.concat_tables(self._chunks).sort_by(self._order)
        self._file.write_table(rows, row_group_size=rows.num_rows)
        self._chunks.clear()
        self._rows = 0


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
