"""The emulator's answers that are errors, and what a status of one protocol is called in the other.

A gRPC status becomes the HTTP status that grpc-gateway gives it, the software behind the vendor's JSON
mirror. An HTTP status becomes the gRPC status that means the same, so that a scripted fault does to a gRPC
call what it does to a REST call.
"""

import base64
import json
from collections.abc import Mapping
from math import ceil

__all__ = [
    "GRPC_CODES",
    "AnswerError",
    "details_headers",
    "grpc_name",
    "http_status",
    "pause_headers",
]

# Number and HTTP status of each gRPC status.
GRPC_CODES: Mapping[str, tuple[int, int]] = {
    "OK": (0, 200),
    "CANCELLED": (1, 499),
    "UNKNOWN": (2, 500),
    "INVALID_ARGUMENT": (3, 400),
    "DEADLINE_EXCEEDED": (4, 504),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "PERMISSION_DENIED": (7, 403),
    "RESOURCE_EXHAUSTED": (8, 429),
    "FAILED_PRECONDITION": (9, 400),
    "ABORTED": (10, 409),
    "OUT_OF_RANGE": (11, 400),
    "UNIMPLEMENTED": (12, 501),
    "INTERNAL": (13, 500),
    "UNAVAILABLE": (14, 503),
    "DATA_LOSS": (15, 500),
    "UNAUTHENTICATED": (16, 401),
}

_FROM_HTTP = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "UNAVAILABLE",
    409: "ALREADY_EXISTS",
    412: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "UNAVAILABLE",
}


class AnswerError(Exception):
    """An answer that is an error.

    Attributes:
        code: The gRPC status's name.
        status: The HTTP status.
        message: What the client is told.
        headers: Headers, or trailing metadata, names in lower case.
    """

    def __init__(self, status: int | str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = grpc_name(status)
        self.status = http_status(status)
        self.message = message
        self.headers = dict(headers or {})


def grpc_name(status: int | str) -> str:
    """Return the gRPC status's name for an HTTP status, or for such a name.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(status, str):
        if status not in GRPC_CODES:
            raise ValueError(f"status is {status!r}: give an HTTP status or one of {', '.join(GRPC_CODES)}")
        return status
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"status is {status!r}: give an HTTP status from 200 to 599 or a gRPC status's name")
    if status < 300:
        return "OK"
    return _FROM_HTTP.get(status, "INVALID_ARGUMENT" if 400 <= status < 500 else "INTERNAL")


def http_status(status: int | str) -> int:
    """Return the HTTP status for a gRPC status's name, or for such a status.

    Raises:
        ValueError: It is neither.
    """
    name = grpc_name(status)
    return status if isinstance(status, int) else GRPC_CODES[name][1]


def pause_headers(pause: float, *, whole_seconds: bool) -> dict[str, str]:
    """Return the headers by which a refusal asks for a pause.

    `Retry-After` knows whole seconds only. Where time is compressed, a second is too coarse a unit, and
    `x-ratelimit-throttle-ms` says it alone.
    """
    headers = {"x-ratelimit-throttle-ms": str(ceil(pause * 1000))}
    if whole_seconds:
        headers["retry-after"] = str(ceil(pause))
    return headers


def details_headers(left: int, reset: float) -> dict[str, str]:
    """Return the header by which a gateway tells of a limit: JSON in base64url, without its padding.

    Args:
        left: How many more requests are admitted.
        reset: In how many seconds there is room for one.
    """
    document = {"limit_remaining": left, "duration_until_reset": f"{reset:.6f}s"}
    packed = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    return {"x-ratelimit-details": packed.rstrip("=")}
