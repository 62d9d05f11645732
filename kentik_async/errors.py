"""Every error that the SDK raises, in one tree. Pure.

    KentikError
    ├── ConfigError              invalid endpoint, credentials, profile or option; nothing was sent
    ├── ValidationError          invalid argument of a call; nothing was sent, no quota was spent
    │   └── DocumentError        a document of declared state has mistakes
    ├── ClientClosedError        the client was closed before or during the call
    ├── QuotaWaitError           the wait for quota would exceed `max_wait`
    ├── ConnectError             no connection could be made
    ├── DecodeError              the response does not match the schema
    ├── TargetError              a pull's target cannot be used
    │   └── TargetLockedError    another run is using it
    ├── DeadlineExceededError    no response within `timeout` (also a TimeoutError)
    └── APIError                 the server responded with an error
        ├── BadRequestError
        ├── AuthenticationError
        ├── PermissionDeniedError
        ├── NotFoundError
        ├── ConflictError
        ├── RateLimitedError
        ├── ServerError
        └── UnavailableError

`_transport/status_mapping.py` maps statuses to these errors.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "DeadlineExceededError",
    "DecodeError",
    "DocumentError",
    "KentikError",
    "NotFoundError",
    "PermissionDeniedError",
    "QuotaWaitError",
    "RateLimitedError",
    "ServerError",
    "TargetError",
    "TargetLockedError",
    "UnavailableError",
    "ValidationError",
]


class KentikError(Exception):
    """The base class of all errors that the SDK raises.

    Attributes:
        operation: The operation's name, such as "kmi.get_rankings"; None outside a call.
        attempts: How many times the request had been sent when the error was raised.
    """

    operation: str | None = None
    attempts: int = 0


class ConfigError(KentikError):
    """An endpoint, a credential, a profile or an option is invalid."""


class ValidationError(KentikError, ValueError):
    """An argument is not allowed by the vendor's schema; raised before anything is sent."""


class DocumentError(ValidationError):
    """A document of declared state has mistakes, or does not fit the account; nothing was changed.

    Attributes:
        mistakes: All of them, each as `FILE:LINE:COLUMN: message`.
    """

    def __init__(self, message: str, *, mistakes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


class ClientClosedError(KentikError):
    """The client was closed before the call, or while it was queued or in flight."""


class QuotaWaitError(KentikError):
    """The wait for quota exceeds, or would exceed, `max_wait`.

    Attributes:
        max_wait: The longest wait that was allowed, in seconds.
        estimate: How long the wait would be, in seconds; None if unknown.
    """

    def __init__(self, message: str, *, max_wait: float | None = None, estimate: float | None = None) -> None:
        super().__init__(message)
        self.max_wait = max_wait
        self.estimate = estimate


class ConnectError(KentikError, ConnectionError):
    """No connection to the endpoint could be made; the request was not sent."""


class DecodeError(KentikError):
    """The response does not match the schema, or is larger than the limit."""


class APIError(KentikError):
    """The server responded with an error.

    Attributes:
        http_status: The HTTP status; None over gRPC, unless the gRPC error quotes an HTTP status.
        grpc_status: The name of the gRPC status, such as "NOT_FOUND"; None over REST, unless the error is one
            of API v6, which quotes a gRPC status.
        detail: The server's message, shortened.
        headers: The response's headers, names in any case; over gRPC, its metadata.
        retry_after: The wait that the server requested before the next attempt, in seconds; `math.inf` if it
            forbids one; None if it requested none. Sources: `Retry-After`, `x-ratelimit-throttle-ms`,
            `grpc-retry-pushback-ms`.
    """

    retry_after: float | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        grpc_status: str | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.grpc_status = grpc_status
        self.detail = detail

    @property
    def request_id(self) -> str | None:
        """The header `x-request-id` of the response; None if absent."""
        return self.headers.get("x-request-id")


class BadRequestError(APIError):
    """The server rejected the content of the request."""


class AuthenticationError(APIError):
    """The server does not accept the e-mail address or the token."""


class PermissionDeniedError(APIError):
    """The credentials are valid, but the user is not allowed to do this."""


class NotFoundError(APIError):
    """The requested object does not exist."""


class ConflictError(APIError):
    """The change conflicts with the server's data, such as a duplicate name."""


class RateLimitedError(APIError):
    """The server rejected the request because a rate limit was exceeded; see `retry_after`."""


class ServerError(APIError):
    """The server failed while it processed the request."""


class UnavailableError(APIError):
    """The server, or a gateway on the way to it, cannot respond now."""


class DeadlineExceededError(KentikError, TimeoutError):
    """There was no response within `timeout` seconds, or the server exceeded a time limit of its own."""


class TargetError(KentikError):
    """A pull's target cannot be read or written; data already saved is kept."""


class TargetLockedError(TargetError):
    """Another run is using the target.

    Attributes:
        pid: The process id of that run; None if unknown.
        host: The machine it runs on; None if unknown.
    """

    def __init__(self, message: str, *, pid: int | None = None, host: str | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host
