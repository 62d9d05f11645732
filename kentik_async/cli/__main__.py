"""The entry point: every error becomes one line on stderr and an exit code, never a traceback."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["main"]

_USAGE, _API_ERROR, _INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What follows the program's name; those of this process by default.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale without our dash must not end a table
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # rich makes the one into the other, and nothing else exits
        return _reader_left()
    return code


def _run(arguments: list[str]) -> int:
    try:
        import rich  # noqa: F401 (the extra's other half, which help and tables import when they are shown)
        from cyclopts import CycloptsError

        from kentik_async.cli.app import app
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("cyclopts", "rich"):
            return _fail("the command line is not installed: pip install 'kentik-async[cli]'", _USAGE)
        raise
    from kentik_async.cli.error_text import error_line, usage_lines
    from kentik_async.cli.exit_codes import exit_for
    from kentik_async.errors import KentikError

    try:
        command, bound, _ = app.meta.parse_args(
            arguments, console=_console(arguments), exit_on_error=False, print_error=False
        )
        return int(command(*bound.args, **bound.kwargs) or 0)
    except CycloptsError as error:
        return _fail(usage_lines(error), _USAGE)
    except KentikError as error:
        return _fail(error_line(error), exit_for(error))
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("KENTIK_TRACEBACK"):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return _fail(f"{text}; this is a bug, KENTIK_TRACEBACK=1 shows where", _API_ERROR)


def _console(arguments: list[str]) -> "Console | None":
    """Return where help is printed, if that is not the usual."""
    if "--no-color" not in arguments:
        return None
    from kentik_async.cli.output.tables import stdout_console

    return stdout_console(colour=False)


def _fail(text: str, code: int, *, word: str = "error: ") -> int:
    print(f"{word}{text}", file=sys.stderr, flush=True)
    return code


def _interrupted() -> int:
    """End: whoever presses Ctrl-C once more, while Python takes itself down, has been heard."""
    import logging

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()  # asyncio's words on what a second Ctrl-C kept from ending in order
    return _fail("interrupted", _INTERRUPTED, word="")


def _reader_left() -> int:
    """End quietly: whoever reads our output had enough.

    Python flushes stdout once more at exit, so it must lead somewhere.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
