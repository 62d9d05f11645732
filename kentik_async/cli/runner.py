"""How a command is called: in an event loop if it needs one, its log lines as notes. No help needs this."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kentik_async.cli.output.messages import Notes

__all__ = ["call"]


def call(command: Callable[[], Any], notes: Notes) -> Any:
    """Call a command and return what it returns, also if that has to be awaited.

    Args:
        command: The command, its arguments bound.
        notes: Where the package's log lines appear meanwhile.
    """
    with _log_as(notes):
        result = command()
        return asyncio.run(result) if inspect.iscoroutine(result) else result


@contextmanager
def _log_as(notes: Notes) -> Iterator[None]:
    """Let the package's log lines appear as notes and warnings while the block runs."""
    logger = logging.getLogger("kentik_async")
    level, propagate = logger.level, logger.propagate
    handler = _NoteHandler(notes)
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _NoteHandler(logging.Handler):
    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        if self._notes.quiet and record.levelno < logging.ERROR:
            return
        word = "note" if record.levelno < logging.WARNING else record.levelname.lower()
        self._notes.line(word, record.getMessage())
