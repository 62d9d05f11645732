"""A saved target's tables as Arrow datasets, whatever kind of files they are. It never calls the API."""

import datetime as dt
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.journal.damage import SQLITE_ERRORS
from kentik_async.bulk.sinks.parquet import arrow_schema
from kentik_async.bulk.sinks.tables import TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import TargetError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["Tables", "open_target"]

_SUFFIXES = {".parquet": "parquet", ".ndjson": "json", ".csv": "csv"}
_SQLITE = "kmi.sqlite"
_ROWS_AT_ONCE = 65_536


def open_target(target: str | os.PathLike[str]) -> "Tables":
    """Open what a pull saved.

        tables = kentik_async.open("data")
        tables.rankings.to_table(filter=ds.field("rank") <= 10).to_pandas()

    Args:
        target: The folder, or its URL.

    Returns:
        Its tables as pyarrow datasets; `run_date`, a date, is a column of each.

    Raises:
        TargetError: No pull was saved there.
        ConfigError: pyarrow, or what such a URL needs, is not installed.
    """
    layout = Layout(target)
    there = layout.state.is_dir() if layout.local else bool(layout.tables.parts("pages"))
    if not there:
        raise TargetError(f"no pull was saved in {layout.name}: 'kentik-async kmi pull' saves one")
    arrow_schema("pages")  # says what to install, if pyarrow is missing
    return Tables(layout)


class Tables:
    """The tables of a target, each opened when it is first asked for.

    A dataset holds the parts that were there when it was opened. The tables of a SQLite file are read into
    memory; of the other kinds, only what a query needs.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @cached_property
    def rankings(self) -> "ds.Dataset":
        """One row a network in a ranking: market_id, rank_type, ip, rank, asn, name, score and changes."""
        return self._dataset("rankings")

    @cached_property
    def relations(self) -> "ds.Dataset":
        """One row a neighbour: market_id, ip, asn, relation, related_asn, related_name and what marks it."""
        return self._dataset("relations")

    @cached_property
    def asns(self) -> "ds.Dataset":
        """One row a network whose details were asked for: name, country_name, numbers of neighbours."""
        return self._dataset("asns")

    @cached_property
    def markets(self) -> "ds.Dataset":
        """One row a market: market_id and name."""
        return self._dataset("markets")

    @cached_property
    def pages(self) -> "ds.Dataset":
        """One row a call: what was asked, when, how it ended."""
        return self._dataset("pages")

    def dates(self) -> list[str]:
        """Return the dates that the target holds, YYYY-MM-DD, oldest first."""
        column = self.pages.to_table(columns=["run_date"])["run_date"]
        return sorted(date.isoformat() for date in column.unique().to_pylist())

    def rows(self, table: str, date: dt.date, markets: Sequence[str] | None = None) -> "pa.Table":
        """Return one date's rows of a table; none if the target has no such table.

        Args:
            table: "rankings", "relations", "asns", "markets" or "pages".
            date: The date that the rows bear.
            markets: Only rows of these markets, by id.
        """
        import pyarrow as pa
        import pyarrow.dataset as ds

        try:
            dataset = self._dataset(table)
        except TargetError:
            return pa.Table.from_batches([], arrow_schema(table))
        wanted = ds.field("run_date") == pa.scalar(date, pa.date32())
        if markets is not None:
            wanted = wanted & ds.field("market_id").isin(list(markets))
        return dataset.to_table(filter=wanted)

    def _dataset(self, table: str) -> "ds.Dataset":
        import pyarrow as pa
        import pyarrow.dataset as ds

        run_date = pa.schema([("run_date", pa.date32())])
        schema = pa.unify_schemas([run_date, arrow_schema(table)])
        local, folder = self._layout.local, self._layout.tables
        if local is not None and (local / _SQLITE).exists():
            return ds.dataset(_from_sqlite(local / _SQLITE, table, schema))
        part = next(iter(folder.parts(table)), None)
        if part is None:
            raise TargetError(
                f"{self._layout.name} has no table {table!r}: no pull into it asked for such rows"
            )
        with folder.errors():
            return ds.dataset(
                f"{folder.root}/{table}",
                schema=schema,
                format=_format(_SUFFIXES[Path(part).suffix]),
                partitioning=ds.partitioning(run_date, flavor="hive"),
                filesystem=folder.filesystem,
            )


def _format(name: str) -> Any:
    if name != "csv":
        return name
    import pyarrow.dataset as ds
    from pyarrow import csv

    # What stands for a missing value is nothing at all: a network may be called "NA" or "null".
    absent = csv.ConvertOptions(null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True)
    # A name may hold a line's end.
    lines = csv.ParseOptions(newlines_in_values=True)
    return ds.CsvFileFormat(parse_options=lines, convert_options=absent)


def _from_sqlite(path: Path, table: str, schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    # SQLite has neither dates nor truth values: they are read as text and numbers, then cast.
    raw = pa.schema([(field.name, _stored_as(field.type)) for field in schema])
    columns = ", ".join(f'"{name}"' for name in ["run_date", *TABLES[table]])
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            cursor = db.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 (names of our own)
            batches = []
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                columns_read = zip(zip(*rows, strict=True), raw, strict=True)
                arrays = [pa.array(values, field.type) for values, field in columns_read]
                batches.append(pa.record_batch(arrays, schema=raw))
    except SQLITE_ERRORS as error:
        raise TargetError(f"{path} cannot be read: {error}") from error
    return pa.Table.from_batches(batches, raw).cast(schema)


def _stored_as(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_temporal(kind):
        return pa.string()
    return pa.int64() if pa.types.is_boolean(kind) else kind
