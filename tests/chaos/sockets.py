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
    """Break a connection off, so that the other side is told of a reset."""
    ours = writer.get_extra_info("socket")
    with suppress(OSError):  # it may be gone already
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()


class Listener:
    """A port of this machine: taken from the beginning, listened to only while it is open.

    Attributes:
        port: The port.
        secure: Whether TLS is spoken.
    """

    def __init__(self, meet: Meet, *, tls: ssl.SSLContext | None = None) -> None:
        """Take a port without listening: whoever connects is refused.

        Args:
            meet: Is called with each connection.
            tls: How to speak TLS, if at all.
        """
        self._meet = meet
        self._tls = tls
        self._taken = _take(0)
        self.port: int = self._taken.getsockname()[1]
        self.secure = tls is not None
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self) -> None:
        """Accept connections from now on."""
        self._server = await asyncio.start_server(
            self._welcome,
            sock=self._taken,
            ssl=self._tls,
            backlog=_BACKLOG,
            ssl_handshake_timeout=5.0 if self._tls else None,
        )

    def deafen(self) -> int:
        """Listen without ever accepting a connection; return the port, whose short queue is to be filled."""
        self._taken.listen(0)
        return self.port

    async def shut(self) -> None:
        """Cut all connections and refuse new ones; the port stays taken."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        await server.wait_closed()
        self._taken = _take(self.port)
        tasks = list(self._connections)
        for task, writer in self._connections.items():
            cut(writer)
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Cut all connections, and let go of the port."""
        await self.shut()
        self._taken.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            await self._meet(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass  # the connection has ended, one way or the other
        finally:
            del self._connections[task]
            writer.transport.abort()


def _take(port: int) -> socket.socket:
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    taken.setblocking(False)
    return taken
