"""The parts of a report: facts, notes, and tables of figures. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

__all__ = ["ReportColumn", "ReportContents", "ReportTable", "ReportTables", "Rows", "ValueKind"]

Rows: TypeAlias = list[dict[str, Any]]
"""Rows by column name; None is a value that is not known."""

ValueKind: TypeAlias = Literal["text", "asn", "count", "change", "share", "date", "flag"]


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of a table.

    Attributes:
        name: The key in the rows.
        title: The heading.
        kind: "text"; "asn"; "count", a number; "change", a number with a sign; "share", 0 to 1, shown in per
            cent; "date"; "flag", yes or no.
        absent: The text for None: why the value is not known, or that there is none.
    """

    name: str
    title: str
    kind: ValueKind = "text"
    absent: str = "—"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table of a report.

    Attributes:
        name: Its key in `KmiReport.tables`.
        title: Its heading.
        caption: The meaning of a row, and the order of the rows.
        columns: Its columns.
        rows: Its rows, all of them.
        charted: Whether the page shows it as a chart only.
    """

    name: str
    title: str
    caption: str
    columns: tuple[ReportColumn, ...]
    rows: Rows
    charted: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def to_dicts(self) -> Rows:
        """Return the rows with exactly the columns of the table, in their order."""
        names = [column.name for column in self.columns]
        return [{name: row.get(name) for name in names} for row in self.rows]


class ReportContents(Protocol):
    """The parts of a report that a page shows."""

    @property
    def name(self) -> str:
        """Its name, which selects the charts."""
        ...

    @property
    def title(self) -> str:
        """Its title."""
        ...

    @property
    def summary(self) -> str:
        """Its subject."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """Its scope."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """The data that is not saved, and the meaning of the figures."""
        ...

    @property
    def tables(self) -> Mapping[str, ReportTable]:
        """The tables by name."""
        ...


class ReportTables(Mapping[str, ReportTable]):
    """The tables of a report by name, in their order."""

    def __init__(self, tables: Sequence[ReportTable]) -> None:
        self._tables = MappingProxyType({table.name: table for table in tables})

    def __getitem__(self, name: str) -> ReportTable:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)
