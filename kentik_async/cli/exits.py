"""What the process's exit code says: one table for all commands."""

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

__all__ = ["Exit", "exit_for"]


class Exit(IntEnum):
    """Exit codes; scripts rely on them."""

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


def exit_for(error: KentikError) -> Exit:
    """Return the exit code that an error ends the process with."""
    return next((code for kinds, code in _EXITS if isinstance(error, kinds)), Exit.API_ERROR)
