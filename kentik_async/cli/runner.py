"""Runs a command, in an event loop if it is a coroutine, and prints its log records as messages."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kentik_async.cli.output.messages import Notes

__all__ = ["call"]


def call(command: Callable[[], Any], notes: Notes, level: int = logging.WARNING) -> Any:
    """Call a command and return its result; a coroutine runs to its end.

    Args:
        command: The command with its arguments bound.
        notes: Prints the log records of the package.
        level: The lowest level of records to print.
    """
    with _log_as(notes, level):
        result = command()
        return asyncio.run(result) if inspect.iscoroutine(result) else result


@contextmanager
def _log_as(notes: Notes, lowest: int) -> Iterator[None]:
    """Print the log records of the package as notes and warnings while the block runs."""
    logger = logging.getLogger("kentik_async")
    level, propagate = logger.level, logger.propagate
    handler = _NoteHandler(notes)
    logger.addHandler(handler)
    logger.setLevel(lowest)
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
        word = "note" if record.levelno == logging.INFO else record.levelname.lower()
        self._notes.line(word, record.getMessage())
