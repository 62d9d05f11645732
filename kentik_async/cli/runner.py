"""Runs a command, in an event loop if it is a coroutine, and prints its log records as messages."""

import asyncio
import inspect
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from kentik_async.cli.output.messages import Notes, print_message

__all__ = ["call"]

_INTERRUPTED = 130
_PATIENCE = 5.0


def call(command: Callable[[], Any], notes: Notes, level: int = logging.WARNING) -> Any:
    """Call a command and return its result; a coroutine runs to its end.

    Args:
        command: The command with its arguments bound.
        notes: Prints the log records of the package.
        level: The lowest level of records to print.
    """
    with _log_as(notes, level):
        result = command()
        return _run(result, notes) if inspect.iscoroutine(result) else result


def _run(command: Coroutine[Any, Any, Any], notes: Notes) -> Any:
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(command)
    interrupts = _Interrupts(notes)
    before = signal.signal(signal.SIGINT, interrupts.handle)
    try:
        return asyncio.run(interrupts.cancel_at_first(command))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)


class _Interrupts:
    """Cancels the command at Ctrl-C, and lets its cleanup finish.

    asyncio.run raises KeyboardInterrupt at a second Ctrl-C, at any point of the program. That can interrupt
    the cleanup and leave coroutines that were never awaited. Here a second Ctrl-C is ignored, unless it comes
    more than 5 s after the first; then it ends the process immediately.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._first: float | None = None
        self._task: asyncio.Task[Any] | None = None

    async def cancel_at_first(self, command: Coroutine[Any, Any, Any]) -> Any:
        """Run the command as the task that Ctrl-C cancels."""
        self._task = asyncio.current_task()
        if self._first is not None:
            command.close()
            raise asyncio.CancelledError
        return await command

    def handle(self, _number: int, _frame: object) -> None:
        """Handle SIGINT."""
        if self._first is None:
            self._first = time.monotonic()
            if self._task is not None and self._task.cancel():
                self._task.get_loop().call_soon_threadsafe(lambda: None)  # wakes the loop
        elif time.monotonic() - self._first > _PATIENCE:
            self._notes.console.show_cursor()  # a progress bar hides it
            print_message("interrupted")
            os._exit(_INTERRUPTED)


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
