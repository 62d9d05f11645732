"""A listening socket that keeps its port through restarts, and connections that can be cut."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

__all__ = ["Listener", "cut"]

_BACKLOG = 128
_LINGER_NOT = struct.pack("ii", 1, 0)

Meet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def cut(writer: asyncio.StreamWriter) -> None:
    """Abort a connection, so that the other side receives a reset."""
    ours = writer.get_extra_info("socket")
    if ours is not None:  # a lost TLS connection no longer has a socket
        with suppress(OSError):  # it may be closed already
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()


class Listener:
    """A port of this machine: reserved from the start, but listening only while it is open.

    Attributes:
        port: The port.
        secure: Whether TLS is spoken.
    """

    def __init__(self, meet: Meet, *, tls: ssl.SSLContext | None = None) -> None:
        """Reserve a port without listening: connections are refused.

        Args:
            meet: Called with each connection.
            tls: The TLS context, or None for plaintext.
        """
        self._meet = meet
        self._tls = tls
        self._taken = _take(0)
        self.port: int = self._taken.getsockname()[1]
        self.secure = tls is not None
        self._open = False
        self._guests: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Start accepting connections."""
        self._taken.listen(_BACKLOG)
        self._open = True
        asyncio.get_running_loop().add_reader(self._taken, self._accept)

    def deafen(self) -> int:
        """Listen without accepting any connection; return the port, so that its short queue can be filled."""
        self._taken.listen(0)
        return self.port

    async def shut(self) -> None:
        """Cut all connections and refuse new ones; the port stays reserved."""
        if not self._open:
            return
        self._open = False
        asyncio.get_running_loop().remove_reader(self._taken)
        self._taken.close()
        self._taken = _take(self.port)
        for guest in self._guests:
            guest.cancel()
        if self._guests:
            await asyncio.wait(self._guests)

    async def close(self) -> None:
        """Cut all connections, and release the port."""
        await self.shut()
        self._taken.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._taken.accept()
        except OSError:  # the client has already disconnected
            return
        connection.setblocking(False)
        guest = asyncio.get_running_loop().create_task(self._welcome(connection))
        self._guests.add(guest)
        guest.add_done_callback(lambda _: connection.close())  # cancelled before it began, it never ran
        guest.add_done_callback(self._guests.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        # Not asyncio's own server: when closed, it loses the sockets that it was about to accept.
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        except (OSError, asyncio.CancelledError):
            connection.close()
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            await self._meet(reader, writer)
        except asyncio.CancelledError:
            cut(writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # the connection has ended in some way
        finally:
            transport.abort()


def _take(port: int) -> socket.socket:
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    taken.setblocking(False)
    return taken
