"""The two listening ports: the gRPC server behind a TCP proxy, and the HTTP server."""

import logging
from typing import Any

import grpc.aio
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kentik_async.emulator.api.grpc import GrpcApp
from kentik_async.emulator.tcp_proxy import ProxiedConnection, TcpProxy

__all__ = ["Listeners"]

_log = logging.getLogger("kentik_async.emulator.http")

_CAUSED_BY_CLIENTS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)

_OPTIONS = (
    # Otherwise two servers can share a port, and each receives some of the other's calls.
    ("grpc.so_reuseport", 0),
    # Otherwise gRPC cancels calls when a thousand arrive at once, before the rate limits apply.
    ("grpc.server.max_pending_requests", 1_000_000),
    ("grpc.server.max_pending_requests_hard_limit", 1_000_000),
)


class _HttpLog(logging.LoggerAdapter[logging.Logger]):
    """Logs errors of handlers, but neither malformed requests, which are answered with 400, nor aborts."""

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        if not isinstance(kwargs.get("exc_info"), _CAUSED_BY_CLIENTS):
            super().exception(msg, *args, **kwargs)


class Listeners:
    """The emulator's listening sockets.

    Attributes:
        grpc: The gRPC port. 0 until the first `open()` if a free port was requested.
        rest: The HTTP port. 0 until the first `open()` if a free port was requested.
    """

    def __init__(self, host: str, grpc_port: int, rest_port: int) -> None:
        self.grpc = grpc_port
        self.rest = rest_port
        self._host = host
        self._server: grpc.aio.Server | None = None
        self._proxy: TcpProxy | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    async def open(self, grpc_app: GrpcApp, rest_app: web.Application) -> None:
        """Start both servers and listen.

        Raises:
            OSError: A port is in use.
        """
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(grpc_app.handlers()))
        server_port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self._proxy = TcpProxy(self._host, self.grpc, ("127.0.0.1", server_port))
        self._runner = web.AppRunner(
            rest_app, access_log=None, shutdown_timeout=0.1, logger=_HttpLog(_log, {})
        )
        await self._runner.setup()
        await self.resume()

    async def close(self) -> None:
        """Stop listening and stop both servers."""
        await self.suspend()
        server, runner = self._server, self._runner
        self._server = self._proxy = self._runner = None
        try:
            if runner is not None:
                await runner.cleanup()
        finally:
            if server is not None:
                await server.stop(None)

    def grpc_connection(self, peer_port: int) -> ProxiedConnection | None:
        """Return the client connection that the gRPC server sees as `peer_port`; None if it is closed."""
        return None if self._proxy is None else self._proxy.connection(peer_port)

    async def suspend(self) -> None:
        """Cut all connections and refuse new ones, like a machine that is down. No other state is lost."""
        if self._proxy is not None:
            await self._proxy.close()
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    async def resume(self) -> None:
        """Listen again on the same ports.

        Raises:
            OSError: A port is in use.
        """
        if self._proxy is None or self._runner is None or self._site is not None:
            return
        await self._proxy.open()
        self.grpc = self._proxy.port
        site = web.TCPSite(self._runner, self._host, self.rest)
        try:
            await site.start()
        except OSError:
            await self._proxy.close()
            raise
        self._site = site
        # `site.port` does not exist in the oldest supported aiohttp.
        self.rest = int(self._runner.addresses[0][1])
