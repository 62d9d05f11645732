"""Notes, warnings and progress, all to stderr: stdout is for results alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from kentik_async.events import Event

__all__ = ["Notes", "on_one_line", "printable"]


class Notes:
    """Says what a user should know beside the result.

    Attributes:
        quiet: Whether only errors and questions are said.
        subject: What all of it is about, where there are several; each line names it.
    """

    def __init__(self, *, quiet: bool = False, colour: bool = True, subject: str = "") -> None:
        """Choose how much is said."""
        self.quiet = quiet
        self.subject = subject
        self._colour = colour
        self._about = f"{subject}: " if subject else ""

    def about(self, subject: str) -> "Notes":
        """Return notes on one of several things."""
        return Notes(quiet=self.quiet, colour=self._colour, subject=subject)

    @cached_property
    def console(self) -> "Console":
        """The terminal behind stderr, or a plain stream."""
        from rich.console import Console

        return Console(stderr=True, no_color=None if self._colour else True, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Whether something that moves may be drawn."""
        return not self.quiet and sys.stderr.isatty()

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        if not self.quiet:
            self.line("note", text)

    def warn(self, text: str) -> None:
        """Say what may be a mistake."""
        if not self.quiet:
            self.line("warning", text)

    def plain(self, text: str) -> None:
        """Say something without a word before it, lines as they are."""
        if not self.quiet:
            print(f"{self._about}{text}", file=sys.stderr, flush=True)

    def error(self, text: str) -> None:
        """Say what went wrong, on one line; also when quiet."""
        self.line("error", text)

    def line(self, word: str, text: str) -> None:
        """Say something of a kind, on one line; also when quiet."""
        print(f"{word}: {self._about}{on_one_line(text)}", file=sys.stderr, flush=True)

    def retries(self, event: "Event") -> None:
        """Take a client's events, and tell of attempts that failed."""
        if event.kind == "retried":
            self.note(f"{event.operation}: {event.error}; another attempt in {event.duration:.1f} s")

    @contextmanager
    def status(self) -> Iterator["Status | None"]:
        """Offer a line that can be changed, where there is a terminal; else None."""
        if not self.live:
            yield None
            return
        with self.console.status("") as status:
            yield status


def printable(text: str) -> str:
    """Return a text without what would command the terminal: it may come from anywhere."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def on_one_line(text: str) -> str:
    """Return a text on one line, printable."""
    return printable(" ".join(text.split()))
