"""The tools for saved targets: their contents, and SQL on their tables. They call no API."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.reading.dataset import open_target
from kentik_async.cli.mcp.sandbox import Query
from kentik_async.cli.mcp.tools import MAX_ROWS, PAGE, Arguments, ToolSpec, bounded_rows
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    from kentik_async.bulk.reading.dataset import Tables

__all__ = ["named_targets", "saved_tools"]

_TABLES = ("rankings", "relations", "asns", "markets", "insights", "pages", "runs")
_TIMEOUT = 30.0
_MOST_DATES = 400


def named_targets(targets: Sequence[str]) -> "dict[str, Tables]":
    """Open targets, and name each by the last part of its path.

    Raises:
        ConfigError: Two have the same name, or pyarrow is not installed.
        TargetError: One cannot be read.
        ValidationError: The scheme of a URL is unknown.
    """
    opened: dict[str, Tables] = {}
    for target in targets:
        name = PurePath(target.rstrip("/")).name or target
        if name in opened:
            raise ConfigError(f"--target: two targets have the name {name!r}; rename a folder or its link")
        opened[name] = open_target(target)
    return opened


def saved_tools(targets: "Mapping[str, Tables]") -> Sequence[ToolSpec]:
    """Return the tools for the targets that the user has opened; no other file can be read.

    Args:
        targets: The opened targets by name.
    """
    if not targets:
        return ()
    tools = _SavedTools(targets)
    target = {"type": "string", "enum": list(targets), "description": "Name of the saved target."}
    return (
        ToolSpec(
            "list_saved_tables",
            "Show a saved target: its dates, and its tables with columns and number of rows.",
            tools.list_saved_tables,
            {"target": target},
            ["target"],
        ),
        ToolSpec(
            "query_saved_target",
            "Run one SELECT statement (DuckDB SQL) on the tables of a saved target. Each row has run_date.",
            tools.query_saved_target,
            {
                "target": target,
                "sql": {"type": "string", "description": "SELECT statement; see list_saved_tables."},
                "max_rows": PAGE["max_rows"] | {"maximum": MAX_ROWS},
            },
            ["target", "sql"],
        ),
    )


class _SavedTools:
    def __init__(self, targets: "Mapping[str, Tables]") -> None:
        self._targets = targets

    async def list_saved_tables(self, arguments: Arguments) -> dict[str, Any]:
        return await asyncio.to_thread(_description, self._targets[arguments["target"]])

    async def query_saved_target(self, arguments: Arguments) -> dict[str, Any]:
        tables = self._targets[arguments["target"]]
        datasets = await asyncio.to_thread(_datasets, tables)
        query = Query(datasets)
        task = asyncio.create_task(asyncio.to_thread(_answer, query, arguments))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            query.stop()
            task.add_done_callback(
                lambda ended: ended.cancelled() or ended.exception()
            )  # no other code reads it
            raise


def _datasets(tables: "Tables") -> dict[str, Any]:
    return {name: tables.dataset(name) for name in _TABLES}


def _description(tables: "Tables") -> dict[str, Any]:
    dates = tables.dates()
    described = {}
    for name, dataset in _datasets(tables).items():
        columns = {column.name: str(column.type) for column in dataset.schema}
        described[name] = {"rows": dataset.count_rows(), "columns": columns}
    return {"dates": dates[-_MOST_DATES:], "number_of_dates": len(dates), "tables": described}


def _answer(query: Query, arguments: Arguments) -> dict[str, Any]:
    most = arguments["max_rows"]
    try:
        rows = query.rows(arguments["sql"], _TIMEOUT)
        found = bounded_rows(islice(rows, most))
        if not found["truncated"] and next(rows, None) is not None:
            found |= {"truncated": True, "note": f"there are more than {most} rows"}
        return found
    finally:
        query.close()
