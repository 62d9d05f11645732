"""Results on stdout, in the form asked for; whatever the form, the same rows and the same names.

A table is for people and shows the columns that a command chose. The other forms are for programs and hold
every field under the model's own name: absent values are null or empty, instants ISO 8601 in UTC.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import Column, columns_of_fields, text_for_csv

if TYPE_CHECKING:
    from kentik_async.cli.output.messages import Notes
    from kentik_async.cli.parameters import Format

__all__ = ["Printer"]


class Printer:
    """Writes results to stdout.

    Attributes:
        form: "table", "json", "ndjson" or "csv".
    """

    def __init__(self, form: "Format", notes: "Notes", *, colour: bool = True) -> None:
        """Choose the form; nothing is written."""
        self.form = form
        self._notes = notes
        self._colour = colour

    def rows(
        self,
        rows: Sequence[Any],
        fields: Sequence[str],
        columns: Sequence[Column] = (),
        *,
        what: str = "rows",
    ) -> None:
        """Write a list.

        Args:
            rows: Models or mappings, all of one kind.
            fields: The names of all fields, which are the header of csv; the same if there are no rows.
            columns: What a table shows; all fields by default.
            what: What to call the rows in the note that there are none.
        """
        if not rows:
            self._notes.note(f"no {what}")
        if self.form == "table":
            if rows:
                self._table(rows, columns or columns_of_fields(fields))
        elif self.form == "json":
            self._json(list(rows))
        elif self.form == "ndjson":
            self._write(b"".join(_encoded(row) + b"\n" for row in rows))
        else:
            self._csv(rows, fields)

    def record(self, record: Any, fields: Sequence[str], columns: Sequence[Column] = ()) -> None:
        """Write one thing: a table of two columns, an object, or a single row.

        Args:
            record: A model or a mapping.
            fields: The names of all its fields.
            columns: What a table shows; all fields by default.
        """
        if self.form == "table":
            from kentik_async.cli.output import tables

            tables.write_record(record, columns or columns_of_fields(fields), colour=self._colour)
        elif self.form == "json":
            self._json(record)
        else:
            self.rows([record], fields)

    def section(self, title: str, rows: Sequence[Any], columns: Sequence[Column]) -> None:
        """Write one of several tables under a title; in the form "table" alone."""
        if rows:
            self._table(rows, columns, title=f"{title}: {len(rows):,}")
        else:
            self.text(f"{title}: none")

    def document(self, document: Any) -> None:
        """Write something of unknown form as JSON, whatever the form asked for."""
        if self.form == "ndjson":
            self._write(_encoded(document) + b"\n")
        else:
            self._json(document)

    def text(self, line: str) -> None:
        """Write a line of text."""
        self._write(line.encode("utf-8", "replace") + b"\n")

    def _table(self, rows: Sequence[Any], columns: Sequence[Column], title: str | None = None) -> None:
        from kentik_async.cli.output import tables

        tables.write_rows(rows, columns, title=title, colour=self._colour)

    def _json(self, document: Any) -> None:
        self._write(_encoded(document, indent=2) + b"\n")

    def _csv(self, rows: Sequence[Any], fields: Sequence[str]) -> None:
        lines = _Lines()
        writer = csv.writer(lines)
        writer.writerow(fields)
        for row in rows:
            value = row.get if isinstance(row, Mapping) else lambda name, row=row: getattr(row, name, None)
            writer.writerow([text_for_csv(value(name)) for name in fields])
        self._write("".join(lines.written).encode())

    def _write(self, data: bytes) -> None:
        # Not print(): the data are UTF-8 whatever the locale says.
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _encoded(value: Any, *, indent: int = 0) -> bytes:
    import msgspec  # no help needs it

    encoded = msgspec.json.encode(value)
    return msgspec.json.format(encoded, indent=indent) if indent else encoded


class _Lines:
    """Ends lines as Unix does; csv's own way to that leaves a carriage return within a value unquoted."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line.removesuffix("\r\n") + "\n")
