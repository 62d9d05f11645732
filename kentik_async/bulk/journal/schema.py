"""The schema version of journal and tables, and what SQLite raises over a file that cannot be used."""

import sqlite3

from kentik_async.errors import TargetError

__all__ = ["SCHEMA_VERSION", "SQLITE_ERRORS", "refuse_other_version"]

SCHEMA_VERSION = 2
"""Of journal and tables together: raised when either changes."""

SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""SQLite may quote undecodable bytes of a damaged file: hence the second one."""


def refuse_other_version(found: int | None, where: object, target: object) -> None:
    """See to it that nothing is added to what another release wrote.

    Args:
        found: The version that was found; None where the file has none.
        where: The file.
        target: The target.

    Raises:
        TargetError: It is another version; the message says what to do.
    """
    if found == SCHEMA_VERSION:
        return
    if found is None:
        raise TargetError(
            f"{where} has no schema version, so no pull wrote it; use another target than {target}"
        )
    if found > SCHEMA_VERSION:
        raise TargetError(
            f"{where} has schema version {found}; this release knows {SCHEMA_VERSION}: update kentik-async"
        )
    raise TargetError(
        f"{where} has schema version {found}, written by a development version; this release writes "
        f"{SCHEMA_VERSION}: choose another target than {target}"
    )
