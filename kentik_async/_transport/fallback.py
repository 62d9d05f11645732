"""`transport="auto"`: gRPC, or the JSON mirror if no gRPC connection can be made but HTTP works."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kentik_async._config import Endpoint
from kentik_async._transport.base import Messages, Stream, StreamKind
from kentik_async._transport.grpc import GrpcTransport
from kentik_async.errors import ConfigError, ConnectError

if TYPE_CHECKING:
    from kentik_async._transport.json_mirror import JsonMirrorTransport

__all__ = ["Fallback", "FallbackTransport"]

_log = logging.getLogger("kentik_async")

_LONGEST_HEAD_START = 3.0


class Fallback:
    """Whether a client has changed to the JSON mirror; shared by the transports of all its event loops."""

    def __init__(self, connect_timeout: float, grpc_endpoint: Endpoint, rest_endpoint: Endpoint) -> None:
        """Start with gRPC.

        Args:
            connect_timeout: Maximum duration of the first connection attempt, in seconds.
            grpc_endpoint: The endpoint of gRPC.
            rest_endpoint: The endpoint of the JSON mirror.
        """
        self.active = False
        self.head_start = min(connect_timeout / 2, _LONGEST_HEAD_START)
        self.same_host = grpc_endpoint.authority == rest_endpoint.authority
        self._endpoints = (grpc_endpoint.authority, rest_endpoint.url)

    def activate(self, reason: str) -> None:
        """Change to the JSON mirror, and log that once."""
        if not self.active:
            self.active = True
            _log.warning(
                "no gRPC connection to %s (%s); API v6 is used over REST at %s from now on; "
                'set transport="rest" (KENTIK_TRANSPORT, --transport) to save the attempt',
                self._endpoints[0],
                reason,
                self._endpoints[1],
            )


class FallbackTransport:
    """gRPC until its first connection fails while HTTP works; then the JSON mirror.

    If a gRPC connection has worked before, its loss is an outage, and calls wait for it.
    """

    def __init__(
        self, grpc: GrpcTransport, make_mirror: "Callable[[], JsonMirrorTransport]", fallback: Fallback
    ) -> None:
        """Leave the choice open, unless another event loop of the client has already made it.

        Args:
            grpc: The gRPC transport.
            make_mirror: Creates the JSON mirror when it is needed, because that imports aiohttp.
            fallback: The client's choice.
        """
        self._grpc = grpc
        self._make_mirror = make_mirror
        self._fallback = fallback
        self._mirror: JsonMirrorTransport | None = None
        self._settled = fallback.active
        self._use(self._http() if fallback.active else grpc)
        self._check_from: float | None = None

    def _use(self, transport: "GrpcTransport | JsonMirrorTransport") -> None:
        """Choose a transport; afterwards its own methods are called directly for each request."""
        self._current = transport
        self.ready = transport.ready
        self.start = transport.start

    async def connect(self) -> bool:
        """Try to connect; this is where the transport is chosen.

        Raises:
            ConnectError: No connection can be made and a retry would not help.
        """
        if self._settled:
            return await self._current.connect()
        now = asyncio.get_running_loop().time()
        if self._check_from is None:
            self._check_from = now + self._fallback.head_start
        connecting = asyncio.create_task(self._grpc.connect())
        checking = asyncio.create_task(self._check_repeatedly(self._check_from))
        try:
            await asyncio.wait({connecting, checking}, return_when=asyncio.FIRST_COMPLETED)
            if self._grpc.ready() or (connecting.done() and not await self._should_fall_back(connecting)):
                self._settled = self._grpc.ready()
                return self._settled or connecting.result()
        finally:
            await _cancel(connecting, checking)
        await self._fall_back(connecting)
        return True

    async def diagnose(self) -> str:
        """Return why no connection could be made."""
        return await self._current.diagnose()

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> Stream:
        """Start a streaming call.

        Raises:
            ConfigError: The client uses the JSON mirror, which has no streams.
        """
        if not isinstance(self._current, GrpcTransport):
            raise ConfigError(f"{path} needs a gRPC connection: there are no streams over REST")
        return self._current.stream(kind, path, messages, timeout)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._grpc.aclose()
        if self._mirror is not None:
            await self._mirror.aclose()

    def discard(self) -> None:
        """Release all connections without awaiting anything."""
        self._grpc.discard()
        if self._mirror is not None:
            self._mirror.discard()

    def _http(self) -> "JsonMirrorTransport":
        if self._mirror is None:
            self._mirror = self._make_mirror()
        return self._mirror

    async def _should_fall_back(self, connecting: "asyncio.Task[bool]") -> bool:
        """Return whether the mirror responds although gRPC failed permanently or for its head start."""
        if connecting.exception() is not None:
            # The certificate or the proxy: these stop HTTP to the same host, too.
            return not self._fallback.same_host and await self._responds()
        if asyncio.get_running_loop().time() < (self._check_from or 0.0):
            return False
        return await self._responds()

    async def _check_repeatedly(self, start: float) -> None:
        """Return once the mirror responds."""
        pause = start - asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(max(pause, 0.0))
            if await self._responds():
                return
            pause = self._fallback.head_start

    async def _responds(self) -> bool:
        try:
            return await self._http().responds()
        except ConnectError:
            return False  # the reason that gRPC has no connection is reported instead

    async def _fall_back(self, connecting: "asyncio.Task[bool]") -> None:
        failure = None if connecting.cancelled() else connecting.exception()
        reason = await self._grpc.diagnose() if failure is None else str(failure)
        await self._grpc.aclose()
        self._grpc.discard()
        self._use(self._http())
        self._settled = True
        self._fallback.activate(reason)


async def _cancel(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it
