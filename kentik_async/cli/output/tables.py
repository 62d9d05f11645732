"""Tables for people: on a terminal in its width and with colours, elsewhere plain and as wide as need be."""

import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from kentik_async.cli.output.formatting import Column

__all__ = ["new_table", "show", "stdout_console", "write_record", "write_rows"]

_UNBOUNDED = 100_000
"""Columns of a table that no terminal shows: nothing is cut."""


def stdout_console(*, colour: bool = True) -> Console:
    """Return a console on stdout: the terminal, or a plain stream that cuts nothing."""
    if sys.stdout.isatty():
        return Console(no_color=None if colour else True, highlight=False)
    return Console(file=sys.stdout, no_color=True, force_terminal=False, width=_UNBOUNDED, highlight=False)


def write_rows(
    rows: Sequence[Any], columns: Sequence[Column], *, title: str | None = None, colour: bool = True
) -> None:
    """Write rows under their columns' titles.

    Args:
        rows: Models or mappings.
        columns: What to show.
        title: A line above the table.
        colour: Whether a terminal gets colours.
    """
    console = stdout_console(colour=colour)
    table = new_table(console)
    for column in columns:
        if column.numeric:
            table.add_column(column.title, justify="right", no_wrap=True)
        else:
            table.add_column(column.title, overflow="fold", no_wrap=column.kind != "text")
    for row in rows:
        table.add_row(*(Text(column.text(row)) for column in columns))
    heading = (Text(title, style="bold"),) if title else ()
    show(console, *heading, table)


def write_record(record: Any, columns: Sequence[Column], *, colour: bool = True) -> None:
    """Write one thing, a line a field."""
    console = stdout_console(colour=colour)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for column in columns:
        table.add_row(column.title, Text(column.text(record)))
    show(console, table)


def show(console: Console, *parts: RenderableType) -> None:
    """Print to a console; elsewhere than on a terminal without the spaces that fill its lines."""
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    lines = (line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def new_table(console: Console) -> Table:
    """Return an empty table in the style of all: a line under the titles on a terminal, else none."""
    return Table(
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0) if not console.is_terminal else (0, 1),
        header_style="bold",
    )
