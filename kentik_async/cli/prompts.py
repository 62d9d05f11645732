"""The question before something is deleted."""

import sys

from kentik_async.cli.context import Context
from kentik_async.cli.exit_codes import Exit
from kentik_async.errors import ConfigError

__all__ = ["confirmed", "declined"]


async def confirmed(what: str, *, yes: bool) -> bool:
    """Ask on the terminal whether to delete something.

    Args:
        what: What will be deleted, such as "site 3".
        yes: The answer was given on the command line.

    Raises:
        ConfigError: There is no terminal to ask on, and `yes` is not set.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(f"{what} would be deleted, and there is no terminal to ask on: add --yes")
    print(f"Delete {what}? [y/N] ", end="", file=sys.stderr, flush=True)
    await _readable(sys.stdin.fileno())
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def declined(context: Context) -> Exit:
    """Say that nothing was done."""
    context.notes.note("nothing was deleted")
    return Exit.INTERRUPTED


async def _readable(descriptor: int) -> None:
    """Wait for input. A plain read would not end at Ctrl-C: the event loop takes that signal for itself."""
    import asyncio

    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
