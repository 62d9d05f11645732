"""HTML tables of records for notebooks. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from kentik_async.models._base import Model

__all__ = ["sections", "table"]

_MOST_ROWS = 20
"""A longer table shows this many rows: half from its start, half from its end."""

_MOST_CHARACTERS = 80
"""Longer texts are cut; the whole text is the tooltip."""

_MOST_TOOLTIP = 1000


def table(rows: Sequence[Any], row_type: type[Model] | None, attributes: Mapping[str, object]) -> str:
    """Return an HTML table of models, with a caption and without style or script.

    Args:
        rows: The models.
        row_type: Their class, for the columns; None for one column without a title.
        attributes: The values that the caption shows after the number of rows.
    """
    names = [] if row_type is None else list(row_type.__struct_fields__)
    facts = [f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}"]
    facts += [f"{name} = {_text(value)}" for name, value in attributes.items()]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = [_row(row, names) for row in rows] if len(rows) <= _MOST_ROWS else _shortened(rows, names)
    caption = f"<caption>{escape(', '.join(facts))}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def sections(title: str, tables: Mapping[str, str]) -> str:
    """Return a title and several tables, each under its own title."""
    parts = [f"<strong>{escape(name)}</strong>{html}" for name, html in tables.items()]
    return f"<div><strong>{escape(title)}</strong>{''.join(f'<div>{part}</div>' for part in parts)}</div>"


def _shortened(rows: Sequence[Any], names: Sequence[str]) -> list[str]:
    half = _MOST_ROWS // 2
    gap = f'<tr><td colspan="{max(len(names), 1)}">… {len(rows) - _MOST_ROWS:,} more rows</td></tr>'
    first, last = (tuple(rows[:half]), tuple(rows[-half:]))
    return [*(_row(row, names) for row in first), gap, *(_row(row, names) for row in last)]


def _row(row: Any, names: Sequence[str]) -> str:
    values = [getattr(row, name) for name in names] if names else [row]
    return f"<tr>{''.join(map(_cell, values))}</tr>"


def _cell(value: Any) -> str:
    text = _text(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    style = f' style="text-align: {"right" if number else "left"}"'
    if len(text) <= _MOST_CHARACTERS:
        return f"<td{style}>{escape(text)}</td>"
    tooltip = f' title="{escape(text[:_MOST_TOOLTIP])}"'
    return f"<td{style}{tooltip}>{escape(text[: _MOST_CHARACTERS - 1])}…</td>"


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return str(value)
        case dt.datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}" + (" UTC" if value.tzinfo is dt.UTC else f"{value:%z}")
        case _:
            return msgspec.json.encode(value).decode()
