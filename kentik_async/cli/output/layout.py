"""Fits a table to the width of a terminal. Pure.

A table that does not fit first hides its optional columns, then becomes a list of records with one line per
field. Words are never cut in the middle, as long as a column has room for its longest word.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from kentik_async.cli.output.formatting import Column

__all__ = ["GAP", "columns_that_fit"]

GAP = 3
"""Terminal cells between two columns."""


def columns_that_fit(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int
) -> tuple[int, ...] | None:
    """Return the indices of the columns to show, or None if the table does not fit at all.

    Args:
        columns: The columns of the table.
        cells: The texts of each row, one per column.
        width: The width of the terminal.
    """
    needed = [_minimum(column, [row[i] for row in cells]) for i, column in enumerate(columns)]
    shown = list(range(len(columns)))
    while sum(needed[i] for i in shown) + GAP * (len(shown) - 1) > width:
        optional = [i for i in shown if columns[i].optional]
        if not optional:
            return None
        shown.remove(optional[-1])
    return tuple(shown)


def _minimum(column: Column, texts: Sequence[str]) -> int:
    """Return the smallest width at which a column is readable."""
    natural = max(map(cell_len, (column.title, *texts)))
    if column.kind != "text":
        return natural
    words = (word for text in (column.title, *texts) for word in text.split())
    longest_word = max(map(cell_len, words), default=0)
    return min(natural, max(column.min_width, longest_word))
