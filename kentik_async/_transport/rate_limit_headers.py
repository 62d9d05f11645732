"""Reads the server's limits from response headers: the requested wait, and the remaining quota. Pure.

`x-ratelimit-details` is JSON in unpadded base64url: the state of a limit in Envoy's rate limit service
(envoy/service/ratelimit/v3/rls.proto, `DescriptorStatus`), in either spelling that protobuf gives its fields.
Without it, `x-ratelimit-remaining` (requests), `x-ratelimit-reset` (seconds) and `x-ratelimit-throttle-ms`
(milliseconds) are read.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kentik_async.quota import Allowance

__all__ = ["pushback_seconds", "read_allowance", "retry_after_seconds"]

_LONGEST_PAUSE = 24 * 3600.0  # a longer pause is considered a mistake
_PREFIX = "x-ratelimit-"
_LENGTHS = frozenset(len(_PREFIX + name) for name in ("details", "remaining", "reset", "throttle-ms"))
_LONGEST_TEXT = 4096
_MOST_LEFT = 10**9
_SPAN = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*s?\s*", re.ASCII)


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the pause that a response requests, in seconds; None if it requests none, or it is not readable.

    `x-ratelimit-throttle-ms` (milliseconds) is preferred because it is finer than `Retry-After` (whole
    seconds, or an HTTP date, which counts from the response's own `Date`). More than a day is considered a
    mistake and cut to a day.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    pause = _number(lowered.get("x-ratelimit-throttle-ms"), scale=1000.0)
    if pause is None:
        pause = _number(lowered.get("retry-after"), scale=1.0)
    if pause is None and (until := _date(lowered.get("retry-after"))) is not None:
        # The server's own clock if it is sent: this machine's clock may be wrong.
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
        from email.utils import parsedate_to_datetime  # loads ten modules; dates are rare

        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def read_allowance(headers: Iterable[tuple[str, Any]]) -> Allowance | None:
    """Return the remaining quota from an answer's headers or metadata; None if there is no valid value.

    Args:
        headers: Names, in any case, and values; they are untrusted and may be invalid.
    """
    numbers: dict[str, str] = {}
    for name, value in headers:
        if len(name) in _LENGTHS and isinstance(value, str) and (lowered := name.lower()).startswith(_PREFIX):
            field = lowered.removeprefix(_PREFIX)
            if field == "details" and (allowance := _read(value)):
                return allowance
            numbers.setdefault(field, value)
    return _read_numbers(numbers) if numbers else None


def _read_numbers(found: dict[str, str]) -> Allowance | None:
    left, reset = found.get("remaining"), _seconds(found.get("reset"))
    throttle = _seconds(found.get("throttle-ms"))
    if reset is not None and reset > _LONGEST_PAUSE:
        reset = None  # not a duration: some gateways send an instant, in seconds since 1970
    if throttle is not None and (reset is None or (_count(left) == 0 and throttle)):
        reset = throttle / 1000  # has a finer resolution, and is about the next request
    return _allowance(left, reset)


def _read(text: str) -> Allowance | None:
    if len(text) > _LONGEST_TEXT:
        return None
    bare = text.strip().rstrip("=")
    try:
        document = json.loads(base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return _allowance(
        document.get("limit_remaining", document.get("limitRemaining")),
        document.get("duration_until_reset", document.get("durationUntilReset")),
    )


def _allowance(left: Any, reset: Any) -> Allowance | None:
    requests, seconds = _count(left), _seconds(reset)
    if requests is None or seconds is None:
        return None
    return Allowance(min(requests, _MOST_LEFT), min(seconds, _LONGEST_PAUSE))


def _count(value: Any) -> int | None:
    seconds = _seconds(value)
    return None if seconds is None or seconds != int(seconds) else int(seconds)


def _seconds(value: Any) -> float | None:
    """Read a duration: a number, a text such as "12.5s", or protobuf's `{"seconds": …, "nanos": …}`."""
    if isinstance(value, dict):
        seconds, nanos = _seconds(value.get("seconds", 0)), _seconds(value.get("nanos", 0))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    if isinstance(value, str):
        match = _SPAN.fullmatch(value)
        return float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e12 and math.isfinite(value) else None
