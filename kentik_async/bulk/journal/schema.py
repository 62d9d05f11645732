"""The schema version of journal and tables, and the errors of SQLite for an unusable file."""

import sqlite3

from kentik_async.errors import TargetError

__all__ = ["SCHEMA_VERSION", "SQLITE_ERRORS", "refuse_other_version"]

SCHEMA_VERSION = 2
"""Version of journal and tables together: increased when either changes."""

SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""SQLite may quote undecodable bytes of a damaged file, which raises UnicodeDecodeError."""


def refuse_other_version(found: int | None, where: object, target: object) -> None:
    """Check that the file was written with the schema version of this release.

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
