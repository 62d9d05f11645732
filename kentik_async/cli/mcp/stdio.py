"""Stdin for the server: a read ends immediately at Ctrl-C, unlike a blocking read in a thread."""

import asyncio
import sys
from collections.abc import AsyncIterator

__all__ = ["Lines"]

_LONGEST_LINE = 16 * 1024 * 1024


class Lines:
    """The lines of stdin."""

    def __aiter__(self) -> AsyncIterator[str]:
        return self._lines()

    @staticmethod
    async def _lines() -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
        )
        try:
            while line := await reader.readline():
                yield line.decode("utf-8", "replace")
        finally:
            transport.close()
