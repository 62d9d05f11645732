"""Exit codes: one table for all commands."""

from collections.abc import Iterable
from enum import IntEnum

from kentik_async.errors import (
    AuthenticationError,
    ConfigError,
    KentikError,
    PermissionDeniedError,
    QuotaWaitError,
    RateLimitedError,
    TargetLockedError,
    ValidationError,
)

__all__ = ["Exit", "exit_for", "worst"]


class Exit(IntEnum):
    """Exit codes. Scripts rely on them, so their values do not change."""

    OK = 0
    API_ERROR = 1
    USAGE = 2
    AUTH = 3
    RATE_LIMITED = 4
    FAILURES = 5
    LOCKED = 6
    INTERRUPTED = 130


_EXITS: tuple[tuple[tuple[type[KentikError], ...], Exit], ...] = (
    ((ConfigError, ValidationError), Exit.USAGE),
    ((AuthenticationError, PermissionDeniedError), Exit.AUTH),
    ((RateLimitedError, QuotaWaitError), Exit.RATE_LIMITED),
    ((TargetLockedError,), Exit.LOCKED),
)


_BY_SEVERITY = (
    Exit.OK,
    Exit.FAILURES,
    Exit.RATE_LIMITED,
    Exit.LOCKED,
    Exit.API_ERROR,
    Exit.AUTH,
    Exit.USAGE,
    Exit.INTERRUPTED,
)


def worst(exits: Iterable[Exit]) -> Exit:
    """Return the most severe exit code; temporary errors are the least severe."""
    return max(exits, key=_BY_SEVERITY.index, default=Exit.OK)


def exit_for(error: KentikError) -> Exit:
    """Return the exit code for an error."""
    return next((code for kinds, code in _EXITS if isinstance(error, kinds)), Exit.API_ERROR)
