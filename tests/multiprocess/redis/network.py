"""A network path to a Redis that can be delayed or cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Path:
    """A path to a port of this machine.

    Attributes:
        port: The port that clients connect to.
        delay: How long a message takes, in each direction.
        swallowed: How many connections were accepted, but not forwarded, while it was cut.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay = 0.0
        self.swallowed = 0
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._ends: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Stop all data, and do not forward new connections."""
        self._open.clear()

    def restore(self) -> None:
        """Forward data again, except for connections that were opened meanwhile."""
        self._open.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        self._ends.append(writer)
        if not self._open.is_set():
            self.swallowed += 1
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends.append(back)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._open.wait()
                loop.call_later(self.delay, writer.write, data)
        writer.close()

    def close(self) -> None:
        """Close all connections."""
        for end in self._ends:
            end.close()


@asynccontextmanager
async def path_to(port: int) -> AsyncIterator[Path]:
    """Yield a path to a port."""
    path = Path(port)
    server = await asyncio.start_server(path.carry, "127.0.0.1", 0)
    path.port = server.sockets[0].getsockname()[1]
    try:
        yield path
    finally:
        path.restore()
        path.close()
        server.close()
