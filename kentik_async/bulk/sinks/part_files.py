"""Tables as files: one for each table and date, replaced as a whole.

    TARGET/<table>/run_date=YYYY-MM-DD/part-0001.<suffix>

The name never changes. A new version is written to a temporary file and then renamed in one step, so a
reader that lists and opens the files always finds exactly one of the two versions.
"""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.schema import TABLES, Owner
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import PartSource, system_errors
from kentik_async.errors import TargetError

__all__ = ["PartFiles", "PartWriter", "date_of_part"]

_NAME = "part-0001"
_PART = re.compile(rf"(?:{'|'.join(TABLES)})/run_date=(\d{{4}}-\d\d-\d\d)/{_NAME}\.\w+")


class PartWriter(Protocol):
    """Writes a new version of one part: the rows of the old version that stay, and the new rows."""

    def begin(self, old: PartSource | None, removed: frozenset[Owner]) -> None:
        """Copy the rows of the old version whose owners are not removed."""
        ...

    def add(self, columns: Mapping[str, list[Any]]) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...

    def abandon(self) -> None:
        """Close the file, in any state."""
        ...


MakeWriter = Callable[[str, Path], PartWriter]


class PartFiles:
    """The files of a target's tables, in one format."""

    def __init__(self, layout: Layout, suffix: str) -> None:
        """Compose.

        Args:
            layout: The target.
            suffix: The end of the files' names.
        """
        self._layout = layout
        self._suffix = suffix

    def dates(self) -> list[str]:
        """Return the dates for which any table has a file."""
        found = {date_of_part(part) for part in self._layout.tables.parts(*TABLES)}
        return sorted(filter(None, found))

    def find(self, table: str, run_date: str) -> PartSource | None:
        """Return the part of a table and date, or None."""
        mine = self.part(table, run_date)
        return self._layout.tables.source(mine) if self._layout.tables.has_part(mine) else None

    def require_own(self, run_date: str) -> None:
        """Check that a date's folders hold no foreign part, which no pull wrote.

        Raises:
            TargetError: They hold one.
        """
        for part in self._layout.tables.parts(*TABLES, run_date=run_date):
            if part != self.part(part.partition("/")[0], run_date):
                raise TargetError(
                    f"{self._layout.name} holds a file that no pull wrote: {part}; move it away, or run "
                    f"'kentik-async kmi repair {self._layout.name}'"
                )

    def part(self, table: str, run_date: str) -> str:
        """Return the path of a part below the target."""
        return f"{table}/run_date={run_date}/{_NAME}.{self._suffix}"

    def replace(self, change: DateChange, make: MakeWriter) -> None:
        """Write new versions of all tables in a change, then move each into place.

        Args:
            change: The change.
            make: Makes the writer of one table's new part.
        """
        with system_errors(self._layout.name):
            with ExitStack() as stack:
                written = self._write(change, make, stack)
            for table in TABLES:  # in this order: pages and runs, which list the saved rows, come last
                if table in written:
                    self._layout.tables.publish(written[table], self.part(table, change.run_date))

    def _write(self, change: DateChange, make: MakeWriter, stack: ExitStack) -> dict[str, Path]:
        """Write new versions of tables; return the unfinished files by table."""
        writers: dict[str, PartWriter] = {}
        paths: dict[str, Path] = {}

        def writer(table: str) -> PartWriter:
            if table not in writers:
                old = self.find(table, change.run_date)
                name = f"{table}-{threading.get_ident()}.{self._suffix}"
                paths[table] = self._layout.tmp / name
                writers[table] = make(table, paths[table])
                stack.callback(writers[table].abandon)
                writers[table].begin(old, change.removed.get(table, frozenset()))
            return writers[table]

        for rows in change.added:
            for table, columns in rows.items():
                writer(table).add(columns)
        for table in change.removed.keys() - writers.keys():
            if self.find(table, change.run_date) is not None:
                writer(table)
        for open_writer in writers.values():
            open_writer.close()
        return paths

    def drop(self, run_date: str) -> None:
        """Delete the files of a date, starting with the tables that list the saved rows."""
        for table in reversed(list(TABLES)):
            for part in self._layout.tables.parts(table, run_date=run_date):
                self._layout.tables.remove(part)


def date_of_part(part: str) -> str | None:
    """Return the date of a part from its path below the target; None if no pull writes such a path."""
    found = _PART.fullmatch(part)
    return None if found is None else found[1]
