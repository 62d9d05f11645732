"""The command tree, and the entry point that parses the global options and calls a command."""

from functools import partial
from typing import Annotated, Any

from cyclopts import App, Parameter

from kentik_async._version import __version__

# The help lists all commands. Their modules import nothing heavy before they are called.
from kentik_async.cli.commands import (
    as_groups,
    auth,
    care,
    demo,
    emulator,
    kmi,
    plans,
    pull,
    quota,
    raw,
    report,
    saved,
    site_markets,
    sites,
    sites_v6,
)
from kentik_async.cli.commands.tools import codegen, completion, mcp
from kentik_async.cli.context import Context
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.help_layout import HelpLayout
from kentik_async.cli.parameters import ASK, GLOBAL, OTHER, START, STATE, Options
from kentik_async.cli.state import commands as state
from kentik_async.errors import ConfigError

__all__ = ["app"]

_HELP = """Work with the Kentik API from the command line.

Credentials are read from KENTIK_EMAIL and KENTIK_API_TOKEN, or from the
profile ~/.kentik/default: {"email": "...", "api-key": "..."}.

For example:

  kentik-async demo
  kentik-async auth status
  kentik-async kmi rankings US --limit 10
  kentik-async kmi markets -o csv > markets.csv

Results are written to stdout, messages to stderr. Exit codes: 0 success,
1 API error, 2 usage or configuration error, 3 authentication or permission
error, 4 rate limited, 5 finished with failures, 6 target locked,
130 interrupted."""

app = App(
    name="kentik-async",
    help=_HELP,
    help_format="plaintext",
    help_formatter=HelpLayout(),
    version=__version__,
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)
app.command(demo.demo, group=START)
app.command(emulator.emulator, group=START)
kmi.app.command(pull.app)
kmi.app.command(saved.status, usage="Usage: kentik-async kmi status TARGET [MORE...] [OPTIONS]")
kmi.app.command(saved.diff)
kmi.app.command(report.app)
kmi.app.command(care.verify)
kmi.app.command(care.repair)
kmi.app.command(care.prune)
for _group in (as_groups, auth, kmi, plans, quota, site_markets, sites, sites_v6):
    app.command(_group.app)
app.command(state.export, group=STATE, usage="Usage: kentik-async export [FILE] [OPTIONS]")
app.command(state.plan, group=STATE, usage="Usage: kentik-async plan PATH... [OPTIONS]")
app.command(state.apply, group=STATE, usage="Usage: kentik-async apply [PATH...] [OPTIONS]")
app.command(state.schema, group=STATE)
app.command(raw.raw, group=ASK)
app.command(codegen.codegen, group=OTHER)
app.command(mcp.mcp, group=OTHER)
app.command(completion.completion, group=OTHER, usage="Usage: kentik-async completion [SHELL] [OPTIONS]")
app["--help"].group = GLOBAL
app["--version"].group = GLOBAL


@app.meta.default
def run(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008 (frozen)
) -> Exit:
    """Call a command and return the exit code.

    Args:
        tokens: The command line without the global options.
        options: The global options.

    Raises:
        ConfigError: The command does not have the selected format.
    """
    command, bound, unparsed = app.parse_args(tokens, exit_on_error=False, print_error=False)
    if getattr(command, "__func__", None) in (App.help_print, App.version_print):
        command(*bound.args, **bound.kwargs)
        # A group without a command prints its help and is an error; the program alone is not.
        return Exit.USAGE if tokens and not _asks_for_help(tokens) else Exit.OK
    if options.output == "markdown" and command not in (state.plan, state.apply):
        raise ConfigError(
            "-o markdown is for 'plan' and 'apply'; other commands have table, json, ndjson, csv"
        )
    from kentik_async.cli.runner import call

    context = Context(options)
    provided = {"context": context, "root": app}
    bound.arguments.update((name, provided[name]) for name in unparsed)
    result: Any = call(partial(command, *bound.args, **bound.kwargs), context.notes, options.log_level)
    return Exit.OK if result is None else Exit(result)


def _asks_for_help(tokens: tuple[str, ...]) -> bool:
    return not {"--help", "-h", "--version"}.isdisjoint(tokens)
