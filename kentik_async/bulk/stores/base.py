"""What every kind of table can do, and what those that write a file a part have in common."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from kentik_async.bulk.layout import Layout, finish_file, sync_folder, target_errors
from kentik_async.bulk.tables import TABLES

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
        with target_errors(self._layout.target):
            for rows in chunks:
                for table, columns in rows.items():
                    if table not in writers:
                        writers[table] = self._writer(table, self._layout.tmp / f"{table}-{name}")
                    writers[table].add(columns)
            for table, writer in writers.items():
                writer.close()
                finished = self._layout.parts(table, run_date, staged) / name
                finish_file(self._layout.tmp / f"{table}-{name}", finished)

    def swap(self, run_date: str, staged: str) -> None:
        """Move the staged folders to where the date's are, one table after the other."""
        with target_errors(self._layout.target):
            ready = self._layout.state / "staged" / staged / "ready"
            if not ready.exists():
                # A table without new rows loses its old ones too: it is swapped for an empty folder. From
                # here on a folder that is missing was moved before a kill: the mark stays for good.
                for table in TABLES:
                    self._layout.parts(table, run_date, staged).mkdir(parents=True, exist_ok=True)
                ready.touch()
                sync_folder(ready.parent)
            for table in TABLES:
                new = self._layout.parts(table, run_date, staged)
                if new.exists():
                    self._swap_folder(new, self._layout.parts(table, run_date), self._layout.tmp / table)

    @staticmethod
    def _swap_folder(new: Path, old: Path, aside: Path) -> None:
        if old.exists():
            shutil.rmtree(aside, ignore_errors=True)
            old.replace(aside)
        if any(new.iterdir()):
            old.parent.mkdir(parents=True, exist_ok=True)
            new.replace(old)
            sync_folder(old.parent)
        else:
            new.rmdir()
