"""The journal's write-ahead log on its way to the disk: a thread sees to it while the event loop goes on.

SQLite, told to make each entry durable, would hold the event loop until the disk is done, and with it the
next request: measured, 1 ms of the 26 that a page takes at sixty times the vendor's speed. This leaves the
log as SQLite's `synchronous = FULL` does: all that it adds is this one call after each entry.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["JournalLog"]

_force = getattr(os, "fdatasync", os.fsync)  # macOS has the latter alone


class JournalLog:
    """The log beside a journal; SQLite makes it with the first entry, and never another in its place."""

    def __init__(self, journal: Path) -> None:
        """Prepare; nothing is opened yet.

        Args:
            journal: The database's file.
        """
        self._path = f"{journal.resolve()}-wal"  # SQLite puts it beside what a link leads to
        self._file: int | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kentik-journal")

    async def flush(self) -> None:
        """Wait until all is on the disk that the log held when this was called.

        Raises:
            OSError: The disk does not take it.
        """
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        await asyncio.get_running_loop().run_in_executor(self._thread, _force, self._file)

    def close(self) -> None:
        """Let go of the log, once the disk is done with what was begun."""
        self._thread.shutdown()
        if self._file is not None:
            os.close(self._file)
            self._file = None
