"""The version of what a pull leaves behind, and what is said where it is another. Pure."""

from kentik_async.errors import TargetError

__all__ = ["SCHEMA_VERSION", "refuse_other_version"]

SCHEMA_VERSION = 1
"""Of the journal and of the tables, together: raised when either changes, with a step in `migration.py`."""


def refuse_other_version(found: int | None, where: object, target: object) -> None:
    """See to it that nothing is appended to what another release wrote otherwise.

    Args:
        found: The version that was found; None where the file bears none.
        where: The file that bears it.
        target: The target, for the command that migrates it.

    Raises:
        TargetError: It is another version; the message says what helps.
    """
    if found == SCHEMA_VERSION:
        return
    if found is None:
        raise TargetError(f"{where} bears no schema version, so no pull wrote it: choose another target")
    if found > SCHEMA_VERSION:
        raise TargetError(
            f"{where} has schema version {found}, and this release knows {SCHEMA_VERSION}: "
            "update kentik-async"
        )
    raise TargetError(
        f"{where} has schema version {found}, and this release writes {SCHEMA_VERSION}: "
        f"'kentik-async kmi migrate {target}' brings it up to date"
    )
