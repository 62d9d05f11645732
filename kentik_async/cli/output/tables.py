"""Tables for people: fitted to the terminal and in colour, or plain and complete in a pipe."""

import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kentik_async.cli.output.formatting import Column
from kentik_async.cli.output.layout import columns_that_fit
from kentik_async.cli.output.pager import show_in_pager
from kentik_async.cli.output.stdout import write_stdout

__all__ = ["new_table", "show", "stdout_console", "write_record", "write_rows"]

_UNBOUNDED = 100_000
"""Width of a table in a pipe: nothing is cut or wrapped."""


def stdout_console(*, colour: bool = True) -> Console:
    """Return a console on stdout: the terminal, or a plain stream of unlimited width."""
    if sys.stdout.isatty():
        return Console(no_color=None if colour else True, highlight=False)
    return Console(file=sys.stdout, no_color=True, force_terminal=False, width=_UNBOUNDED, highlight=False)


def write_rows(
    rows: Sequence[Any],
    columns: Sequence[Column],
    *,
    title: str | None = None,
    colour: bool = True,
    pager: bool = False,
) -> int:
    """Write a table, or a list of records if the terminal is too narrow for the table.

    Args:
        rows: Models or mappings.
        columns: The columns of the table.
        title: A line above the table.
        colour: Use colours on a terminal.
        pager: Show a table that is longer than the terminal in a pager.

    Returns:
        The number of optional columns that were hidden to fit the terminal.
    """
    console = stdout_console(colour=colour)
    cells = [[column.text(row) for column in columns] for row in rows]
    every = tuple(range(len(columns)))
    shown = columns_that_fit(columns, cells, console.width) if console.is_terminal else every
    heading = (Text(title, style="bold"),) if title else ()
    if shown is None:
        show(console, *heading, *_records(columns, cells), pager=pager)
        return 0
    table = new_table(console)
    for i in shown:
        column = columns[i]
        if column.numeric:
            table.add_column(column.title, justify="right", no_wrap=True)
        else:
            table.add_column(column.title, overflow="fold", no_wrap=column.kind != "text")
    for row in cells:
        table.add_row(*(_cell(row[i]) for i in shown))
    show(console, *heading, table, pager=pager)
    return len(columns) - len(shown)


def write_record(record: Any, columns: Sequence[Column], *, colour: bool = True) -> None:
    """Write one record with one line per field."""
    console = stdout_console(colour=colour)
    show(console, _record(columns, [column.text(record) for column in columns]))


def _records(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[RenderableType]:
    """Return one block per row, separated by empty lines."""
    parts: list[RenderableType] = []
    for row in cells:
        if parts:
            parts.append("")
        parts.append(_record(columns, row))
    return parts


def _cell(text: str) -> RenderableType:
    """Return the content of a cell; the lines of a wrapped text all have its indent."""
    bare = text.lstrip(" ")
    indent = len(text) - len(bare)
    return Padding(Text(bare), (0, 0, 0, indent)) if indent else Text(text)


def _record(columns: Sequence[Column], cells: Sequence[str]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for column, text in zip(columns, cells, strict=True):
        table.add_row(column.title, Text(text))
    return table


def show(console: Console, *parts: RenderableType, pager: bool = False) -> None:
    """Print to a console. Without a terminal, lines have no trailing spaces."""
    if console.is_terminal and not pager:
        console.print(*parts, sep="\n")
        return
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    text = captured.get()
    if console.is_terminal:
        if text.count("\n") < console.height or not show_in_pager(text):
            write_stdout(text.encode(sys.stdout.encoding or "utf-8", "replace"))
        return
    lines = (line.rstrip() for line in text.splitlines())
    encoding = sys.stdout.encoding or "utf-8"
    write_stdout("".join(f"{line}\n" for line in lines).encode(encoding, "replace"))


def new_table(console: Console) -> Table:
    """Return an empty table, with a line under the titles on a terminal."""
    return Table(
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0) if not console.is_terminal else (0, 1),
        header_style="bold",
    )
