"""The two ports: the gRPC server behind its gate, and the HTTP server; opened, closed, gone for a while."""

import grpc.aio
from aiohttp import web

from kentik_async.emulator.api.grpc import GrpcApp
from kentik_async.emulator.tcp_proxy import Door, Gate

__all__ = ["Ports"]

_OPTIONS = (
    # Or two servers could share a port, and each get some of the other's calls.
    ("grpc.so_reuseport", 0),
    # Or gRPC cancels calls when a thousand arrive at once, before the vendor's rules can judge them.
    ("grpc.server.max_pending_requests", 1_000_000),
    ("grpc.server.max_pending_requests_hard_limit", 1_000_000),
)


class Ports:
    """Where the emulator listens.

    Attributes:
        grpc: The port of gRPC; 0 before the first opening if a free one is to be taken.
        rest: The port of HTTP; likewise.
    """

    def __init__(self, host: str, grpc_port: int, rest_port: int) -> None:
        self.grpc = grpc_port
        self.rest = rest_port
        self._host = host
        self._server: grpc.aio.Server | None = None
        self._gate: Gate | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    async def open(self, grpc_app: GrpcApp, rest_app: web.Application) -> None:
        """Start both servers, and listen.

        Raises:
            OSError: A port is taken.
        """
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(grpc_app.handlers()))
        behind = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self._gate = Gate(self._host, self.grpc, ("127.0.0.1", behind))
        self._runner = web.AppRunner(rest_app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.resume()

    async def close(self) -> None:
        """Stop listening, and stop both servers."""
        await self.suspend()
        server, runner = self._server, self._runner
        self._server = self._gate = self._runner = None
        try:
            if runner is not None:
                await runner.cleanup()
        finally:
            if server is not None:
                await server.stop(None)

    def door(self, port: int) -> Door | None:
        """Return the connection that the gRPC server knows as coming from a local port, if it still is."""
        return None if self._gate is None else self._gate.door(port)

    async def suspend(self) -> None:
        """Cut all connections and refuse new ones, as if the machine were gone; nothing else is forgotten."""
        if self._gate is not None:
            await self._gate.close()
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    async def resume(self) -> None:
        """Listen again, on the same ports.

        Raises:
            OSError: A port is taken.
        """
        if self._gate is None or self._runner is None or self._site is not None:
            return
        await self._gate.open()
        self.grpc = self._gate.port
        site = web.TCPSite(self._runner, self._host, self.rest)
        try:
            await site.start()
        except OSError:
            await self._gate.close()
            raise
        self._site = site
        # `site.port` is newer than the oldest aiohttp that the SDK takes.
        self.rest = int(self._runner.addresses[0][1])
