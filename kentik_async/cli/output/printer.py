"""Prints results to stdout in the selected format.

Tables are for people and show selected columns. The other formats are for programs and contain every field
under the name that the model gives it. Absent values are null or empty; times are ISO 8601 in UTC.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import Column, columns_of_fields, text_for_csv
from kentik_async.cli.output.messages import wrapped
from kentik_async.cli.output.stdout import write_stdout
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async.cli.output.jq_filter import JqFilter
    from kentik_async.cli.output.messages import Notes
    from kentik_async.cli.parameters import Format

__all__ = ["Printer"]


class Printer:
    """Writes results to stdout.

    Attributes:
        form: "table", "json", "ndjson" or "csv".
    """

    def __init__(
        self,
        form: "Format",
        notes: "Notes",
        *,
        colour: bool = True,
        fields: Sequence[str] = (),
        jq: "JqFilter | None" = None,
        pager: bool = False,
    ) -> None:
        """Select the format; nothing is written.

        Args:
            form: "table", "json", "ndjson" or "csv".
            notes: Prints notes.
            colour: Use colours on a terminal.
            fields: The fields to write, in this order; empty for the default.
            jq: Filters the results as JSON.
            pager: Show tables that are longer than the terminal in a pager.
        """
        self.form = form
        self._notes = notes
        self._colour = colour
        self._selected = tuple(fields)
        self._jq = jq
        self._pager = pager

    def rows(
        self,
        rows: Sequence[Any],
        fields: Sequence[str],
        columns: Sequence[Column] = (),
        *,
        what: str = "rows",
        strict: bool = True,
    ) -> None:
        """Write a list.

        Args:
            rows: Models or mappings, all of the same type.
            fields: The names of all fields, for the header of csv.
            columns: The columns of a table; all fields by default.
            what: The name of the rows in the note that there are none.
            strict: Whether a selected field that does not exist is an error, or only a warning because the
                rows show what the command has changed.

        Raises:
            ValidationError: A selected field does not exist.
        """
        if not rows:
            self._notes.note(f"no {what}")
        elif unknown := self._unknown(fields):
            if strict:
                raise ValidationError(unknown)
            self._notes.warn(unknown)
        columns = self._columns(fields, columns)
        fields = self._selected or fields
        if self.form == "table":
            if rows:
                self._table(rows, columns, pager=self._pager)
        elif self.form == "json":
            self._json(self._projected(rows))
        elif self.form == "ndjson":
            self._write(b"".join(_encoded(row) + b"\n" for row in self._projected(rows)))
        else:
            self._csv(rows, fields)

    def record(self, record: Any, fields: Sequence[str], columns: Sequence[Column] = ()) -> None:
        """Write one record: one line per field, a JSON object, or a single row.

        Args:
            record: A model or a mapping.
            fields: The names of all fields.
            columns: The fields that a table shows; all fields by default.
        """
        if self.form not in ("table", "json"):
            self.rows([record], fields, strict=False)
            return
        if unknown := self._unknown(fields):
            self._notes.warn(unknown)  # no error: the record may show what the command has changed
        if self.form == "table":
            from kentik_async.cli.output import tables

            tables.write_record(record, self._columns(fields, columns), colour=self._colour)
        else:
            self._json(self._projected([record])[0])

    def section(
        self, title: str, rows: Sequence[Any], columns: Sequence[Column], *, of: int | None = None
    ) -> None:
        """Write one of several tables under a title; only for the format "table".

        Args:
            title: The title.
            rows: The rows to show.
            columns: The columns.
            of: The number of all rows, if fewer are shown.

        Raises:
            ValidationError: Fields are selected.
        """
        if self._selected:
            raise ValidationError("--fields cannot select from several tables; add -o ndjson or -o csv")
        if rows:
            all_rows = "" if of in (None, len(rows)) else f" of {of:,} rows; -o csv has all"
            self._table(rows, columns, title=f"{title}: {len(rows):,}{all_rows}")
        else:
            self.text(f"{title}: none")

    def document(self, document: Any) -> None:
        """Write a value of unknown structure as JSON, whatever the selected format."""
        if self._selected:
            self._notes.warn("--fields does not select from this JSON document; use --jq")
        if self.form == "ndjson":
            self._write(_encoded(document) + b"\n")
        else:
            self._json(document)

    def line_of_json(self, document: Any) -> None:
        """Write a value as JSON on one line, or the results of the jq program for it."""
        if self._jq is not None:
            self._json(document)
        else:
            self._write(_encoded(document) + b"\n")

    def text(self, line: str) -> None:
        """Write a line of text."""
        self._write(line.encode("utf-8", "replace") + b"\n")

    def sentence(self, line: str) -> None:
        """Write a line of text; a terminal wraps it between words."""
        self.text(wrapped(line) if sys.stdout.isatty() else line)

    def _unknown(self, fields: Sequence[str]) -> str:
        """Return the problem with the selected fields; "" if there is none."""
        unknown = ", ".join(repr(name) for name in self._selected if name not in fields)
        if not unknown:
            return ""
        if not fields:
            return "--fields cannot select from this table; add -o ndjson or -o csv"
        return f"--fields must be some of {', '.join(fields)}; got {unknown}"

    def _columns(self, fields: Sequence[str], columns: Sequence[Column]) -> Sequence[Column]:
        if not self._selected:
            return columns or columns_of_fields(fields)
        known = {column.field: replace(column, optional=False) for column in reversed(columns)}
        return [known.get(name) or Column(name) for name in self._selected]

    def _projected(self, rows: Sequence[Any]) -> list[Any]:
        if not self._selected:
            return list(rows)
        return [{name: _value(row, name) for name in self._selected} for row in rows]

    def _table(
        self, rows: Sequence[Any], columns: Sequence[Column], title: str | None = None, *, pager: bool = False
    ) -> None:
        from kentik_async.cli.output import tables

        hidden = tables.write_rows(rows, columns, title=title, colour=self._colour, pager=pager)
        if hidden:
            self._notes.note(
                f"the terminal is too narrow for {hidden} of {len(columns)} columns; -o json shows all"
            )

    def _json(self, document: Any) -> None:
        if self._jq is not None:
            self._write(self._jq.lines(_encoded(document)))
        else:
            self._write(_encoded(document, indent=2) + b"\n")

    def _csv(self, rows: Sequence[Any], fields: Sequence[str]) -> None:
        lines = _Lines()
        writer = csv.writer(lines)
        writer.writerow(fields)
        for row in rows:
            writer.writerow([text_for_csv(_value(row, name)) for name in fields])
        self._write("".join(lines.written).encode())

    @staticmethod
    def _write(data: bytes) -> None:
        # Bytes instead of print(): the output is UTF-8 in every locale.
        write_stdout(data)


def _value(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


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
