"""One view of the quota as a table for a terminal, a line of text, or a document for JSON. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kentik_async.cli.output.formatting import ABSENT, text_for_span
from kentik_async.quota import Quota, QuotaSnapshot

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["ClassFigures", "QuotaFigures"]

_FULL, _BUSY = 1.0, 0.75


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One quota class: its limits and its state.

    Attributes:
        limits: The limits.
        state: The state.
    """

    limits: Quota
    state: QuotaSnapshot

    @property
    def document(self) -> dict[str, Any]:
        """The figures by name; requests of other programs count as used."""
        limits, state = self.limits, self.state
        return {
            "in_flight": state.in_flight,
            "max_concurrent": limits.max_concurrent,
            "waiting": state.waiting,
            "used_soft_minute": _used(limits.soft_per_minute, state.left_soft_minute),
            "soft_per_minute": limits.soft_per_minute,
            "used_hard_minute": _used(limits.hard_per_minute, state.left_hard_minute),
            "hard_per_minute": limits.hard_per_minute,
            "used_hour": _used(limits.per_hour, state.left_hour),
            "per_hour": limits.per_hour,
            "others": state.others,
            "next_free": state.next_free,
            "frozen": state.frozen,
            "pacing": state.pacing,
        }

    @property
    def next_request(self) -> str:
        """When one more request could be sent."""
        free = self.state.next_free
        if free is None:
            return "on answer"
        span = text_for_span(free)
        return f"paused {span}" if self.state.frozen else "now" if free <= 0 else f"in {span}"


@dataclass(frozen=True, slots=True)
class QuotaFigures:
    """All quota classes at one instant.

    Attributes:
        at: The instant.
        classes: Each class, by its name.
    """

    at: dt.datetime
    classes: Mapping[str, ClassFigures]

    @property
    def document(self) -> dict[str, Any]:
        """The figures of all classes by name."""
        return {"at": self.at, **{name: view.document for name, view in self.classes.items()}}

    @property
    def line(self) -> str:
        """The figures on one line."""
        return f"{self.at:%H:%M:%S} " + "; ".join(_line(name, view) for name, view in self.classes.items())

    def table(self) -> "Table":
        """The figures as a table that fits a terminal of 40 columns."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column(f"{self.at:%H:%M:%S}", no_wrap=True)
        for name in self.classes:
            table.add_column(name.replace("_", "-"), justify="right", no_wrap=True)
        views = [(view, view.document) for view in self.classes.values()]
        for title, used, limit in _WINDOWS:
            cells = [(figures[used], figures[limit]) for _, figures in views]
            table.add_row(title, *(Text(_share(*cell), _colour(*cell)) for cell in cells))
        table.add_row("waiting", *(f"{view.state.waiting:,}" for view, _ in views))
        table.add_row("used by others", *(f"{view.state.others:,}" for view, _ in views))
        table.add_row("next request", *(view.next_request for view, _ in views))
        table.add_row("pacing", *(view.state.pacing for view, _ in views))
        return table


_WINDOWS = (
    ("minute (soft)", "used_soft_minute", "soft_per_minute"),
    ("minute (hard)", "used_hard_minute", "hard_per_minute"),
    ("hour", "used_hour", "per_hour"),
    ("in flight", "in_flight", "max_concurrent"),
)


def _line(name: str, view: ClassFigures) -> str:
    figures = view.document
    shares = ", ".join(f"{title} {_share(figures[used], figures[limit])}" for title, used, limit in _WINDOWS)
    return (
        f"{name.replace('_', '-')}: {shares}, waiting {view.state.waiting:,}, "
        f"used by others {view.state.others:,}, next request {view.next_request}"
    )


def _used(limit: int | None, left: int | None) -> int | None:
    return None if limit is None or left is None else max(limit - left, 0)


def _share(used: int | None, limit: int | None) -> str:
    return ABSENT if used is None or limit is None else f"{used:,}/{limit:,}"


def _colour(used: int | None, limit: int | None) -> str:
    if not used or not limit:
        return ""
    return "red" if used / limit >= _FULL else "yellow" if used / limit >= _BUSY else "green"
