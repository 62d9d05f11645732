"""From a server's status to the error that the caller sees: one table for HTTP and gRPC, pure.

The three shapes of a refusal over gRPC were observed at Envoy-fronted gateways such as the vendor's:
RESOURCE_EXHAUSTED, UNAVAILABLE that quotes an HTTP 429, and UNAVAILABLE with `x-envoy-ratelimited`.
"""

import email.utils
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from kentik_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnavailableError,
)

__all__ = [
    "GRPC_ERRORS",
    "HTTP_ERRORS",
    "error_for_grpc",
    "error_for_http",
    "gateway_answered",
    "gateway_answered_grpc",
    "retry_after_seconds",
]

GRPC_ERRORS: Mapping[str, type[APIError] | type[DeadlineExceededError]] = {
    "CANCELLED": ServerError,
    "UNKNOWN": ServerError,
    "INVALID_ARGUMENT": BadRequestError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
    "NOT_FOUND": NotFoundError,
    "ALREADY_EXISTS": ConflictError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "RESOURCE_EXHAUSTED": RateLimitedError,
    "FAILED_PRECONDITION": BadRequestError,
    "ABORTED": ConflictError,
    "OUT_OF_RANGE": BadRequestError,
    "UNIMPLEMENTED": ServerError,
    "INTERNAL": ServerError,
    "UNAVAILABLE": UnavailableError,
    "DATA_LOSS": ServerError,
    "UNAUTHENTICATED": AuthenticationError,
}

