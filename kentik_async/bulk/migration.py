"""Brings a target of an earlier release up to date: which steps that takes, and taking them."""

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kentik_async.bulk.journal.damage import SQLITE_ERRORS
from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import locked
from kentik_async.errors import TargetError

__all__ = ["STEPS", "Migration", "migrate_target", "steps_between"]

Step = Callable[[Layout], None]

STEPS: Mapping[int, Step] = MappingProxyType({})
"""For each earlier version what makes the next one of it, in journal and tables; a step that was killed is
taken again. Version 1 is the first, so there are none yet.
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """What bringing a target up to date came to.

    Attributes:
        target: The folder, or the URL.
        found: The schema version that the target had.
        version: The one that it has now.
    """

    target: str
    found: int
    version: int

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.found != self.version


def steps_between(found: int, wanted: int, steps: Mapping[int, Step]) -> Sequence[tuple[int, Step]]:
    """Return the steps from one version to a later one, each with the version it leads to. Pure.

    Args:
        found: The version that there is.
        wanted: The version that there shall be.
        steps: For each version what makes the next one of it.

    Raises:
        TargetError: No steps lead there.
    """
    missing = [version for version in range(found, wanted) if version not in steps]
    if missing:
        raise TargetError(
            f"nothing leads from schema version {missing[0]} to {wanted}: pull into another target"
        )
    return [(version + 1, steps[version]) for version in range(found, wanted)]


def migrate_target(target: str | os.PathLike[str], steps: Mapping[int, Step] = STEPS) -> Migration:
    """Bring a target up to this release's schema version; killed at any instant, it may be repeated.

    Args:
        target: The folder, or its URL.
        steps: For each version what makes the next one of it.

    Raises:
        TargetError: No pull was saved there, a newer release wrote it, or it cannot be written.
        TargetLockedError: A run holds it.
    """
    layout = Layout(target)
    if not layout.journal.exists():
        raise TargetError(f"no pull was saved in {layout.name}: 'kentik-async kmi pull' saves one")
    with locked(layout.lock, layout.name):
        found = _version(layout.journal)
        if found > SCHEMA_VERSION:
            refuse_other_version(found, layout.journal, layout.name)
        for version, step in steps_between(found, SCHEMA_VERSION, steps):
            step(layout)
            _version(layout.journal, becomes=version)
    return Migration(layout.name, found, SCHEMA_VERSION)


def _version(journal: Path, becomes: int | None = None) -> int:
    try:
        with closing(sqlite3.connect(journal, isolation_level=None)) as db:
            if becomes is not None:
                db.execute("PRAGMA synchronous = FULL")
                db.execute(f"PRAGMA user_version = {becomes}")
            return int(db.execute("PRAGMA user_version").fetchone()[0])
    except SQLITE_ERRORS as error:
        raise TargetError(f"the journal {journal} cannot be used: {error}") from error
