"""A TCP relay in front of the gRPC server, so that connections can be cut as a failing network cuts them.

gRPC lets a server end calls, and not sever the connection under them; nor can its port be closed and opened
again. The relay does both, for 0.1 ms a call. It is also where a request comes in and its answer leaves:
between the network and a handler gRPC's threads take another 0.9 ms, the server's time, not the client's.
"""

import asyncio
from collections.abc import Callable

__all__ = ["Door", "Gate"]


class Door:
    """A connection, as it is seen from the server behind.

    Several calls may share it, and what passes is not read. So the instants err, if they do, to the side of a
    request that came later and an answer that left earlier.

    Attributes:
        heard: When the client last sent something, on the loop's clock.
    """

    def __init__(self, cut: Callable[[], None]) -> None:
        self.heard = 0.0
        self.cut = cut
        self._notes: list[Callable[[float], None]] = []

    def on_departure(self, note: Callable[[float], None]) -> None:
        """Have the instant noted at which the next data leave, if that is before the client sends again."""
        self._notes.append(note)

    def comes(self, now: float) -> None:
        """Take note that the client sends. An answer that has not left by now has nobody to go to."""
        self.heard = now
        self._notes.clear()

    def leaves(self, now: float) -> None:
        """Take note that data leave to the client."""
        notes, self._notes = self._notes, []
        for note in notes:
            note(now)


class _End(asyncio.Protocol):
    """One end of a relayed connection: what it receives, the other end sends."""

    def __init__(self, *, gate: "Gate | None" = None, other: "_End | None" = None) -> None:
        self.other = other
        self.door = Door(self.cut)
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        if self._gate is not None:
            self._gate.admit(self)

    def data_received(self, data: bytes) -> None:
        self.door.comes(self._loop.time())
        if self.other is None:
            self._early.append(data)
        else:
            self.other.send(data)

    def link(self, other: "_End") -> None:
        """Relay to another end from now on, first of all what has come before it was there."""
        self.other = other
        for data in self._early:
            other.send(data)
        self._early.clear()

    def send(self, data: bytes) -> None:
        """Send to the network."""
        if self._transport is not None:
            self._transport.write(data)
            self.door.leaves(self._loop.time())

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.read(False)

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.read(True)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._gate is not None:
            self._gate.dismiss(self)
        if self.other is not None:
            self.other.end(abruptly=exc is not None)

    def read(self, wanted: bool) -> None:
        """Receive from the network, or let the network wait."""
        if self._transport is not None and not self._transport.is_closing():
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def end(self, *, abruptly: bool) -> None:
        """Close the connection; abruptly, what is not sent yet is lost."""
        if self._transport is not None:
            if abruptly:
                self._transport.abort()
            else:
                self._transport.close()

    def cut(self) -> None:
        """Sever the connection, on both sides."""
        self.end(abruptly=True)
        if self.other is not None:
            self.other.end(abruptly=True)

    @property
    def port(self) -> int:
        """The local port of the connection."""
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])


class Gate:
    """Listens on a port, and relays every connection to the server behind it.

    Attributes:
        port: The port it listens on; chosen at the first opening if it was 0, and kept from then on.
    """

    def __init__(self, host: str, port: int, behind: tuple[str, int]) -> None:
        self.port = port
        self._host = host
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._ways: dict[_End, asyncio.Task[None]] = {}
        self._doors: dict[int, Door] = {}

    async def open(self) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _End(gate=self), self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut all connections, and accept no more until the next opening."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        relayed = [*self._ways.items()]
        for end, way in relayed:
            way.cancel()
            end.end(abruptly=True)
        await asyncio.gather(*(way for _, way in relayed), return_exceptions=True)
        await server.wait_closed()

    def door(self, port: int) -> Door | None:
        """Return the connection that the server behind knows as coming from a local port, if it still is."""
        return self._doors.get(port)

    def admit(self, outer: _End) -> None:
        """Lead a new connection to the server behind."""
        self._ways[outer] = asyncio.get_running_loop().create_task(self._lead(outer))

    def dismiss(self, outer: _End) -> None:
        """Forget a connection that has ended."""
        way = self._ways.pop(outer, None)
        if way is not None:
            way.cancel()
        if outer.other is not None:
            self._doors.pop(outer.other.port, None)

    async def _lead(self, outer: _End) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, inner = await loop.create_connection(lambda: _End(other=outer), *self._behind)
        except OSError:
            outer.end(abruptly=True)
        else:
            self._doors[inner.port] = outer.door
            outer.link(inner)
