"""The type of a tool, and results of bounded size. Pure."""

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

__all__ = ["LARGEST_RESULT", "MAX_ROWS", "PAGE", "Arguments", "ToolSpec", "bounded_rows", "page_of", "plain"]

Arguments: TypeAlias = Mapping[str, Any]

LARGEST_RESULT = 48_000
"""The largest size of the rows of a result, in characters of JSON."""

MAX_ROWS = 1000

PAGE: Mapping[str, Any] = {
    "max_rows": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_ROWS,
        "default": 100,
        "description": "Maximum number of rows to return.",
    },
    "offset": {"type": "integer", "minimum": 0, "default": 0, "description": "Number of rows to skip."},
}
"""The properties of a tool whose rows are returned in parts."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool.

    Attributes:
        name: Its name.
        description: What it does.
        call: Returns the result for valid arguments, as a JSON object.
        properties: The JSON schema of each argument.
        required: The arguments without a default.
    """

    name: str
    description: str
    call: Callable[[Arguments], Awaitable[dict[str, Any]]]
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: Sequence[str] = ()

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments; no others are allowed."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }

    def with_defaults(self, arguments: Arguments) -> dict[str, Any]:
        """Return the arguments with the defaults of the others."""
        known = {name: schema["default"] for name, schema in self.properties.items() if "default" in schema}
        return {**known, **arguments}


def page_of(rows: Sequence[Any], arguments: Arguments) -> dict[str, Any]:
    """Return part of a list: the requested rows, or fewer if they are large; `next_offset` if more follow.

    Args:
        rows: Models.
        arguments: `max_rows` and `offset`.
    """
    offset: int = arguments["offset"]
    found = bounded_rows(rows[offset : offset + arguments["max_rows"]])
    after = offset + len(found["rows"])
    more = {"next_offset": after} if after < len(rows) else {}
    return {**found, "total": len(rows), "truncated": after < len(rows), **more}


def bounded_rows(rows: Iterable[Any]) -> dict[str, Any]:
    """Return `rows` until they are too large, and whether some were left out as `truncated`."""
    kept: list[Any] = []
    size = 0
    for row in rows:
        value = plain(row)
        size += len(msgspec.json.encode(value)) + 1
        if size > LARGEST_RESULT:
            note = "the result is too large; request fewer rows or columns"
            return {"rows": kept, "truncated": True, "note": note}
        kept.append(value)
    return {"rows": kept, "truncated": False}


def plain(value: Any) -> Any:
    """Return a value as JSON has it; numbers that JSON lacks become null."""
    match value:
        case None | bool() | int() | str() | float():
            return None if isinstance(value, float) and not math.isfinite(value) else value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case decimal.Decimal():
            return plain(float(value))
        case dt.datetime() | dt.date() | dt.time() | uuid.UUID() | dt.timedelta():
            return str(value)
        case _:
            return plain(msgspec.to_builtins(value))
