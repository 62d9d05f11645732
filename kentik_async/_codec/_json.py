"""JSON bodies: read leniently into a type, written compactly."""

from typing import Any, TypeVar

import msgspec

from kentik_async.errors import DecodeError

T = TypeVar("T")

_MAX_SHOWN = 60


def decode(raw: bytes, form: type[T], what: str) -> T:
    """Read a JSON body.

    Args:
        raw: The body.
        form: What it should hold; fields that the type does not name are ignored.
        what: What the body is, for an error.

    Raises:
        DecodeError: The body is no JSON, or not of this form; it says where, what was found, what expected.
    """
    try:
        # Not strict: numbers may come as text. True is still no number, and a list no object.
        return msgspec.json.decode(raw, type=form, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(error, what, raw) from error


def convert(value: Any, form: type[T], what: str) -> T:
    """Read a value that `decode(raw, object, what)` gave, as leniently as `decode` itself.

    Raises:
        DecodeError: The value is not of this form.
    """
    try:
        return msgspec.convert(value, form, strict=False)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _refusal(error, what, b"") from error


def encode(value: Any) -> bytes:
    """Write a JSON body, without spaces."""
    return msgspec.json.encode(value)


def _refusal(error: Exception, what: str, raw: bytes) -> DecodeError:
    if isinstance(error, RecursionError):
        return DecodeError(f"cannot read {what}: the JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return DecodeError(f"cannot read {what}: a text in it is not UTF-8 ({error.reason})")
    if isinstance(error, msgspec.ValidationError):
        return DecodeError(f"cannot read {what}: {error}")
    start = raw[:_MAX_SHOWN].decode("utf-8", "replace")
    return DecodeError(
        f"cannot read {what}: {error}; expected JSON, got {len(raw)} bytes beginning {start!r}"
    )
