"""Stdin for the server: a read ends immediately at Ctrl-C, unlike a blocking read in a thread."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator

__all__ = ["Lines"]

_LONGEST_LINE = 16 * 1024 * 1024


class Lines:
    """The lines of stdin."""

    def __aiter__(self) -> AsyncIterator[str]:
        return self._of_pipe() if _is_pipe(sys.stdin.fileno()) else self._of_file()

    @staticmethod
    async def _of_pipe() -> AsyncIterator[str]:
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

    @staticmethod
    async def _of_file() -> AsyncIterator[str]:
        """Yield the lines of a file or of the null device, which asyncio cannot wait for.

        Their reads do not block for long, so that a thread does not delay the end.
        """
        while line := await asyncio.to_thread(sys.stdin.buffer.readline, _LONGEST_LINE):
            yield line.decode("utf-8", "replace")


def _is_pipe(descriptor: int) -> bool:
    """Return whether a descriptor is a pipe, a socket or a terminal."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
