"""A target that pulls have saved to, found for reading."""

import os
from dataclasses import dataclass

from kentik_async.bulk.sinks import SINKS, Sink, store_of
from kentik_async.bulk.target.layout import Layout
from kentik_async.errors import TargetError

__all__ = ["SavedTarget", "find_saved", "open_saved"]


@dataclass(frozen=True, slots=True)
class SavedTarget:
    """A target with tables.

    Attributes:
        layout: Where its files are.
        store: The format of its tables.
        sink: Its tables.
    """

    layout: Layout
    store: str
    sink: Sink


def find_saved(layout: Layout) -> SavedTarget | None:
    """Return the tables of a target, or None if it has none.

    Raises:
        TargetError: The target cannot be read.
        ConfigError: A package that the format needs is not installed.
    """
    store = store_of(layout)
    return None if store is None else SavedTarget(layout, store, SINKS[store](layout))


def open_saved(target: str | os.PathLike[str]) -> SavedTarget:
    """Return a target's tables.

    Args:
        target: The folder, or its URL.

    Raises:
        TargetError: No pull was saved there, or it cannot be read.
        ConfigError: A package that the URL or the format needs is not installed.
        ValidationError: The URL's scheme is unknown.
    """
    layout = Layout(target)
    saved = find_saved(layout)
    if saved is None:
        raise TargetError(f"no pull was saved in {layout.name}: 'kentik-async kmi pull' saves one")
    return saved
