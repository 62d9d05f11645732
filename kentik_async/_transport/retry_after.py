"""How long a server asks its clients to wait, read from response headers. Pure."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

__all__ = ["pushback_seconds", "retry_after_seconds"]

_LONGEST_PAUSE = 24 * 3600.0


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the pause that a response requests, in seconds; None if it requests none that can be read.

    `x-ratelimit-throttle-ms` (milliseconds) is preferred because it is finer than `Retry-After` (whole
    seconds, or an HTTP date, which counts from the response's own `Date`). More than a day is considered a
    mistake and cut to a day.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    pause = _number(lowered.get("x-ratelimit-throttle-ms"), scale=1000.0)
    if pause is None:
        pause = _number(lowered.get("retry-after"), scale=1.0)
    if pause is None and (until := _date(lowered.get("retry-after"))) is not None:
        # The server's own clock if it sends it: this machine's clock may be wrong.
        present = _date(lowered.get("date")) or now or datetime.now(UTC)
        pause = (until - present).total_seconds()
    return None if pause is None else min(max(pause, 0.0), _LONGEST_PAUSE)


def pushback_seconds(trailers: Mapping[str, str]) -> float | None:
    """Return the pause that `grpc-retry-pushback-ms` requests, in seconds; `math.inf` forbids a retry.

    Any value but a number of milliseconds forbids it (gRFC A6, "Client Retry Design", Pushback).
    """
    text = trailers.get("grpc-retry-pushback-ms")
    if text is None:
        return None
    valid = re.fullmatch(r"\d{1,10}", text, re.ASCII) and int(text) < 2**31
    return min(int(text) / 1000.0, _LONGEST_PAUSE) if valid else math.inf


def _number(text: str | None, *, scale: float) -> float | None:
    if text is None or not re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", text, re.ASCII):
        return None
    return float(text) / scale


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        from email.utils import (
            parsedate_to_datetime,
        )  # here, because it loads ten modules, and dates are rare

        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
