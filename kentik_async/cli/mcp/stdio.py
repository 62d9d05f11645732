"""Stdin for the server: it can be given up at once, unlike a read in a thread, which Ctrl-C cannot end."""

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
