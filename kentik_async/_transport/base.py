"""The interface between the pipeline and a transport: sends requests, returns replies, applies no policy."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from kentik_async._operations.request import Request
from kentik_async.errors import KentikError
from kentik_async.quota import Allowance, Outcome

__all__ = [
    "MAX_RESPONSE_BYTES",
    "Attempt",
    "Messages",
    "Reply",
    "Stream",
    "StreamKind",
    "StreamTransport",
    "Transport",
]

StreamKind: TypeAlias = Literal["unary_stream", "stream_unary", "stream_stream"]
Messages: TypeAlias = bytes | AsyncIterator[bytes]

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""The largest response that is accepted: 100 000 rows are about 4 MB."""


# A Struct, as `Request` is: a frozen dataclass takes twice as long to make, and each call makes one.
class Reply(msgspec.Struct, frozen=True):
    """The result of one attempt; its `repr` omits the data that the server sent.

    Attributes:
        body: The response's bytes; empty with an error.
        error: The error that the response, or its absence, means; None for success.
        outcome: The outcome of the request, for the limiter; see `Grant.close`.
        allowance: The remaining quota as reported by the server, or None.
        translate: Converts the body to the bytes that `Request.decode` expects; None if not needed. It
            runs after the slot is free, and may raise DecodeError.
        headers: The response's headers, or its initial and trailing metadata, unless it is an error.
        http_status: The HTTP status; None over gRPC.
    """

    body: bytes = b""
    error: KentikError | None = None
    outcome: Outcome = "answered"
    allowance: Allowance | None = None
    translate: Callable[[bytes], bytes] | None = None
    headers: Iterable[tuple[str, Any]] = ()
    http_status: int | None = None

    def __repr__(self) -> str:
        return f"Reply(error={self.error!r}, outcome={self.outcome!r}, http_status={self.http_status!r})"


class Attempt(Protocol):
    """One attempt in flight. It continues when its caller stops waiting."""

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        """Call `callback` in the event loop once the attempt has ended."""
        ...

    async def reply(self) -> Reply:
        """Return the result of the attempt; never raises, and does not wait after the callback."""
        ...

    def cancel(self) -> bool:
        """Cancel the attempt."""
        ...


class Transport(Protocol):
    """One protocol's connections to one endpoint, in one event loop."""

    def ready(self) -> bool:
        """Return whether a request sent now would find a connection, as far as is known."""
        ...

    async def connect(self) -> bool:
        """Try to connect; return whether that worked.

        Raises:
            ConnectError: No connection can be made and a retry would not help (untrusted certificate, invalid
                host name, refused proxy credentials).
        """
        ...

    async def diagnose(self) -> str:
        """Return a short reason why no connection could be made; takes at most 0.2 s."""
        ...

    def start(self, request: Request[Any], timeout: float) -> Attempt:
        """Send a request.

        Args:
            request: The request.
            timeout: Maximum duration of the attempt, in seconds.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections; attempts in flight are cancelled."""
        ...

    def discard(self) -> None:
        """Release all connections without awaiting anything: their event loop is closed."""
        ...


class Stream(Protocol):
    """A streaming call in flight."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the responses as they arrive; ends with the call, without raising."""
        ...

    async def reply(self) -> Reply:
        """Return the result of the call after it has ended; never raises."""
        ...

    def done(self) -> bool:
        """Return whether the call has ended."""
        ...

    def cancel(self) -> bool:
        """Cancel the call."""
        ...


@runtime_checkable
class StreamTransport(Protocol):
    """A transport that supports streaming calls."""

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> Stream:
        """Start a streaming call.

        Args:
            kind: Which sides stream.
            path: The RPC's full name.
            messages: The encoded message, or the stream of them.
            timeout: Maximum duration of the call, in seconds; None for no limit.
        """
        ...
