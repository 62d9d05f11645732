"""Error answers of the emulator, and the mapping between gRPC and HTTP statuses.

gRPC statuses map to HTTP as in grpc-gateway, which serves the vendor's JSON mirror. HTTP statuses map to
the gRPC status with the same meaning, so that a scripted fault has the same effect over both protocols.
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
    """An error answer.

    Attributes:
        code: The name of the gRPC status.
        status: The HTTP status.
        message: The error message for the client.
        headers: HTTP headers or gRPC trailing metadata; names in lower case.
    """

    def __init__(self, status: int | str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = grpc_name(status)
        self.status = http_status(status)
        self.message = message
        self.headers = dict(headers or {})


def grpc_name(status: int | str) -> str:
    """Return the name of the gRPC status that corresponds to a status.

    Args:
        status: An HTTP status (200 to 599) or the name of a gRPC status.

    Raises:
        ValueError: The status is neither.
    """
    if isinstance(status, str):
        if status not in GRPC_CODES:
            raise ValueError(
                f"status must be an HTTP status or one of {', '.join(GRPC_CODES)}; got {status!r}"
            )
        return status
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(
            f"status must be an HTTP status from 200 to 599 or the name of a gRPC status; got {status!r}"
        )
    if status < 300:
        return "OK"
    return _FROM_HTTP.get(status, "INVALID_ARGUMENT" if 400 <= status < 500 else "INTERNAL")


def http_status(status: int | str) -> int:
    """Return the HTTP status that corresponds to a status.

    Args:
        status: An HTTP status (200 to 599) or the name of a gRPC status.

    Raises:
        ValueError: The status is neither.
    """
    name = grpc_name(status)
    return status if isinstance(status, int) else GRPC_CODES[name][1]


def pause_headers(pause: float, *, whole_seconds: bool) -> dict[str, str]:
    """Return the headers of a refusal that tell the client when to retry.

    `Retry-After` has a resolution of one second, which is too coarse when time is compressed. In that case
    only `x-ratelimit-throttle-ms` is sent.

    Args:
        pause: Seconds until the next request is accepted.
        whole_seconds: Whether to send `Retry-After` too.
    """
    headers = {"x-ratelimit-throttle-ms": str(ceil(pause * 1000))}
    if whole_seconds:
        headers["retry-after"] = str(ceil(pause))
    return headers


def details_headers(left: int, reset: float) -> dict[str, str]:
    """Return the `x-ratelimit-details` header: JSON in base64url without padding.

    Args:
        left: Number of requests that are still allowed.
        reset: Seconds until another request is allowed.
    """
    document = {"limit_remaining": left, "duration_until_reset": f"{reset:.6f}s"}
    packed = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    return {"x-ratelimit-details": packed.rstrip("=")}
