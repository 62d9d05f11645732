"""What every kind of table can do, and what those that write a file a part have in common."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from kentik_async.bulk.sinks.tables import TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import finish_file, system_errors

__all__ = ["PartStore", "PartWriter", "Store"]

Rows = Mapping[str, Mapping[str, list[Any]]]


class Store(Protocol):
    """Where rows land. Landing a batch again replaces what it landed before."""

    def check(self) -> None:
        """Raise TargetError if the target holds tables of another version or kind."""
        ...

    def land(self, run_date: str, batch: int, chunks: Iterable[Rows], *, staged: str | None) -> None:
        """Make a batch's rows part of the tables, whole or not at all.

        Args:
            run_date: The date that the rows bear.
            batch: The batch's number, unique for the date.
            chunks: The rows, some pages' at a time, by table and column.
            staged: The run whose rows are kept aside until `swap`; None lands them at once.
        """
        ...

    def swap(self, run_date: str, staged: str) -> None:
        """Let a staged run's rows take the place of all that the date held; may be repeated after a kill."""
        ...


class PartWriter(Protocol):
    """Writes one part of one table to a file."""

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Finish the file, its rows in the table's order as far as the kind of file allows."""
        ...


class PartStore:
    """Tables as folders of files, one file a batch."""

    def __init__(self, layout: Layout, suffix: str, writer: Callable[[str, Path], PartWriter]) -> None:
        """Compose.

        Args:
            layout: Where things lie.
            suffix: How the files' names end.
            writer: Makes the writer of one table's part at a path.
        """
        self._layout = layout
        self._suffix = suffix
        self._writer = writer

    def check(self) -> None:
        """Files bear no version of their own: the journal beside them does."""

    def land(self, run_date: str, batch: int, chunks: Iterable[Rows], *, staged: str | None) -> None:
        """Write a file for each table that has rows."""
        name = f"part-{batch:04d}.{self._suffix}"
        writers: dict[str, PartWriter] = {}
        with system_errors(self._layout.name), ExitStack() as stack:
            for rows in chunks:
                for table, columns in rows.items():
                    if table not in writers:
                        writers[table] = self._writer(table, self._layout.tmp / f"{table}-{name}")
                        stack.callback(writers[table].close)
                    writers[table].add(columns)
        for table in [table for table in TABLES if table in writers]:
            # In the tables' order, the pages last: where they are, the others are too.
            self._finish(self._layout.tmp / f"{table}-{name}", f"{table}/run_date={run_date}/{name}", staged)

    def _finish(self, unfinished: Path, part: str, staged: str | None) -> None:
        with system_errors(self._layout.name):
            if staged is None:
                self._layout.tables.finish(unfinished, part)
                unfinished.unlink(missing_ok=True)  # what was uploaded is still here
            else:
                finish_file(unfinished, self._layout.staged(staged) / part)

    def swap(self, run_date: str, staged: str) -> None:
        """Let the staged parts take the place of the date's."""
        with system_errors(self._layout.name):
            self._layout.tables.swap(self._layout.staged(staged), run_date, TABLES)
