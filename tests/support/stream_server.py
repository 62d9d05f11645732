"""A TCP server for tests whose connections end with it.

asyncio itself keeps only weak references to the tasks of a server's connections. Once both sides have sent
their end, a handler can be collected as garbage while it still waits, with warnings in some later test.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

__all__ = ["Handler", "serving"]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


@asynccontextmanager
async def serving(
    handler: Handler, port: int = 0, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 and yield the port; at the end, cancel the handlers and wait for them.

    Args:
        handler: What serves a connection. It may end with OSError or IncompleteReadError. The
            connection is aborted when it ends.
        port: Where to listen; 0 selects a free port.
        ssl_context: For TLS.
    """
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=ssl_context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in connections:
            task.cancel()
        failures = await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure
