"""The server: lists the tools, checks their arguments, and turns errors into results."""

import logging
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from kentik_async._version import __version__
from kentik_async.cli.error_text import error_line
from kentik_async.cli.mcp.stdio import Lines
from kentik_async.cli.mcp.tools import ToolSpec
from kentik_async.errors import ConfigError, KentikError

__all__ = ["serve"]

_log = logging.getLogger("kentik_async")

_INSTRUCTIONS = (
    "Read-only tools for Kentik. A customer may send few requests a minute, so calls may wait; "
    "prefer saved targets where there are any. Results are cut: see 'truncated'."
)


async def serve(tools: Sequence[ToolSpec]) -> None:
    """Serve the tools on stdin and stdout until stdin ends.

    Raises:
        ConfigError: The package mcp is not installed, or too old.
    """
    try:
        import mcp_types as types
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # mcp requires it
        from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # it has no types
        from mcp.server.lowlevel import Server
        from mcp.server.stdio import stdio_server
    except ModuleNotFoundError:
        raise ConfigError(
            "the package mcp is not installed in version 2 or newer: pip install 'kentik-async[mcp]'"
        ) from None

    known = {tool.name: tool for tool in tools}
    validators = {tool.name: Draft202012Validator(tool.input_schema) for tool in tools}
    read_only = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)

    async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.input_schema,
                    annotations=read_only,
                )
                for tool in tools
            ]
        )

    async def call_tool(_context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool, arguments = known.get(params.name), params.arguments or {}
        if tool is None:
            return failed(f"there is no tool {params.name!r}; there are {', '.join(known)}")
        wrong = best_match(validators[tool.name].iter_errors(arguments))
        if wrong is not None:
            return failed(" ".join([*map(str, wrong.absolute_path), wrong.message]))
        try:
            result = await tool.call(tool.with_defaults(arguments))
        except KentikError as error:
            return failed(error_line(error))
        except Exception as error:  # noqa: BLE001 (one failed call must not end the server)
            _log.error("%s: %s; this is a bug", tool.name, type(error).__name__)
            return failed(f"{tool.name} failed with {type(error).__name__}; this is a bug of kentik-async")
        return answered(result)

    def failed(text: str) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)

    def answered(result: dict[str, Any]) -> types.CallToolResult:
        text = msgspec.json.encode(result).decode()
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=result
        )

    server: Server[Any] = Server(
        "kentik-async",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server(stdin=cast("Any", Lines())) as (read, write):
        await server.run(read, write, server.create_initialization_options())
