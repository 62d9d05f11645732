"""Questions on the terminal."""

import sys

from kentik_async.cli.context import Context
from kentik_async.cli.exit_codes import Exit
from kentik_async.errors import ConfigError

__all__ = ["answer", "confirmed", "declined", "hidden_answer", "require_terminal"]


def require_terminal(action: str) -> None:
    """Check that a question can be asked.

    Args:
        action: The action to confirm, such as "delete site 3".

    Raises:
        ConfigError: Stdin or stderr is not a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(f"cannot ask for confirmation to {action} without a terminal; add --yes")


def answer(question: str) -> str:
    """Ask a question and return the answer. It blocks: only for commands without an event loop.

    Raises:
        EOFError: There is no answer, because the user pressed Ctrl-D.
    """
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


def hidden_answer(question: str) -> str:
    """Ask a question and return the answer, which the terminal does not show. It blocks, too.

    Raises:
        EOFError: There is no answer.
    """
    import getpass

    return getpass.getpass(question).strip()


async def confirmed(question: str) -> bool:
    """Ask a question and return whether the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    await _readable(sys.stdin.fileno())
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def declined(context: Context, what: str = "nothing was deleted") -> Exit:
    """Print that nothing was done and return the exit code."""
    context.notes.note(what)
    return Exit.INTERRUPTED


async def _readable(descriptor: int) -> None:
    """Wait for input. Ctrl-C would not end a blocking read, because the event loop handles the signal."""
    import asyncio

    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
