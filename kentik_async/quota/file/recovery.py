"""What a quota file begins with: at first, after it was lost or damaged, and after a reboot."""

import secrets
import sqlite3
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kentik_async.quota.file.paths import Place
from kentik_async.quota.limits import Quota, QuotaClass
from kentik_async.quota.state import recovery
from kentik_async.quota.state.encoding import encode
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["boot_id", "continue_after_reboot", "make_database"]

_TABLE = "CREATE TABLE quota (class TEXT PRIMARY KEY, boot TEXT, wall REAL, state BLOB)"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Return the name of the machine's present run; empty where the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def continue_after_reboot(state: QuotaState, quota: Quota, now: float, elapsed: float) -> None:
    """Move a state of an earlier run of the machine to the present one.

    Nothing that it knows is younger than the machine's start, whatever the wall clock says. What was written
    latest may be lost, so the last minute counts as full.

    Args:
        state: The state.
        quota: The limits.
        now: The present instant; the machine started at 0.
        elapsed: Seconds since the state was written, by the wall clock.
    """
    start = min(now, 0.0)
    recovery.move(state, min(now - max(elapsed, 0.0), start) - state.now)
    quota = state.most_careful().combined(quota) if state.declared else quota
    for name in list(state.members):
        state.reclaim(name, start)
    recovery.presume_minute(state, quota, start)
    recovery.hold_back(state, start, recovery.quiet_time(quota, 0.0))


def make_database(
    place: Place, quotas: Mapping[QuotaClass, Quota], now: float, wall: float, *, lost: bool, replace: bool
) -> None:
    """Make the database with one row for each class; it comes into being with its content.

    Args:
        place: The quota's files; their lock must be held.
        quotas: The limits.
        now: The present instant.
        wall: The same by the wall clock.
        lost: Whether there was one before, so that it is not known what was spent.
        replace: Whether to put it in the place of one that is damaged.
    """
    token = secrets.token_hex(8)
    new = place.folder / f"{place.stem}.{token}.new"
    try:
        connection = sqlite3.connect(new, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN")
            connection.execute(_TABLE)
            for name, quota in quotas.items():
                quiet = recovery.quiet_time(quota, 0.0) if lost else 0.0
                state = recovery.begin(token, now, quiet)
                row = (name, boot_id(), wall, encode(state))
                connection.execute("INSERT INTO quota VALUES (?, ?, ?, ?)", row)
            connection.execute("COMMIT")
        finally:
            connection.close()
        place.share(new)
        # A log that belongs to a database that is gone would be taken for the new one's.
        for suffix in ("-wal", "-shm"):
            place.database.with_name(place.database.name + suffix).unlink(missing_ok=True)
        if replace:
            new.replace(place.database)
        else:
            place.database.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)
