"""Notes, warnings and progress on stderr; stdout is for results only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from kentik_async.events import Event

__all__ = ["Notes", "on_one_line", "print_message", "printable", "wrapped"]


class Notes:
    """Prints messages for the user.

    Attributes:
        quiet: Print only errors and questions.
        subject: A prefix for each line, such as the name of a profile, if there are several.
    """

    def __init__(self, *, quiet: bool = False, colour: bool = True, subject: str = "") -> None:
        """Select which messages are printed."""
        self.quiet = quiet
        self.subject = subject
        self._colour = colour
        self._about = f"{subject}: " if subject else ""

    def about(self, subject: str) -> "Notes":
        """Return a copy whose lines have the prefix `subject`."""
        return Notes(quiet=self.quiet, colour=self._colour, subject=subject)

    @cached_property
    def console(self) -> "Console":
        """The console on stderr."""
        from rich.console import Console

        return Console(stderr=True, no_color=None if self._colour else True, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Whether progress can be drawn: stderr is a terminal and messages are not suppressed."""
        return not self.quiet and sys.stderr.isatty()

    def note(self, text: str) -> None:
        """Print a note."""
        if not self.quiet:
            self.line("note", text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        if not self.quiet:
            self.line("warning", text)

    def plain(self, text: str) -> None:
        """Print text without a label, with its line breaks."""
        if not self.quiet:
            _write_stderr(f"{self._about}{text}")

    def wrapped(self, text: str) -> None:
        """Print a sentence without a label; a terminal wraps it between words."""
        if not self.quiet:
            print_message(f"{self._about}{on_one_line(text)}")

    def error(self, text: str) -> None:
        """Print an error on one line, even if quiet."""
        self.line("error", text)

    def line(self, word: str, text: str) -> None:
        """Print a message with a label on one line, even if quiet."""
        print_message(f"{word}: {self._about}{on_one_line(text)}")

    def retries(self, event: "Event") -> None:
        """Handle a client's events: print a note for each failed attempt that is retried."""
        if event.kind == "retried":
            self.note(f"{event.operation}: {event.error}; retrying in {event.duration:.1f} s")

    @contextmanager
    def status(self) -> Iterator["Status | None"]:
        """Show a status line that can be updated; yields None without a terminal."""
        if not self.live:
            yield None
            return
        with self.console.status("") as status:
            yield status


def print_message(text: str) -> None:
    """Print one line to stderr; a terminal wraps it between words."""
    _write_stderr(wrapped(text) if sys.stderr.isatty() else text)


def wrapped(text: str) -> str:
    """Return a line wrapped between words to the width of the terminal."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _write_stderr(text: str) -> None:
    """Write a line to stderr. If that fails, the message is lost, but the exit code stays the same."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Return a text without control characters, so that untrusted text cannot control the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def on_one_line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return printable(" ".join(text.split()))
