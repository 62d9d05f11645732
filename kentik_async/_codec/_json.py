"""Decodes JSON bodies leniently into a type, and encodes them compactly."""

from typing import Any, TypeVar

import msgspec

from kentik_async.errors import DecodeError

T = TypeVar("T")

_MAX_SHOWN = 60


def decode(raw: bytes, form: type[T], what: str) -> T:
    """Decode a JSON body.

    Args:
        raw: The body.
        form: The expected type; fields that it does not have are ignored.
        what: The name of the body in errors.

    Raises:
        DecodeError: The body is not JSON, or not of this type; the message has the path and expected type.
    """
    try:
        # Not strict: numbers may be sent as text.
        return msgspec.json.decode(raw, type=form, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _decode_error(error, what, raw) from error


def convert(value: Any, form: type[T], what: str) -> T:
    """Convert a value that `decode(raw, object, what)` returned, as leniently as `decode` itself.

    Raises:
        DecodeError: The value is not of this type.
    """
    try:
        return msgspec.convert(value, form, strict=False)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _decode_error(error, what, b"") from error


def encode(value: Any) -> bytes:
    """Encode a JSON body, without spaces."""
    return msgspec.json.encode(value)


def _decode_error(error: Exception, what: str, raw: bytes) -> DecodeError:
    if isinstance(error, RecursionError):
        return DecodeError(f"cannot read {what}: the JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return DecodeError(f"cannot read {what}: a string in it is not UTF-8 ({error.reason})")
    if isinstance(error, msgspec.ValidationError):
        return DecodeError(f"cannot read {what}: {error}")
    start = raw[:_MAX_SHOWN].decode("utf-8", "replace")
    return DecodeError(
        f"cannot read {what}: {error}; expected JSON, got {len(raw)} bytes that begin with {start!r}"
    )
