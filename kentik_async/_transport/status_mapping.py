"""Maps a server's status to the error that the caller sees: one table for HTTP and gRPC. Pure.

Gateways such as the vendor's (Envoy) report a rate limit over gRPC in three ways: RESOURCE_EXHAUSTED,
UNAVAILABLE that quotes an HTTP 429, and UNAVAILABLE with `x-envoy-ratelimited` in the trailers.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from kentik_async._transport.headers import Headers
from kentik_async._transport.rate_limit_headers import pushback_seconds, retry_after_seconds
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
    "QUOTED_HTTP_STATUS",
    "Scrub",
    "error_for_grpc",
    "error_for_http",
    "quoted_grpc_status",
]

Scrub: TypeAlias = Callable[[str], str]
"""Removes secrets from a text."""

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

_GRPC_CODES = (
    ("OK", 200),
    ("CANCELLED", 499),
    ("UNKNOWN", 500),
    ("INVALID_ARGUMENT", 400),
    ("DEADLINE_EXCEEDED", 504),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("PERMISSION_DENIED", 403),
    ("RESOURCE_EXHAUSTED", 429),
    ("FAILED_PRECONDITION", 400),
    ("ABORTED", 409),
    ("OUT_OF_RANGE", 400),
    ("UNIMPLEMENTED", 501),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DATA_LOSS", 500),
    ("UNAUTHENTICATED", 401),
)
"""The gRPC statuses by number, each with the HTTP status that grpc-gateway gives it."""

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

QUOTED_HTTP_STATUS = re.compile(r"Received http2? header with status: (\d{3})", re.IGNORECASE)
"""The text in which grpcio quotes the HTTP status of a response that is not gRPC."""

_AMBIGUOUS_STATUSES = frozenset({"UNKNOWN", "INTERNAL"})
"""gRPC reports HTTP statuses without a gRPC equivalent as one of these: 409 as UNKNOWN, 400 as INTERNAL."""

_OVER_SIZE = re.compile(r"larger than max|metadata size exceeds")
"""The text of grpcio (1.51 to 1.85) for a message, or headers and trailers, above the size limit."""

_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
"""Both stop at the next angle bracket: a page of brackets would else block the event loop for seconds."""

_DETAIL_LENGTH = 300


def error_for_http(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
    scrub: Scrub = str,
) -> APIError:
    """Return the error for an HTTP response without success.

    Args:
        status: The HTTP status, anything but 2xx.
        body: The response's body: `{"error": "…"}`, a gRPC gateway's `{"message": "…"}`, HTML or any
            other text.
        headers: The response's headers, names in any case.
        now: The time that a `Retry-After` date is compared with; the current time if omitted.
        scrub: Removes secrets from the server's text, once the error is classified.

    Returns:
        The error, not raised; other 4xx are a BadRequestError, other 5xx and 3xx a ServerError.
    """
    error_class = _http_error_class(status)
    detail = _clean(_text_of_body(body), scrub)
    error = error_class(_message(f"HTTP {status}", detail), http_status=status, detail=detail)
    error.headers = Headers((headers or {}).items())
    error.retry_after = _requested_pause(error, now)
    return error


def error_for_grpc(
    status: str,
    details: str = "",
    trailers: Mapping[str, str] | None = None,
    *,
    http_status: int | None = None,
    now: datetime | None = None,
    scrub: Scrub = str,
) -> KentikError:
    """Return the error for a gRPC status that is not OK.

    Args:
        status: The status's name, such as "NOT_FOUND"; an unknown one counts as UNKNOWN.
        details: The status's message.
        trailers: The call's trailing metadata, names in lower case.
        http_status: The HTTP status of the JSON mirror's response that quotes the status; None over gRPC.
        now: The time that a `Retry-After` date is compared with; the current time if omitted.
        scrub: Removes secrets from the server's text, once the error is classified.

    Returns:
        The error, not raised; a message above the size limit is a DecodeError.
    """
    trailers = trailers or {}
    detail = _clean(details, scrub)
    message = _message(f"gRPC {status}" if http_status is None else f"HTTP {http_status} {status}", detail)
    if status == "RESOURCE_EXHAUSTED" and _OVER_SIZE.search(details):
        return DecodeError(message)
    error_class = GRPC_ERRORS.get(status, ServerError)
    if error_class is DeadlineExceededError:
        return DeadlineExceededError(message)
    quoted = QUOTED_HTTP_STATUS.search(details)
    if status == "UNAVAILABLE" and ((quoted and quoted[1] == "429") or "x-envoy-ratelimited" in trailers):
        error_class = RateLimitedError
    elif status in _AMBIGUOUS_STATUSES and quoted:
        error_class = _http_error_class(int(quoted[1]))
    error = error_class(message)
    if isinstance(error, APIError):
        error.grpc_status = status
        error.http_status = int(quoted[1]) if quoted else http_status
        error.detail = detail
        error.headers = Headers(trailers.items())
        error.retry_after = _requested_pause(error, now)
    return error


def _requested_pause(error: APIError, now: datetime | None) -> float | None:
    pause = pushback_seconds(error.headers)
    if pause is None or (pause == math.inf and isinstance(error, RateLimitedError)):
        pause = retry_after_seconds(error.headers, now=now)
    return pause


def quoted_grpc_status(http_status: int, body: bytes) -> tuple[str, str] | None:
    """Return the gRPC status and message that an error of the JSON mirror quotes; None if it quotes none.

    grpc-gateway responds with `{"code": 5, "message": "…", "details": []}`. A body without `details` counts
    only if the HTTP status matches the code: other gateways use the same names.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    code, message = document.get("code"), document.get("message", "")
    if isinstance(code, bool) or not isinstance(code, int) or not isinstance(message, str):
        return None
    if not 0 < code < len(_GRPC_CODES):
        return None
    name, usual = _GRPC_CODES[code]
    return (name, message) if usual == http_status or isinstance(document.get("details"), list) else None


def _http_error_class(status: int) -> type[APIError]:
    return HTTP_ERRORS.get(status) or (BadRequestError if 400 <= status < 500 else ServerError)


def _message(status: str, detail: str) -> str:
    return f"{status}: {detail}" if detail else status


def _text_of_body(body: bytes) -> str:
    text = body[:65536].decode("utf-8", "replace")
    title = _TITLE.search(text)
    if title:
        return title[1]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _TAG.sub(" ", text) if "<" in text else text
    if isinstance(document, dict):
        for name in ("error", "message", "detail"):
            if isinstance(document.get(name), str):
                return str(document[name])
    return text


def _clean(text: str, scrub: Scrub) -> str:
    """Return the text on one line, printable, short and without secrets, because it is logged."""
    line = " ".join("".join(c if c.isprintable() else " " for c in scrub(text)[:4096]).split())
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"
