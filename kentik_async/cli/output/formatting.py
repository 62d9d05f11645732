"""Columns of tables, and values as text."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from kentik_async.cli.output.messages import printable

__all__ = [
    "ABSENT",
    "Column",
    "Kind",
    "columns_of_fields",
    "counted",
    "text_for_csv",
    "text_for_people",
    "text_for_span",
]

Kind: TypeAlias = Literal[
    "text", "name", "id", "count", "change", "degrees", "seconds", "milliseconds", "share", "time"
]

ABSENT = "—"

_NUMBERS: Mapping[str, Callable[[float], str]] = {
    "count": "{:,}".format,
    "change": lambda number: f"{number:+,}" if number else "0",
    "degrees": "{:.4f}".format,
    "seconds": "{:.1f} s".format,
    "milliseconds": lambda seconds: f"{seconds * 1000:.0f} ms",
    "share": "{:.1%}".format,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        field: The field to show.
        header: The title; the name of the field by default.
        kind: The format of the values: "text"; "name", a text that is never wrapped; "time"; "id", a number
            without separators; "count", with thousands separators; "change", with a sign; "degrees";
            "seconds"; "milliseconds", from a value in seconds; "share", as a percentage.
        read: Computes the value from the row; by default the value of the field.
        optional: Hide the column if the terminal is too narrow.
        min_width: The width below which a "text" column is not readable, in terminal cells.
    """

    field: str
    header: str = ""
    kind: Kind = "text"
    read: Callable[[Any], Any] | None = None
    optional: bool = False
    min_width: int = 16

    @property
    def title(self) -> str:
        """The title of the column."""
        return self.header or self.field.replace("_", " ")

    @property
    def numeric(self) -> bool:
        """Whether the column is aligned to the right."""
        return self.kind not in ("text", "name", "time")

    def text(self, row: Any) -> str:
        """Return the text for a row, which is a model or a mapping."""
        if self.read is not None:
            value = self.read(row)
        else:
            value = row.get(self.field) if isinstance(row, Mapping) else getattr(row, self.field, None)
        return text_for_people(value, self.kind)


def columns_of_fields(fields: Sequence[str]) -> tuple[Column, ...]:
    """Return a text column for each field."""
    return tuple(Column(field) for field in fields)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is plural unless the number is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def text_for_people(value: Any, kind: Kind = "text") -> str:
    """Return a value as text for a table; a dash for a value that the server did not send."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _NUMBERS.get(kind, str)(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return printable(value if isinstance(value, str) else _json_with_spaces(value))


def text_for_csv(value: Any) -> str:
    """Return a value as text for csv; empty for a value that the server did not send, JSON if nested."""
    match value:
        case None:
            return ""
        case str():
            return value
        case dt.date():
            return _json(value).strip('"')
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case _:
            return _json(value)


def text_for_span(seconds: float) -> str:
    """Return a duration in its two largest units; 0.1 s at least, unless it is 0."""
    for unit, smaller, length in (("h", "min", 3600), ("min", "s", 60)):
        if seconds >= length:
            whole, rest = divmod(seconds, length)
            return f"{whole:.0f} {unit} {int(rest * 60 / length):02} {smaller}"
    return f"{max(seconds, 0.1) if seconds else 0.0:.1f} s"


def _json_with_spaces(value: Any) -> str:
    """Return JSON that a narrow terminal can wrap between words."""
    import json

    import msgspec  # imported here because --help does not need it

    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def _json(value: Any) -> str:
    import msgspec  # imported here because --help does not need it

    return msgspec.json.encode(value).decode()
