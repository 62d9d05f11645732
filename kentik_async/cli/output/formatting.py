"""What a column of a table holds and how its values are written."""

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
        field: The field whose value it shows.
        header: What stands above it; the field's name by default.
        kind: "text"; "name", a text that is never broken; "time"; "id", a number that is a name; "count",
            with thousands; "change", with its sign; "degrees"; "seconds"; "milliseconds", of a value in
            seconds; "share", in per cent.
        read: What makes the value from the row, where it is not the field as it is.
    """

    field: str
    header: str = ""
    kind: Kind = "text"
    read: Callable[[Any], Any] | None = None

    @property
    def title(self) -> str:
        """What stands above the column."""
        return self.header or self.field.replace("_", " ")

    @property
    def numeric(self) -> bool:
        """Whether the column is aligned to the right."""
        return self.kind not in ("text", "name", "time")

    def text(self, row: Any) -> str:
        """Return the cell of a row, a model or a mapping."""
        if self.read is not None:
            value = self.read(row)
        else:
            value = row.get(self.field) if isinstance(row, Mapping) else getattr(row, self.field, None)
        return text_for_people(value, self.kind)


def columns_of_fields(fields: Sequence[str]) -> tuple[Column, ...]:
    """Return a plain column for each field."""
    return tuple(Column(field) for field in fields)


def text_for_people(value: Any, kind: Kind = "text") -> str:
    """Return a value as a table shows it; a dash for what the server did not send."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _NUMBERS.get(kind, str)(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return printable(value if isinstance(value, str) else _json(value))


def text_for_csv(value: Any) -> str:
    """Return a value as csv holds it; nothing for what the server did not send, JSON for what is nested."""
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
    """Return a span of time in the two units that matter."""
    for unit, smaller, length in (("h", "min", 3600), ("min", "s", 60)):
        if seconds >= length:
            whole, rest = divmod(seconds, length)
            return f"{whole:.0f} {unit} {int(rest * 60 / length):02} {smaller}"
    return f"{seconds:.1f} s"


def _json(value: Any) -> str:
    import msgspec  # no help needs it

    return msgspec.json.encode(value).decode()
