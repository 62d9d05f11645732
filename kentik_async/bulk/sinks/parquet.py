"""Tables as Parquet: one sorted file for each table and date, all with the same types."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.part_files import PartFiles, date_of_part
from kentik_async.bulk.sinks.schema import OWNER, SORTED_BY, TABLES, Columns, Owner
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import PartSource
from kentik_async.errors import ConfigError, TargetError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["ParquetSink", "arrow_schema", "arrow_table", "columns_of", "without_owners"]

T = TypeVar("T")

_ROWS_A_GROUP = 1 << 17
"""Number of rows that are sorted and written together: limits the memory for the first version of a part."""

_ORDER = {table: [(name, "ascending") for name in names] for table, names in SORTED_BY.items()}
_TEXTS = {
    table: [name for name, kind in columns.items() if kind == "string"] for table, columns in TABLES.items()
}

_VERSION_KEY = b"kentik_async.schema_version"


class ParquetSink:
    """Folders of Parquet files."""

    shared = False

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._files = PartFiles(layout, "parquet")

    def check(self) -> None:
        """Raise TargetError for another schema version, ConfigError without pyarrow."""
        arrow_schema("pages")  # says what to install, if pyarrow is missing
        # A file of a remote target is fetched whole, so the smallest one is read.
        tables = TABLES if self._layout.local is not None else ["runs"]
        for part in self._layout.tables.any_parts(*tables):
            if date_of_part(part):
                source = self._layout.tables.source(part)
                _require_version(self._schema(source), source)

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
        if part is None:
            return {name: [] for name in wanted}
        return columns_of(_read(part, table, wanted))

    def exclusively(self, run_date: str, work: Callable[[], T], *, recovers: bool = False) -> T:
        """Run `work` and return its result; the target's lock excludes other runs."""
        return work()

    def replace(self, change: DateChange) -> None:
        """Apply a change."""
        self._files.replace(change, _ParquetWriter)

    def drop(self, run_date: str) -> None:
        """Delete the files of a date."""
        self._files.drop(run_date)

    def _schema(self, part: PartSource) -> "pa.Schema":
        import pyarrow as pa
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # pyarrow ships no types

        with part.open() as file:
            try:
                return pq.read_schema(file)
            except pa.ArrowException as error:
                raise _damaged(part, error) from error


class _ParquetWriter:
    """Writes rows in sorted groups; pages come in the order of the table, and so do the groups.

    If there is an old version, both are merged in memory: about 100 bytes a row.
    """

    def __init__(self, table: str, path: Path) -> None:
        import pyarrow.parquet as pq

        self._table = table
        self._schema = arrow_schema(table)
        self._merges = False
        self._chunks: list[pa.Table] = []
        self._rows = 0
        # DuckDB plans a query with the minimum and maximum statistics of a file, then opens the file again:
        # the query fails if the file was replaced in between and has other statistics.
        texts: Any = _TEXTS[table]
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            write_page_checksum=True,
            write_statistics=texts,
        )

    def begin(self, old: PartSource | None, removed: frozenset[Owner]) -> None:
        if old is not None:
            self._merges = True
            rows = _read(old, self._table, list(TABLES[self._table]))
            self._chunks.append(without_owners(rows, self._table, removed))

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        self._chunks.append(arrow_table(columns, self._schema))
        self._rows += self._chunks[-1].num_rows
        if self._rows >= _ROWS_A_GROUP and not self._merges:
            self._write()

    def close(self) -> None:
        if self._chunks:
            self._write()
        self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):  # a full disk has been reported already
            self._file.close()

    def _write(self) -> None:
        import pyarrow as pa

        rows = pa.concat_tables(self._chunks).sort_by(_ORDER[self._table])
        self._file.write_table(rows, row_group_size=_ROWS_A_GROUP)
        self._chunks.clear()
        self._rows = 0


@cache
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


def arrow_table(columns: Mapping[str, list[Any]], schema: "pa.Schema") -> "pa.Table":
    """Return rows as an Arrow table."""
    import pyarrow as pa

    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def columns_of(rows: "pa.Table") -> Columns:
    """Return an Arrow table as lists, its timestamps in microseconds since the Unix epoch."""
    import pyarrow as pa

    found = {}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        found[name] = values.to_pylist()
    return found


def without_owners(rows: "pa.Table", table: str, removed: frozenset[Owner]) -> "pa.Table":
    """Return the rows of all owners except the given ones."""
    import pyarrow as pa

    names = OWNER[table]
    if not removed or not rows.num_rows:
        return rows
    if not names:
        return rows.slice(0, 0)
    # Each distinct owner is examined once: a table has thousands of rows for one owner.
    codes = rows.select(names).append_column("_row", pa.array(range(rows.num_rows), pa.int64()))
    owners = codes.group_by(list(names)).aggregate([("_row", "list")]).to_pydict()
    keys = zip(*(owners[name] for name in names), strict=True)
    kept = [
        at
        for key, places in zip(keys, owners["_row_list"], strict=True)
        if key not in removed
        for at in places
    ]
    return rows.take(pa.array(sorted(kept), pa.int64()))


def _read(part: PartSource, table: str, columns: list[str]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Only the file is passed: a path with `run_date=` in it would add that as a column.
    with part.open() as file:
        try:
            # No other thread reads the file: it could hold it until the interpreter exits, which then aborts.
            found = pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
            _require_version(found.schema_arrow, part)
            rows = found.read(columns=columns, use_threads=False)
            schema = arrow_schema(table)
            return rows.cast(pa.schema([schema.field(name) for name in columns], schema.metadata))
        except (pa.ArrowException, OSError, KeyError) as error:
            raise _damaged(part, error) from error


def _require_version(schema: "pa.Schema", part: PartSource) -> None:
    version = (schema.metadata or {}).get(_VERSION_KEY)
    refuse_other_version(int(version) if version else None, part.name, part.target)


def _damaged(part: PartSource, error: Exception) -> TargetError:
    reason = " ".join(str(error).split())
    return TargetError(
        f"{part.name} is damaged: {reason}; 'kentik-async kmi repair {part.target}' repairs what it can"
    )
