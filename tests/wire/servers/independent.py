"""Servers with Kentik's protocols that share no code with this project: grpc.aio, aiohttp.web, bare sockets.

Each records its requests. Its answers are scripted: first the `answers`, one by one, then always the
`usual` answer.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp.web
import grpc
import grpc.aio

from kentik_async import Quota
from tests.support.ports import keep_port
from tests.support.stream_server import connections_ended, serving

EMAIL = "ada@example.com"
TOKEN = "canary-5f1c0ffee5eed"

UNLIMITED = Quota(None, None, 0, None, None, drain=0.2)
ONE_AT_A_TIME = Quota(1, None, 0, None, None, drain=0.2)

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Abort:
    """A gRPC error answer."""

    status: str
    details: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


@dataclass
class Received:
    """One received request."""

    path: str
    metadata: dict[str, str]
    body: bytes


GrpcAnswer = bytes | Abort | Callable[[Any], Awaitable[bytes]]


@dataclass
class ForeignGrpc(grpc.GenericRpcHandler):
    """A gRPC server that answers any path; streams are for `handlers`, by path."""

    usual: GrpcAnswer = b""
    answers: deque[GrpcAnswer] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    handlers: dict[str, Any] = field(default_factory=dict)
    most_at_once: int = 0
    port: int = 0
    credentials: grpc.ServerCredentials | None = None
    _at_once: int = 0
    _server: grpc.aio.Server | None = None

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http{'s' if self.credentials else ''}://127.0.0.1:{self.port}"

    async def start(self) -> Self:
        """Start serving; after a stop, on the same port as before."""
        self.port = self.port or keep_port(self)
        options = [("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)]
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers((self,))
        if self.credentials is None:
            self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        else:
            self.port = self._server.add_secure_port(f"127.0.0.1:{self.port}", self.credentials)
        await self._server.start()
        return self

    async def stop(self) -> None:
        """Abort all calls and stop listening."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def service(self, handler_call_details: Any) -> Any:
        """Accept any path; paths with their own handler use it."""
        path = handler_call_details.method
        if path in self.handlers:
            return self.handlers[path]
        metadata = dict(handler_call_details.invocation_metadata or ())

        async def unary(body: bytes, context: Any) -> bytes:
            self.received.append(Received(path, metadata, body))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            try:
                return await self._answer(context)
            finally:
                self._at_once -= 1

        return grpc.unary_unary_rpc_method_handler(unary)

    async def _answer(self, context: Any) -> bytes:
        answer = self.answers.popleft() if self.answers else self.usual
        if isinstance(answer, Abort):
            status = getattr(grpc.StatusCode, answer.status)
            await context.abort(status, answer.details, answer.trailers)
        if callable(answer):
            return await answer(context)
        assert isinstance(answer, bytes)
        return answer


@dataclass
class Asked:
    """One received HTTP request."""

    verb: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


HttpAnswer = Answer | Callable[[aiohttp.web.Request], Awaitable[aiohttp.web.StreamResponse]]


@dataclass
class ForeignRest:
    """An HTTP server that answers any path."""

    usual: HttpAnswer = field(default_factory=Answer)
    answers: deque[HttpAnswer] = field(default_factory=deque)
    received: list[Asked] = field(default_factory=list)
    port: int = 0
    ssl_context: Any = None
    _runner: aiohttp.web.ServerRunner | None = None
    _listening: Any = None

    @property
    def url(self) -> str:
        """Its URL, including the base path."""
        return f"http{'s' if self.ssl_context else ''}://127.0.0.1:{self.port}/api/v5"

    async def start(self) -> Self:
        """Start serving; after a stop, on the same port as before."""
        self.port = self.port or keep_port(self)
        server = aiohttp.web.Server(self._handle)
        self._runner = aiohttp.web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        site = aiohttp.web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.ssl_context)
        await site.start()
        self._listening = site._server
        self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Close all connections and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            await connections_ended(self._listening)
            self._runner = None

    async def _handle(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Asked(request.method, request.raw_path, headers, body))
        answer = self.answers.popleft() if self.answers else self.usual
        if not isinstance(answer, Answer):
            return await answer(request)
        return aiohttp.web.Response(
            status=answer.status,
            body=answer.body,
            headers={"Content-Type": answer.content_type, **answer.headers},
        )


class RawServer:
    """A listening socket with scripted misbehaviour."""

    def __init__(self, behave: Behaviour, *, ssl_context: Any = None) -> None:
        self.connections = 0
        self.port = 0
        self._behave = behave
        self._ssl_context = ssl_context
        self._serving = AsyncExitStack()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http{'s' if self._ssl_context else ''}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        server = serving(self._serve, self.port, self._ssl_context)
        self.port = await self._serving.enter_async_context(server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._serving.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._behave(reader, writer)
