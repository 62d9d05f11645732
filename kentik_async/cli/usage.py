"""What is wrong with a command line: one line, and where to read on."""

from cyclopts import CycloptsError, UnusedCliTokensError

from kentik_async.cli.output.messages import on_one_line

__all__ = ["usage_lines"]

_PROGRAM = "kentik-async"


def usage_lines(error: CycloptsError) -> str:
    """Return what was wrong on one line, and the command whose help says what is allowed on a second."""
    error.verbose = False
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        said = f"unexpected: {' '.join(map(repr, error.unused_tokens))}"
    else:
        said = on_one_line(str(error)).removesuffix(".")
        said = said[:1].lower() + said[1:]
    command = " ".join([_PROGRAM, *(error.command_chain or ())])
    return f"{said}\nhint: {command} --help"