HTTP_ERRORS: Mapping[int, type[APIError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: UnavailableError,
    409: ConflictError,
    412: ConflictError,
    429: RateLimitedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}

_QUOTED_HTTP_STATUS = re.compile(r"Received http2? header with status: (\d{3})", re.IGNORECASE)
_WITHOUT_MEANING = frozenset({"UNKNOWN", "INTERNAL"})
"""What gRPC makes of an HTTP status that it has no word for: 408 and 409 are UNKNOWN, 400 is INTERNAL."""

_OVER_SIZE = re.compile(r"larger than max|metadata size exceeds")
"""How grpcio (1.51 to 1.85) says that an answer, or its headers and trailers, are more than it takes."""

_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
"""Neither looks beyond the next angle bracket: a page full of them would block the event loop for seconds."""

_GATEWAY_STATUSES = frozenset({408, 502, 504})
"""Statuses that only a gateway sends: it waited for the API in vain, or lost it."""

_GATEWAY_DETAILS = re.compile(r"upstream (request timeout|connect error)|stream timeout", re.IGNORECASE)
"""How Envoy words its own answers over gRPC (source/common/router and http/conn_manager of Envoy 1.3x)."""

_DETAIL_LENGTH = 300
_LONGEST_PAUSE = 24 * 3600.0


def error_for_http(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, now: datetime | None = None
) -> APIError:
    """Return the error for an HTTP answer that is no success.

    Args:
        status: The HTTP status, anything but 2xx.
        body: The answer's body: `{"error": "…"}`, a gRPC gateway's `{"message": "…"}`, HTML or anything else.
        headers: The answer's headers, names in any case.
        now: The instant that a `Retry-After` date is compared with; the present if omitted.

    Returns:
        The error, not raised; other 4xx are a BadRequestError, other 5xx and 3xx a ServerError.
    """
    kind = _kind_of_http(status)
    detail = _detail_of_body(body)
    error = kind(_sentence(f"HTTP {status}", detail), http_status=status, detail=detail)
    if isinstance(error, RateLimitedError):
        error.retry_after = retry_after_seconds(headers or {}, now=now)
    return error


def error_for_grpc(
    status: str, details: str = "", trailers: Mapping[str, str] | None = None, *, now: datetime | None = None
) -> KentikError:
    """Return the error for a gRPC status that is not OK.

    Args:
        status: The status's name, such as "NOT_FOUND"; an unknown one counts as UNKNOWN.
        details: The status's message.
        trailers: The call's trailing metadata, names in lower case.
        now: The instant that a `Retry-After` date is compared with; the present if omitted.

    Returns:
        The error, not raised; a message over the size limit is a DecodeError.
    """
    trailers = trailers or {}
    detail = _clean(details)
    sentence = _sentence(f"gRPC {status}", detail)
    if status == "RESOURCE_EXHAUSTED" and _OVER_SIZE.search(details):
        return DecodeError(sentence)
    kind = GRPC_ERRORS.get(status, ServerError)
    if kind is DeadlineExceededError:
        return DeadlineExceededError(sentence)
    quoted = _QUOTED_HTTP_STATUS.search(details)
    if status == "UNAVAILABLE" and ((quoted and quoted[1] == "429") or "x-envoy-ratelimited" in trailers):
        kind = RateLimitedError
    elif status in _WITHOUT_MEANING and quoted:
        kind = _kind_of_http(int(quoted[1]))
    error = kind(sentence)
    if isinstance(error, APIError):
        error.grpc_status = status
        error.detail = detail
    if isinstance(error, RateLimitedError):
        error.retry_after = retry_after_seconds(trailers, now=now)
    return error


def gateway_answered(status: int, body: bytes = b"") -> bool:
    """Tell whether a gateway, and not the API, sent this HTTP answer, so that the API may still be working.

    Args:
        status: The HTTP status.
        body: The answer's body. The API sends an error as a JSON object; a gateway sends HTML or plain text.
    """
    if status in _GATEWAY_STATUSES:
        return True
    return status >= 500 and not _is_json_object(body)


def gateway_answered_grpc(status: str, details: str) -> bool:
    """Tell whether a gateway, and not the API, ended an RPC with this status.

    Args:
        status: The status's name.
        details: Its message; grpcio quotes there the HTTP status of an answer that is not gRPC.
    """
    quoted = _QUOTED_HTTP_STATUS.search(details)
    if quoted:
        return gateway_answered(int(quoted[1]))
    return status == "UNAVAILABLE" and _GATEWAY_DETAILS.search(details) is not None


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the pause that a refusal asks for, in seconds, or None if it names none that can be read.

    `x-ratelimit-throttle-ms` (milliseconds) is preferred, being finer than `Retry-After` (whole seconds
    or an HTTP date, which counts from the answer's own `Date`). More than a day is taken for a mistake and
    cut to a day.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    pause = _number(lowered.get("x-ratelimit-throttle-ms"), scale=1000.0)
    if pause is None:
        pause = _number(lowered.get("retry-after"), scale=1.0)
    if pause is None and (until := _instant(lowered.get("retry-after"))) is not None:
        # By the server's own clock where it tells it: this machine's may be set wrong.
        present = _instant(lowered.get("date")) or now or datetime.now(UTC)
        pause = (until - present).total_seconds()
    return None if pause is None else min(max(pause, 0.0), _LONGEST_PAUSE)


def _kind_of_http(status: int) -> type[APIError]:
    return HTTP_ERRORS.get(status) or (BadRequestError if 400 <= status < 500 else ServerError)


def _number(text: str | None, *, scale: float) -> float | None:
    if text is None or not re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", text, re.ASCII):
        return None
    return float(text) / scale


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _sentence(status: str, detail: str) -> str:
    return f"{status}: {detail}" if detail else status


def _detail_of_body(body: bytes) -> str:
    text = body[:65536].decode("utf-8", "replace")
    title = _TITLE.search(text)
    if title:
        return _clean(title[1])
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _clean(_TAG.sub(" ", text)) if "<" in text else _clean(text)
    if isinstance(document, dict):
        for name in ("error", "message", "detail"):
            if isinstance(document.get(name), str):
                return _clean(document[name])
    return _clean(text)


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _clean(text: str) -> str:
    """Return the text on one line, printable and short: it comes from outside and lands in logs."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:4096]).split())
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"
