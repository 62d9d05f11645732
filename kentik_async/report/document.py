"""A report: facts, notes and tables, as an HTML page, as rows, and in notebooks."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kentik_async._whole_file import write_file
from kentik_async.report.model import ReportTable, ReportTables, Rows

__all__ = ["KmiReport"]


class KmiReport:
    """The figures of a report.

    In Jupyter a report is shown as its tables.

    Attributes:
        name: "prospects", "trend", "compare" or "network".
        title: Its title.
        summary: Its subject, in a sentence.
        facts: Its scope: dates, address family, ranking.
        notes: The data that is not saved, and the meaning of the figures.
        tables: The tables by name, each with its `rows`.
    """

    def __init__(
        self,
        *,
        name: str,
        title: str,
        summary: str,
        facts: Mapping[str, str],
        notes: Sequence[str],
        tables: Sequence[ReportTable],
    ) -> None:
        self.name = name
        self.title = title
        self.summary = summary
        self.facts: Mapping[str, str] = MappingProxyType(dict(facts))
        self.notes = tuple(notes)
        self.tables: Mapping[str, ReportTable] = ReportTables(tables)

    def to_html(self) -> str:
        """Return one HTML page with charts and tables; it loads nothing from elsewhere.

        Raises:
            ConfigError: The extra `report` is not installed.
        """
        from kentik_async.report.page import page_of

        return page_of(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page of `to_html` to a file, whole or not at all, and return its path.

        Raises:
            ConfigError: The extra `report` is not installed.
            OSError: The file cannot be written.
        """
        file = Path(path)
        write_file(file, self.to_html())
        return file

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return {
            "report": self.name,
            "title": self.title,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "tables": {name: table.to_dicts() for name, table in self.tables.items()},
        }

    def to_rows(self) -> Rows:
        """Return the rows of all tables as one list: the column `table`, then the columns of all tables."""
        names = self.field_names()
        return [
            {**dict.fromkeys(names), "table": name, **row}
            for name, table in self.tables.items()
            for row in table.to_dicts()
        ]

    def field_names(self) -> tuple[str, ...]:
        """Return the columns of `to_rows`."""
        columns = (column.name for table in self.tables.values() for column in table.columns)
        return tuple(dict.fromkeys(("table", *columns)))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(table)}" for name, table in self.tables.items())
        return f"<KmiReport {self.name}: {sizes}>"

    def _repr_html_(self) -> str:
        """Return the HTML that Jupyter shows: the tables, the long ones cut, without style and script."""
        from kentik_async.report.notebook import tables_of

        return tables_of(self)
