"""`kentik-async mcp`: read-only tools for assistants, over the Model Context Protocol."""

from contextlib import AsyncExitStack
from typing import Annotated

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.errors import ConfigError

__all__ = ["mcp"]

_MAX_WAIT = 60.0
"""Seconds; unlike a pull, a program that calls a tool does not wait for an hour."""


async def mcp(
    *,
    target: Annotated[tuple[str, ...], Parameter(name=("--target",), show_default=False)] = (),
    context: Ctx,
) -> None:
    """Serve read-only tools for assistants (Model Context Protocol).

    A program such as an assistant starts this command and talks to it through
    stdin and stdout. All calls use one client and its quota. The assistant
    can read the targets that you name with --target, and no other file. A
    call waits for quota for at most 60 s, unless --max-wait is given.

    For example:

      kentik-async mcp --target data

    Args:
        target: Folder or URL of a saved target; may be repeated.
        context: The command context.
    """
    from kentik_async.cli.mcp.api_tools import api_tools
    from kentik_async.cli.mcp.saved_tools import named_targets, saved_tools
    from kentik_async.cli.mcp.server import serve

    tools = list(saved_tools(named_targets(target)))
    async with AsyncExitStack() as stack:
        settings = context.settings
        if tools and not settings.keys() & {"email", "token"}:
            context.notes.note("no credentials found: only the tools for saved targets are available")
        else:
            client = context.open_client({"max_wait": _MAX_WAIT, **settings})
            kentik = await stack.enter_async_context(client)
            tools = [*api_tools(kentik), *tools]
        try:
            await serve(tools)
        except* BrokenPipeError:
            raise ConfigError("the reader of stdout has closed it") from None
