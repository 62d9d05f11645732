"""The tree of commands, and what all of them share: the options, and how a command is called."""

from functools import partial
from typing import Annotated, Any

from cyclopts import App, Parameter

from kentik_async._version import __version__

# All of them, so that the help can name them: they import nothing heavy before they are called.
from kentik_async.cli.commands import (
    as_groups,
    auth,
    completion,
    demo,
    emulator,
    kmi,
    plans,
    pull,
    quota,
    raw,
    saved,
    sites,
)
from kentik_async.cli.context import Context
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import ASK, GLOBAL, OTHER, START, Options

__all__ = ["app"]

_HELP = """Ask Kentik: market intelligence, AS groups, sites, plans.

Credentials come from KENTIK_EMAIL and KENTIK_API_TOKEN, or from the profile
~/.kentik/default with {"email": "...", "api-key": "..."}.

  $ kentik-async demo                       without an account
  $ kentik-async auth status
  $ kentik-async kmi rankings US --limit 10
  $ kentik-async kmi markets -o csv > markets.csv

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 an API
error, 2 a wrong command line or setting, 3 credentials or rights, 4 no quota,
5 finished with failures, 6 target locked, 130 interrupted."""

app = App(
    name="kentik-async",
    help=_HELP,
    help_format="plaintext",
    version=__version__,
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)
app.command(demo.demo, group=START)
app.command(emulator.emulator, group=START)
kmi.app.command(pull.app)
kmi.app.command(saved.status)
kmi.app.command(saved.diff)
for _group in (as_groups, auth, kmi, plans, sites):
    app.command(_group.app)
app.command(raw.raw, group=ASK)
app.command(completion.completion, group=OTHER)
app.command(quota.quota, group=OTHER)
app["--help"].group = GLOBAL
app["--version"].group = GLOBAL


@app.meta.default
def run(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008 (frozen)
) -> Exit:
    """Find the command that the tokens name, call it, and return the exit code.

    Args:
        tokens: The command line without the options of every command.
        options: Those options.
    """
    command, bound, unparsed = app.parse_args(tokens, exit_on_error=False, print_error=False)
    if getattr(command, "__func__", None) in (App.help_print, App.version_print):
        command(*bound.args, **bound.kwargs)
        # A group without a command is answered with its help; nothing at all is an invitation to it.
        return Exit.USAGE if tokens and not _asks_for_help(tokens) else Exit.OK
    from kentik_async.cli.runner import call

    context = Context(options)
    if "context" in unparsed:
        bound.arguments["context"] = context
    result: Any = call(partial(command, *bound.args, **bound.kwargs), context.notes)
    return Exit.OK if result is None else Exit(result)


def _asks_for_help(tokens: tuple[str, ...]) -> bool:
    return not {"--help", "-h", "--version"}.isdisjoint(tokens)
