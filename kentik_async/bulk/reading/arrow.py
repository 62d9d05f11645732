"""One target's tables as Arrow datasets, whatever the format."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.journal.schema import SQLITE_ERRORS
from kentik_async.bulk.reading.saved_target import SavedTarget
from kentik_async.bulk.sinks.delta import DeltaSink
from kentik_async.bulk.sinks.parquet import arrow_schema
from kentik_async.bulk.sinks.part_files import date_of_part
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.sinks.sqlite import SQLITE_FILE
from kentik_async.errors import TargetError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["dated_schema", "table_dataset"]

_ROWS_AT_ONCE = 65_536


def dated_schema(table: str) -> "pa.Schema":
    """Return a table's schema with the column `run_date` first.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    schema = arrow_schema(table)
    import pyarrow as pa

    return pa.schema([pa.field("run_date", pa.date32()), *schema], schema.metadata)


def table_dataset(saved: SavedTarget, table: str, dates: Sequence[str] | None = None) -> "ds.Dataset":
    """Return a table as it is now; a dataset without rows if there are none.

    Files are read when the dataset is used; the rows of a SQLite file are read immediately.

    Args:
        saved: The target.
        table: The table.
        dates: Only these dates, YYYY-MM-DD.

    Raises:
        TargetError: The target cannot be read.
        ConfigError: pyarrow is not installed.
    """
    if saved.store == "sqlite":
        return _from_sqlite(saved, table, dates)
    return _from_files(saved, table, dates)


def _from_files(saved: SavedTarget, table: str, dates: Sequence[str] | None) -> "ds.Dataset":
    """Return a dataset of the parts that pulls write; foreign files are not read."""
    schema = dated_schema(table)
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyarrow import fs

    folder = saved.layout.tables
    if folder.filesystem is None:
        root, files = str(Path(folder.root).absolute()), fs.LocalFileSystem()
    else:
        from kentik_async.bulk.reading.remote_files import arrow_filesystem

        root, files = folder.root, arrow_filesystem(folder.filesystem)
    kind = _format(saved.store)
    fragments = []
    for date, part in _parts(saved, table, dates):
        if dates is None or date in dates:
            on = ds.field("run_date") == pa.scalar(dt.date.fromisoformat(date))
            fragments.append(kind.make_fragment(f"{root}/{part}", files, on))
    return ds.FileSystemDataset(fragments, schema, kind, files)


def _parts(saved: SavedTarget, table: str, dates: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """Yield the files of a table, each with its date; files of other dates may be among them."""
    if isinstance(saved.sink, DeltaSink):
        yield from saved.sink.files(table)
        return
    # One date is listed by itself: an object store needs one request per thousand files, and years have many.
    only = dates[0] if dates is not None and len(dates) == 1 else None
    for part in saved.layout.tables.parts(table, run_date=only):
        date = date_of_part(part)
        if date is not None and part.endswith(f".{saved.store}"):
            yield date, part


def _format(store: str) -> Any:
    import pyarrow.dataset as ds
    from pyarrow import csv

    if store in ("parquet", "delta"):
        return ds.ParquetFileFormat()
    if store == "ndjson":
        return ds.JsonFileFormat()
    # Only an empty field is a missing value: a network may be called "NA" or "null".
    missing = csv.ConvertOptions(null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True)
    # A name may contain a line break.
    lines = csv.ParseOptions(newlines_in_values=True)
    return ds.CsvFileFormat(parse_options=lines, convert_options=missing)


def _from_sqlite(saved: SavedTarget, table: str, dates: Sequence[str] | None) -> "ds.Dataset":
    schema = dated_schema(table)
    import pyarrow as pa
    import pyarrow.dataset as ds

    # SQLite has no date and no boolean type: they are read as text and numbers, then cast.
    raw = pa.schema([(field.name, _stored_as(field.type)) for field in schema])
    columns = ", ".join(f'"{name}"' for name in ["run_date", *TABLES[table]])
    query = f"SELECT {columns} FROM {table}"  # noqa: S608 (names of our own)
    if dates is not None:
        query += f" WHERE run_date IN ({', '.join('?' * len(dates))})"
    path = Path(saved.layout.tables.root, SQLITE_FILE)
    batches = []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            cursor = db.execute(query, dates or ())
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                arrays = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), raw, strict=True)
                ]
                batches.append(pa.record_batch(arrays, schema=raw))
    except (*SQLITE_ERRORS, pa.ArrowException) as error:
        raise TargetError(
            f"{path} is damaged: {error}; 'kentik-async kmi repair {saved.layout.name}' repairs what it can"
        ) from error
    return ds.dataset(pa.Table.from_batches(batches, raw).cast(schema))


def _stored_as(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_temporal(kind):
        return pa.string()
    return pa.int64() if pa.types.is_boolean(kind) else kind
