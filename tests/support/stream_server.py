"""A TCP server for tests whose connections end with it.

asyncio itself keeps only weak references to the tasks of a server's connections. Once both sides have sent
their end, a handler can be collected as garbage while it still waits, with warnings in some later test.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.frozen_time import PATIENCE

__all__ = ["Handler", "connections_ended", "serving"]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


async def connections_ended(server: Any) -> None:
    """Wait until a closed `asyncio.Server` has no connection, including connections in a TLS handshake.

    Python 3.11 does not wait in `wait_closed`, and a connection that outlives its event loop leaves warnings.
    """
    async with asyncio.timeout(PATIENCE):
        while len(server._clients) if hasattr(server, "_clients") else server._active_count:
            await asyncio.sleep(0)  # a longer sleep would not end while a test stops the time


@asynccontextmanager
async def serving(
    handler: Handler, port: int = 0, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 and yield the port; at the end, cancel the handlers and wait for them.

    Args:
        handler: Serves a connection. It may end with OSError or IncompleteReadError. The
            connection is aborted when it ends.
        port: The port to listen on; 0 selects a free port.
        ssl_context: For TLS.
    """
    connections: set[asyncio.Task[None]] = set()
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if closing.is_set():  # accepted just before the close
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=ssl_context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        closing.set()
        for task in connections:
            task.cancel()
        failures = await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
        await connections_ended(server)
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure
