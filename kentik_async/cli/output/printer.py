"""Prints results to stdout in the selected format.

Tables are for people and show selected columns. The other formats are for programs and contain every field
under the name that the model gives it. Absent values are null or empty; times are ISO 8601 in UTC.
"""

import csv
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import Column, columns_of_fields, text_for_csv
from kentik_async.cli.output.stdout import write_stdout

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
        """Select the format; nothing is written."""
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
            rows: Models or mappings, all of the same type.
            fields: The names of all fields, for the header of csv.
            columns: The columns of a table; all fields by default.
            what: The name of the rows in the note that there are none.
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
        """Write one record: one line per field, a JSON object, or a single row.

        Args:
            record: A model or a mapping.
            fields: The names of all fields.
            columns: The fields that a table shows; all fields by default.
        """
        if self.form == "table":
            from kentik_async.cli.output import tables

            tables.write_record(record, columns or columns_of_fields(fields), colour=self._colour)
        elif self.form == "json":
            self._json(record)
        else:
            self.rows([record], fields)

    def section(self, title: str, rows: Sequence[Any], columns: Sequence[Column]) -> None:
        """Write one of several tables under a title; only for the format "table"."""
        if rows:
            self._table(rows, columns, title=f"{title}: {len(rows):,}")
        else:
            self.text(f"{title}: none")

    def document(self, document: Any) -> None:
        """Write a value of unknown structure as JSON, whatever the selected format."""
        if self.form == "ndjson":
            self._write(_encoded(document) + b"\n")
        else:
            self._json(document)

    def text(self, line: str) -> None:
        """Write a line of text."""
        self._write(line.encode("utf-8", "replace") + b"\n")

    def _table(self, rows: Sequence[Any], columns: Sequence[Column], title: str | None = None) -> None:
        from kentik_async.cli.output import tables

        hidden = tables.write_rows(rows, columns, title=title, colour=self._colour)
        if hidden:
            self._notes.note(
                f"the terminal is too narrow for {hidden} of {len(columns)} columns; -o json shows all"
            )

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

    @staticmethod
    def _write(data: bytes) -> None:
        # Bytes instead of print(): the output is UTF-8 in every locale.
        write_stdout(data)


def _encoded(value: Any, *, indent: int = 0) -> bytes:
    import msgspec  # imported here because --help does not need it

    encoded = msgspec.json.encode(value)
    return msgspec.json.format(encoded, indent=indent) if indent else encoded


class _Lines:
    """Collects csv lines and ends them with LF.

    The csv module can do this too, but then it does not quote values that contain a carriage return.
    """

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line.removesuffix("\r\n") + "\n")
