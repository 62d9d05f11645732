"""A TCP proxy in front of the gRPC server, which can cut connections as a failing network does.

A gRPC server can end calls but cannot cut the connection under them, and its port cannot be closed and
reopened. The proxy does both and adds 0.1 ms to a call. It also measures when requests arrive and answers
leave: gRPC's threads add another 0.9 ms between the network and a handler, which is the server's time and
not the client's.
"""

import asyncio
from collections.abc import Callable

__all__ = ["ProxiedConnection", "TcpProxy"]


class ProxiedConnection:
    """A client connection, as seen by the server behind the proxy.

    Several calls may share a connection, and the proxy does not parse the data. So the times can only err
    towards a later request and an earlier answer.

    Attributes:
        last_received: When the client last sent data, on the event loop's clock.
    """

    def __init__(self, cut: Callable[[], None]) -> None:
        self.last_received = 0.0
        self.cut = cut
        self._callbacks: list[Callable[[float], None]] = []

    def on_next_send(self, callback: Callable[[float], None]) -> None:
        """Call back with the time at which data is next sent, if the client sends nothing before."""
        self._callbacks.append(callback)

    def client_sent(self, now: float) -> None:
        """Record that the client sent data, which ends the wait for earlier answers."""
        self.last_received = now
        self._callbacks.clear()

    def server_sent(self, now: float) -> None:
        """Record that data was sent to the client."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(now)


class _Endpoint(asyncio.Protocol):
    """One end of a proxied connection. The other end sends what this one receives."""

    def __init__(self, *, proxy: "TcpProxy | None" = None, other: "_Endpoint | None" = None) -> None:
        self.other = other
        self.connection = ProxiedConnection(self.cut)
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        if self._proxy is not None:
            self._proxy.accept(self)

    def data_received(self, data: bytes) -> None:
        self.connection.client_sent(self._loop.time())
        if self.other is None:
            self._buffer.append(data)
        else:
            self.other.send(data)

    def link(self, other: "_Endpoint") -> None:
        """Connect this end to another one and send it the data received so far."""
        self.other = other
        for data in self._buffer:
            other.send(data)
        self._buffer.clear()

    def send(self, data: bytes) -> None:
        """Send data to the network."""
        if self._transport is not None:
            self._transport.write(data)
            self.connection.server_sent(self._loop.time())

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.set_reading(False)

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.set_reading(True)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._proxy is not None:
            self._proxy.remove(self)
        if self.other is not None:
            self.other.close(abort=exc is not None)

    def set_reading(self, enabled: bool) -> None:
        """Resume or pause reading from the network."""
        if self._transport is not None and not self._transport.is_closing():
            if enabled:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def close(self, *, abort: bool) -> None:
        """Close the connection; with `abort`, data that is not sent yet is lost."""
        if self._transport is not None:
            if abort:
                self._transport.abort()
            else:
                self._transport.close()

    def cut(self) -> None:
        """Abort the connection at both ends."""
        self.close(abort=True)
        if self.other is not None:
            self.other.close(abort=True)

    @property
    def port(self) -> int:
        """The local port of the connection."""
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])


class TcpProxy:
    """Listens on a port and forwards every connection to a server.

    Attributes:
        port: The listening port. If it was 0, the first `open()` selects one, and later ones reuse it.
    """

    def __init__(self, host: str, port: int, upstream: tuple[str, int]) -> None:
        self.port = port
        self._host = host
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._tasks: dict[_Endpoint, asyncio.Task[None]] = {}
        self._connections: dict[int, ProxiedConnection] = {}

    async def open(self) -> None:
        """Start accepting connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Endpoint(proxy=self), self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut all connections and accept none until the next `open()`."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        endpoints = [*self._tasks.items()]
        for endpoint, task in endpoints:
            task.cancel()
            endpoint.close(abort=True)
        await asyncio.gather(*(task for _, task in endpoints), return_exceptions=True)
        await server.wait_closed()

    def connection(self, peer_port: int) -> ProxiedConnection | None:
        """Return the client connection that the server sees as `peer_port`; None if it is closed."""
        return self._connections.get(peer_port)

    def accept(self, client: _Endpoint) -> None:
        """Connect a new client to the server."""
        self._tasks[client] = asyncio.get_running_loop().create_task(self._connect(client))

    def remove(self, client: _Endpoint) -> None:
        """Remove a connection that has ended."""
        task = self._tasks.pop(client, None)
        if task is not None:
            task.cancel()
        if client.other is not None:
            self._connections.pop(client.other.port, None)

    async def _connect(self, client: _Endpoint) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, upstream = await loop.create_connection(lambda: _Endpoint(other=client), *self._upstream)
        except OSError:
            client.close(abort=True)
        else:
            self._connections[upstream.port] = client.connection
            client.link(upstream)
