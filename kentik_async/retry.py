"""Whether and when a failed request is sent again. Pure: no clock, no I/O; randomness is an argument.

Rate limits are handled elsewhere: they use no attempt, and the limiter decides when to send the next one.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from kentik_async.errors import ConfigError, KentikError, ServerError, UnavailableError

__all__ = ["Effect", "Retry"]

_INTERNAL_FAILURES = frozenset({"INTERNAL", "UNKNOWN"})

_CANCELLED_BY_SERVER = "CANCELLED"
"""The status of a server that is being stopped (grpc.aio's server): the same as a lost connection."""


class Effect(Enum):
    """The effect of a request at the server, which decides whether it may be sent again."""

    READ = "read"
    """Changes nothing, whatever its verb: KMI's POSTs are reads."""
    REPLACE = "replace"
    """Sets or removes something; doing it twice has the same result as doing it once (idempotent)."""
    CREATE = "create"
    """Creates something new each time; sent again only if the server certainly did not process it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The number of attempts, and the pauses between them.

    Attributes:
        attempts: Maximum number of attempts, from 1; attempts that the server rate-limited do not
            count.
        base: The upper bound of the first pause, in seconds; it doubles with each attempt.
        cap: The upper bound of every pause, in seconds, unless the server requests a longer one.

    Raises:
        ConfigError: A value is invalid.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ConfigError(f"Retry.attempts must be a whole number from 1; got {self.attempts!r}")
        for name in ("base", "cap"):
            seconds = getattr(self, name)
            if not (isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0):
                raise ConfigError(f"Retry.{name} must be a finite number of seconds from 0; got {seconds!r}")

    def pause(
        self,
        error: KentikError,
        attempt: int,
        effect: Effect,
        uniform: Callable[[], float] = random.random,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None for no further attempt.

        Args:
            error: The error of the attempt.
            attempt: The attempt's number, from 1.
            effect: The effect of the request at the server.
            uniform: Returns a random number from [0, 1): the pause is spread over the whole range, so that
                clients that failed at the same time do not return at the same time.
        """
        if attempt >= self.attempts or not _may_retry(error, effect):
            return None
        requested = getattr(error, "retry_after", None) or 0.0
        if requested == math.inf:
            return None
        # The exponent is limited because floats are; the cap applies long before.
        backoff = uniform() * min(self.cap, self.base * 2.0 ** min(attempt - 1, 64))
        return max(backoff, requested)


def _may_retry(error: KentikError, effect: Effect) -> bool:
    if effect is Effect.CREATE:
        return False
    if isinstance(error, UnavailableError):
        return True
    if not isinstance(error, ServerError):
        return False
    if error.grpc_status == _CANCELLED_BY_SERVER:
        return True
    # An error with both statuses quotes one of them: a gRPC library quotes HTTP, the JSON mirror gRPC.
    known = error.http_status is not None or error.grpc_status is not None
    internal = error.http_status in (None, 500) and error.grpc_status in (None, *_INTERNAL_FAILURES)
    return known and internal and effect is Effect.READ
