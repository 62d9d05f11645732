"""The interface of every table format: replace the rows of some pages, and read them back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from kentik_async.bulk.sinks.schema import Columns, Owner

__all__ = ["DateChange", "Rows", "Sink"]

T = TypeVar("T")

Rows = Mapping[str, Mapping[str, list[Any]]]
"""Rows of several tables, by table and column."""


@dataclass(frozen=True, slots=True)
class DateChange:
    """A change of one date: removes the rows of some owners, and adds rows.

    Attributes:
        run_date: The date, YYYY-MM-DD.
        removed: For each table the owners (see `OWNER`) whose rows are removed; other tables keep all rows.
        added: The rows to add, some pages at a time, in the order of their pages.
    """

    run_date: str
    removed: Mapping[str, frozenset[Owner]]
    added: Iterable[Rows]


class Sink(Protocol):
    """The tables of a target, of one format.

    Attributes:
        shared: Whether several runs may write at once: each change is a separate transaction.
    """

    shared: bool

    def check(self) -> None:
        """Check that the target can be used.

        Raises:
            TargetError: The target holds tables of another schema version or format.
            ConfigError: A package that the format needs is not installed.
        """
        ...

    def require_own_files(self, run_date: str) -> None:
        """Check that a date holds no foreign file, which no pull wrote: readers would read its rows too.

        Raises:
            TargetError: It holds one.
        """
        ...

    def dates(self) -> list[str]:
        """Return the dates that the tables hold, YYYY-MM-DD, oldest first."""
        ...

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return a date's rows of a table, in no particular order; empty lists if there are none.

        Args:
            table: The table.
            run_date: The date.
            columns: The columns; all if omitted.

        Raises:
            TargetError: The table cannot be read.
        """
        ...

    def exclusively(self, run_date: str, work: Callable[[], T], *, recovers: bool = False) -> T:
        """Run `work` and return its result, while no other run changes the date.

        Args:
            run_date: The date.
            work: Reads the date and replaces rows of it; called again if another run was quicker.
            recovers: Whether an earlier attempt was interrupted: its leftover files are deleted first.

        Raises:
            TargetError: The tables cannot be written.
        """
        ...

    def replace(self, change: DateChange) -> None:
        """Apply a change. Readers see each table either before or after it, and never miss a file.

        The same change may be applied again, after a kill in the middle of it: the result is the same.

        Raises:
            TargetError: The tables cannot be written.
        """
        ...

    def drop(self, run_date: str) -> None:
        """Delete all rows of a date.

        Raises:
            TargetError: The tables cannot be written.
        """
        ...
