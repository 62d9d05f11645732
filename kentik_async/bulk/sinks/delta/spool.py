"""Rows for a Delta table in a temporary file: a run may be larger than the memory."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.delta.table import delta_schema
from kentik_async.bulk.sinks.parquet import arrow_table
from kentik_async.bulk.sinks.schema import SORTED_BY
from kentik_async.bulk.target.local import system_errors

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["Spool", "as_reader", "spooled"]

_ROWS_A_GROUP = 1 << 17
"""Number of rows that are sorted together in memory."""


class Spool:
    """Rows of one table and date; they can be read several times once it is complete."""

    def __init__(self, stack: ExitStack, table: str, run_date: str, folder: Path) -> None:
        """Open a temporary file; it has no name, so it is always removed.

        Args:
            stack: Closes the file.
            table: The table.
            run_date: The date.
            folder: The folder of temporary files.
        """
        import pyarrow as pa

        self._order = [(name, "ascending") for name in SORTED_BY[table]]
        self._run_date = date.fromisoformat(run_date)
        self._schema = delta_schema(table)
        self._file = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (the stack closes it)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._writer = stack.enter_context(pa.ipc.new_file(self._file, self._schema, options=options))
        self._chunks: list[pa.Table] = []
        self._rows = 0

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        """Add rows."""
        rows = len(next(iter(columns.values())))
        self._chunks.append(arrow_table({"run_date": [self._run_date] * rows, **columns}, self._schema))
        self._rows += rows
        if self._rows >= _ROWS_A_GROUP:
            self._write()

    def complete(self) -> None:
        """End the file."""
        self._write()
        self._writer.close()

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """Yield the rows."""
        import pyarrow as pa

        self._file.seek(0)
        reader = pa.ipc.open_file(self._file)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def _write(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.concat_tables(self._chunks).sort_by(self._order))
        self._chunks.clear()
        self._rows = 0


def spooled(
    stack: ExitStack, change: DateChange, folder: Path, on_chunk: Callable[[], None]
) -> Mapping[str, Spool]:
    """Return the rows of a change, by table.

    Args:
        stack: Closes the temporary files.
        change: The change; its rows are read to the end.
        folder: The folder of temporary files.
        on_chunk: Called regularly.

    Raises:
        TargetError: The disk cannot be written.
    """
    spools: dict[str, Spool] = {}
    with system_errors(folder):
        for rows in change.added:
            on_chunk()
            for table, columns in rows.items():
                if table not in spools:
                    spools[table] = Spool(stack, table, change.run_date, folder)
                spools[table].add(columns)
        for spool in spools.values():
            spool.complete()
    return spools


def as_reader(schema: "pa.Schema", spool: Spool | None = None, kept: "pa.Table | None" = None) -> Any:
    """Return rows as a stream: the kept rows, then those of a spool."""
    import pyarrow as pa

    def batches() -> "Iterator[pa.RecordBatch]":
        if kept is not None:
            yield from kept.to_batches()
        if spool is not None:
            yield from spool.batches()

    return pa.RecordBatchReader.from_batches(schema, batches())
