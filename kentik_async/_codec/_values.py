"""Parses protobuf messages and times in responses. Pure."""

import datetime as dt
from typing import TypeVar

from google.protobuf.message import DecodeError as ProtobufError
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from kentik_async.errors import DecodeError

__all__ = ["ProtobufError", "decode_error", "from_text", "from_timestamp", "parse"]

M = TypeVar("M", bound=Message)


def parse(message: type[M], raw: bytes, what: str) -> M:
    """Parse a protobuf message.

    Args:
        message: The generated class.
        raw: The message's bytes.
        what: The name of the response in the error.

    Raises:
        DecodeError: The bytes are not such a message.
    """
    try:
        return message.FromString(raw)
    except ProtobufError as error:
        raise decode_error(what, error) from error


def decode_error(what: str, error: ProtobufError) -> DecodeError:
    """Return the error for bytes that protobuf cannot parse.

    Args:
        what: The name of the response in the error.
        error: The exception that protobuf raised.
    """
    return DecodeError(f"cannot read {what}: the bytes are not the expected protobuf message ({error})")


def from_text(text: str) -> dt.datetime | None:
    """Return an ISO 8601 text as a UTC datetime; None if it is not one.

    A text without an offset is UTC, as the vendor documents for all its times.
    """
    try:
        time = dt.datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # OverflowError: with the offset, the year is not 1 to 9999
        return None


def from_timestamp(timestamp: Timestamp) -> dt.datetime | None:
    """Return a protobuf timestamp as a UTC datetime; None outside the years 1 to 9999."""
    try:
        return timestamp.ToDatetime(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
