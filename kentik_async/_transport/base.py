"""What the pipeline needs of a transport: requests out, replies in, no policy."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from kentik_async._operations import Request
from kentik_async.errors import KentikError
from kentik_async.quota import Allowance, Outcome

__all__ = [
    "MAX_ANSWER_BYTES",
    "Dialer",
    "Flight",
    "Messages",
    "Reply",
    "Stream",
    "StreamKind",
    "StreamTransport",
    "Transport",
]

StreamKind: TypeAlias = Literal["unary_stream", "stream_unary", "stream_stream"]
Messages: TypeAlias = bytes | AsyncIterator[bytes]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""The largest answer that is accepted: 100 000 rows are about 4 MB."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How one attempt ended.

    Attributes:
        body: The answer's bytes; empty with an error.
        error: The error that the answer, or its absence, means; None for success.
        outcome: What is known of the request's fate, for the quota's books.
        allowance: What the server says is left of the quota, if it does.
    """

    body: bytes = field(default=b"", repr=False)
    error: KentikError | None = None
    outcome: Outcome = "answered"
    allowance: Allowance | None = None


class Flight(Protocol):
    """One attempt under way. It goes on when its caller stops waiting."""

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        """Call back, in the event loop, once the attempt has ended."""
        ...

    async def reply(self) -> Reply:
        """Return how the attempt ended; never raises, and does not wait once the callback came."""
        ...

    def cancel(self) -> bool:
        """Break the attempt off."""
        ...


class Dialer(Protocol):
    """Makes connections to one endpoint."""

    async def dial(self) -> bool:
        """Try to make a connection; return whether one stands.

        Raises:
            ConnectError: None can be made, and trying again would not help: no trust, no such name.
        """
        ...

    async def diagnose(self) -> str:
        """Say in a few words why no connection could be made; takes a fifth of a second at most."""
        ...

    def ready(self) -> bool:
        """Tell whether a request sent this instant would find a connection, as far as is known."""
        ...


class Transport(Dialer, Protocol):
    """One protocol's wire to one endpoint; it belongs to one event loop."""

    def start(self, request: Request[Any], timeout: float) -> Flight:
        """Send a request.

        Args:
            request: What to send.
            timeout: When to give the attempt up for good, in seconds.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections; attempts under way are broken off."""
        ...

    def forsake(self) -> None:
        """Let go of all connections without awaiting anything: their event loop is closed."""
        ...


class Stream(Protocol):
    """A streaming call under way."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the answers as they come; ends, without raising, when the call does."""
        ...

    async def reply(self) -> Reply:
        """Return how the call ended, once it has; never raises."""
        ...

    def done(self) -> bool:
        """Tell whether the call has ended."""
        ...

    def cancel(self) -> bool:
        """Break the call off."""
        ...


@runtime_checkable
class StreamTransport(Protocol):
    """A transport that knows streaming calls."""

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> Stream:
        """Begin a streaming call.

        Args:
            kind: Which sides stream.
            path: The RPC's full name.
            messages: The encoded message, or the stream of them.
            timeout: When to give it up, in seconds; None never does.
        """
        ...
