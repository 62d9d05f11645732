"""The entry point. Every error becomes one line on stderr and an exit code, never a traceback."""

import errno
import io
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["main"]

_USAGE, _API_ERROR, _INTERRUPTED = 2, 1, 130
_WRITE_ERRORS = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: The arguments after the program name; those of this process by default.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    _open_closed_streams()
    if sys.stdout is None:
        return _fail("cannot write to stdout: it is closed", _API_ERROR)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # tables contain dashes that some locales lack
    if arguments is None:
        # Ctrl-C may come between the creation of the command's coroutine and its first step.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    hook = sys.unraisablehook
    sys.unraisablehook = _ignore_interrupts
    try:
        return _flushed(_run(given))
    except KeyboardInterrupt:
        return _interrupted()
    except (BrokenPipeError, SystemExit):  # only rich raises SystemExit, for a closed pipe
        return _reader_closed(_API_ERROR if _uses_change_exit_code(given) else 0)
    finally:
        sys.unraisablehook = hook


def _open_closed_streams() -> None:
    """Open the null device for a stdin or stderr that is closed, which Python sets to None."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 (a device, until the end)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (as above)


def _run(arguments: list[str]) -> int:
    try:
        import rich  # noqa: F401 (the other package of the extra, which is imported later)
        from cyclopts import CycloptsError

        from kentik_async.cli.app import app
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("cyclopts", "rich"):
            code = _API_ERROR if _uses_change_exit_code(arguments) else _USAGE
            return _fail("the command line is not installed: pip install 'kentik-async[cli]'", code)
        raise
    from kentik_async.cli.error_text import error_line, usage_lines
    from kentik_async.cli.exit_codes import exit_for
    from kentik_async.errors import DocumentError, KentikError

    def code_for(error: KentikError | None) -> int:
        if _uses_change_exit_code(arguments):
            return _API_ERROR
        return _USAGE if error is None else exit_for(error)

    try:
        command, bound, _ = app.meta.parse_args(
            arguments, console=_console(arguments), exit_on_error=False, print_error=False
        )
        return int(command(*bound.args, **bound.kwargs) or 0)
    except CycloptsError as error:
        return _fail(usage_lines(error), code_for(None))
    except DocumentError as error:
        return _fail(str(error), code_for(error), label="")
    except KentikError as error:
        return _fail(error_line(error), code_for(error))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (reported to the user as a bug)
        return _unexpected(error)


def _uses_change_exit_code(arguments: Sequence[str]) -> bool:
    """Return whether the exit code 2 means that there are changes, so that every error is 1."""
    return "plan" in arguments and any(one.partition("=")[0] == "--exit-code" for one in arguments)


def _unexpected(error: Exception) -> int:
    """Report a stdout that cannot be written, or a bug."""
    from kentik_async.cli.output.stdout import OutputError

    # rich writes help and tables to stdout itself. The errors of files have a file name.
    if isinstance(error, OSError) and error.errno in _WRITE_ERRORS and error.filename is None:
        return _unwritable(str(OutputError(error)))
    if isinstance(error, OutputError):
        return _unwritable(str(error))
    if os.environ.get("KENTIK_TRACEBACK"):
        raise error
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"{text}; this is a bug: set KENTIK_TRACEBACK=1 for a traceback", _API_ERROR)


def _console(arguments: list[str]) -> "Console | None":
    """Return the console for help; None for the default one."""
    if "--no-color" not in arguments:
        return None
    from kentik_async.cli.output.tables import stdout_console

    return stdout_console(colour=False)


def _fail(text: str, code: int, *, label: str = "error: ") -> int:
    from kentik_async.cli.output.messages import print_message

    for line in f"{label}{text}".splitlines():
        print_message(line)
    return code


def _ignore_interrupts(failure: "sys.UnraisableHookArgs") -> None:
    """Print nothing for a second Ctrl-C in a finalizer, where Python cannot raise KeyboardInterrupt."""
    if failure.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(failure)


def _interrupted() -> int:
    """End after Ctrl-C, and ignore another one while Python shuts down."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import logging

    logging.disable()  # asyncio logs tasks that a second Ctrl-C left unfinished
    return _fail("interrupted", _INTERRUPTED, label="")


def _reader_closed(code: int) -> int:
    """End quietly: the reader of the pipe, such as `head`, has closed it."""
    _discard_stdout()
    return code


def _flushed(code: int) -> int:
    """Flush stdout, and return the exit code of the command if that is possible."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        return _unwritable(f"cannot write to stdout: {error.strerror or error}")
    return code


def _unwritable(text: str) -> int:
    _discard_stdout()
    return _fail(text, _API_ERROR)


def _discard_stdout() -> None:
    """Redirect stdout to the null device, because Python flushes it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
