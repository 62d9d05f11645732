"""Every error that the SDK raises, in one tree. Pure.

    KentikError
    ├── ConfigError              endpoints, credentials, profiles: nothing was sent
    ├── ValidationError          an argument the vendor would refuse: nothing was sent, no quota spent
    ├── ClientClosedError        the client was closed before or during the call
    ├── QuotaWaitError           the quota would free too late for `max_wait`
    ├── ConnectError             no connection could be made
    ├── DecodeError              the answer came, and is not what the schema says
    ├── TargetError              a pull's target folder cannot be used
    │   └── TargetLockedError    another run holds it
    ├── DeadlineExceededError    no answer within `timeout` (also a TimeoutError)
    └── APIError                 the server answered with an error
        ├── BadRequestError
        ├── AuthenticationError
        ├── PermissionDeniedError
        ├── NotFoundError
        ├── ConflictError
        ├── RateLimitedError     also carries `retry_after`
        ├── ServerError
        └── UnavailableError

Which status becomes which error stands in `_statuses.py`.
"""

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
    """The root: `except KentikError` catches whatever the SDK raises on purpose.

    Attributes:
        operation: The operation's name, such as "kmi.get_rankings"; None outside a call.
        attempts: How many times the request had been sent when the error was raised.
    """

    operation: str | None = None
    attempts: int = 0


class ConfigError(KentikError):
    """An endpoint, a credential, a profile or an option is unusable."""


class ValidationError(KentikError, ValueError):
    """An argument is outside what the vendor's schema allows; raised before anything is sent."""


class ClientClosedError(KentikError):
    """The client was closed before the call, or while it waited or flew."""


class QuotaWaitError(KentikError):
    """The quota frees later than `max_wait` allows.

    Attributes:
        max_wait: The bound that was given, in seconds.
        estimate: How long the wait would be, in seconds; None where it is unknown.
    """

    def __init__(self, message: str, *, max_wait: float | None = None, estimate: float | None = None) -> None:
        super().__init__(message)
        self.max_wait = max_wait
        self.estimate = estimate


class ConnectError(KentikError, ConnectionError):
    """No connection to the endpoint could be made; the request was certainly not sent."""


class DecodeError(KentikError):
    """The answer does not have the form that the schema promises, or is larger than is accepted."""


class APIError(KentikError):
    """The server answered, and the answer is an error.

    Attributes:
        http_status: The HTTP status, or None for an answer over gRPC.
        grpc_status: The gRPC status's name, such as "NOT_FOUND", or None for an answer over REST.
        detail: The server's own words, shortened.
    """

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


class BadRequestError(APIError):
    """The server refused the request's content."""


class AuthenticationError(APIError):
    """The e-mail address or the token is not accepted."""


class PermissionDeniedError(APIError):
    """The credentials are valid and lack the right to do this."""


class NotFoundError(APIError):
    """There is no such thing at the server."""


class ConflictError(APIError):
    """The change collides with what the server holds."""


class RateLimitedError(APIError):
    """The server refused the request for want of quota.

    Attributes:
        retry_after: The pause that the server asked for, in seconds; None if it named none.
    """

    retry_after: float | None = None


class ServerError(APIError):
    """The server failed while it worked on the request."""


class UnavailableError(APIError):
    """The server, or something on the way to it, cannot answer at present."""


class DeadlineExceededError(KentikError, TimeoutError):
    """No answer came within `timeout` seconds of sending, or the server gave up for lack of time."""


class TargetError(KentikError):
    """A pull's target cannot be read or written; what has landed there stays."""


class TargetLockedError(TargetError):
    """Another run holds the target.

    Attributes:
        pid: That run's process; None where it is not known.
        host: The machine that it runs on, likewise.
    """

    def __init__(self, message: str, *, pid: int | None = None, host: str | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host
