"""What a server says is left of a quota, read leniently from the headers of an answer. Pure.

`x-ratelimit-details` is JSON in unpadded base64url: what Envoy's rate limit service knows of a limit
(envoy/service/ratelimit/v3/rls.proto, `DescriptorStatus`), in either spelling that protobuf gives its fields.
Without it, `x-ratelimit-remaining` (requests), `x-ratelimit-reset` (seconds) and `x-ratelimit-throttle-ms`
(milliseconds) are read.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

__all__ = ["Allowance", "read_allowance"]

_PREFIX = "x-ratelimit-"
_LENGTHS = frozenset(len(_PREFIX + name) for name in ("details", "remaining", "reset", "throttle-ms"))
_LONGEST_TEXT = 4096
_MOST_LEFT = 10**9
_LONGEST_RESET = 24 * 3600.0  # as with `Retry-After`: more is taken for a mistake
_SPAN = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*s?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a quota, by the server's own count.

    Attributes:
        left: Requests left, after the one that this came with.
        reset: In how many seconds the server counts anew, or has room again.
    """

    left: int
    reset: float


def read_allowance(headers: Iterable[tuple[str, Any]]) -> Allowance | None:
    """Return what an answer's headers or metadata say is left; None if nothing that can be used.

    Args:
        headers: Names, in any case, and values; they come from outside, so anything may stand there.
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
    if throttle is not None and (reset is None or (_count(left) == 0 and throttle)):
        reset = throttle / 1000  # finer, and about the next request
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
    return Allowance(min(requests, _MOST_LEFT), min(seconds, _LONGEST_RESET))


def _count(value: Any) -> int | None:
    seconds = _seconds(value)
    return None if seconds is None or seconds != int(seconds) else int(seconds)


def _seconds(value: Any) -> float | None:
    """Return a span that is a number, a text such as "12.5s", or protobuf's `{"seconds": …, "nanos": …}`."""
    if isinstance(value, dict):
        seconds, nanos = _seconds(value.get("seconds", 0)), _seconds(value.get("nanos", 0))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    if isinstance(value, str):
        match = _SPAN.fullmatch(value)
        return float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e12 and isfinite(value) else None
