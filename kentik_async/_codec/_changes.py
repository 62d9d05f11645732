"""Changes some fields of a stored message. All other fields stay, also fields unknown to this SDK."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message

from kentik_async._validation import valid_name
from kentik_async.errors import ValidationError

__all__ = ["Checks", "change_of", "encoded", "optional_text"]

M = TypeVar("M", bound=Message)

Checks = Mapping[str, Callable[[Any, str], Any]]
"""For each writable field, the function that checks a value and returns the value of the message."""


def change_of(message: type[M], checks: Checks, changes: Mapping[str, Any]) -> Callable[[M], M]:
    """Check new values of some fields and return the function that sets them in a copy of a message.

    Args:
        message: The generated class.
        checks: The writable fields.
        changes: The new values by name.

    Raises:
        ValidationError: There is no change, a field does not exist, or a value is invalid.
    """
    if not changes:
        raise ValidationError(f"at least one change is required: {', '.join(checks)}")
    for name in changes:
        if name not in checks:
            raise ValidationError(f"changes must be some of {', '.join(checks)}; got {name!r}")
    values = message(**encoded(checks, changes))

    def change(stored: M) -> M:
        merged = message()
        merged.CopyFrom(stored)
        for name in changes:
            merged.ClearField(name)
        merged.MergeFrom(values)
        return merged

    return change


def encoded(checks: Checks, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Check values and return the arguments of the generated class.

    Args:
        checks: The writable fields.
        values: The values by name.
        prefix: The path of the values in errors, such as "postal_address.".

    Raises:
        ValidationError: A value is invalid.
    """
    return {name: checks[name](value, prefix + name) for name, value in values.items()}


def optional_text(value: str, field: str) -> str:
    """Check a text that may be empty.

    Raises:
        ValidationError: The value is not a string, or blank but not empty.
    """
    return "" if value == "" else valid_name(value, field, "a string that is empty or not blank")
