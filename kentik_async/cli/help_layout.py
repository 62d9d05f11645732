"""The layout of help: on a narrow terminal, it breaks lines only between words."""

import math
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cyclopts.help import DefaultFormatter

if TYPE_CHECKING:
    from cyclopts.help import ColumnSpec, HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

__all__ = ["HelpLayout"]

_SHARE = 0.35
"""The part of the width for the names of options, as in cyclopts."""

_INDENT = 2
"""The indent of the second line of names, as in cyclopts."""


class HelpLayout(DefaultFormatter):
    """The layout of cyclopts, with wider names and new line breaks if the terminal is narrow."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Print a panel of options or of commands."""
        for entry in panel.entries:
            _replace_text(entry.description, lambda text: text.replace("\n", " "))
        if panel.format == "command":
            super().__call__(console, options, panel)
        else:
            DefaultFormatter(column_specs=_option_columns)(console, options, panel)

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:
        """Print the description of a command."""
        _replace_text(description, lambda text: "\n".join(_wrapped(text, console.width)))
        super().render_description(console, options, description)


def _replace_text(description: Any, change: Callable[[str], str]) -> None:
    """Change a description, if it is plain text."""
    from rich.text import Text

    text = getattr(description, "primary_renderable", None)
    if isinstance(text, Text):
        description.primary_renderable = Text(change(text.plain), end=text.end)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, with new line breaks in the paragraphs that are too wide."""
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if max(map(len, lines)) > width:
            if not paragraph.startswith(" "):
                lines = [" ".join(lines)]
            lines = [part for line in lines for part in _broken(line, width)]
        yield from (*lines, "")


def _broken(line: str, width: int) -> list[str]:
    """Return the parts of a line; those after the first have a larger indent if the line has one."""
    indent = len(line) - len(line.lstrip(" "))
    further = " " * (indent + _INDENT if indent else 0)
    return textwrap.wrap(
        line, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def _option_columns(
    console: "Console", options: "ConsoleOptions", entries: "list[HelpEntry]"
) -> "tuple[ColumnSpec, ...]":
    """Return the columns of cyclopts for a panel of options, with room for the longest word of a name."""
    from cyclopts.help.specs import NameRenderer, get_default_parameter_columns

    whole = NameRenderer()
    labels = [str(whole(entry)).split() for entry in entries]
    lengths = [len(word) + (_INDENT if i else 0) for label in labels for i, word in enumerate(label)]
    longest = max(lengths, default=0)
    width = max(math.ceil(console.width * _SHARE), longest)
    *before, names, texts = get_default_parameter_columns(console, options, entries)
    names = names.copy(renderer=NameRenderer(max_width=width), max_width=width, no_wrap=True)
    return (*before, names, texts)
