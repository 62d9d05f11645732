"""Instants from the wire: aware UTC datetimes, or None where there is no time to read."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp


def from_text(text: str) -> dt.datetime | None:
    """An ISO 8601 text as an instant; without an offset it is UTC, as the vendor says of all its times."""
    try:
        instant = dt.datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # the latter: an offset that leads out of the years 1 to 9999
        return None


def from_timestamp(timestamp: Timestamp) -> dt.datetime | None:
    """A protobuf timestamp as an instant; None outside the years 1 to 9999."""
    try:
        return timestamp.ToDatetime(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
