"""Whether and when a failed attempt is repeated. Pure: no clock, no I/O, its one chance handed in.

Refusals for want of quota are not its business: they cost no attempt, and the limiter decides when the
next one goes.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from kentik_async.errors import ConfigError, KentikError, ServerError, UnavailableError

__all__ = ["Effect", "Retry"]

_FAILED_INSIDE = frozenset({"INTERNAL", "UNKNOWN"})

_BROKEN_OFF_BY_SERVER = "CANCELLED"
"""What a server answers that is being stopped (grpc.aio's does): as good as a lost connection."""


class Effect(Enum):
    """What a request does at the server, and so what repeating it would do."""

    READ = "read"
    """Changes nothing, whatever its verb: the KMI's POSTs are reads."""
    REPLACE = "replace"
    """Sets or removes something: done twice it leaves what it leaves done once."""
    CREATE = "create"
    """Makes something new each time: never repeated unless the server certainly did not act."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed request is sent again, and after which pause.

    Attributes:
        attempts: How often a request is sent at most, from 1; refusals for want of quota do not count.
        base: Upper bound of the first pause, in seconds; it doubles with each attempt.
        cap: Upper bound of every pause, in seconds.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ConfigError(f"Retry.attempts is {self.attempts!r}: give a whole number from 1")
        for name in ("base", "cap"):
            seconds = getattr(self, name)
            if not (isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0):
                raise ConfigError(f"Retry.{name} is {seconds!r}: give a finite number of seconds from 0")

    def pause(
        self,
        error: KentikError,
        attempt: int,
        effect: Effect,
        chance: Callable[[], float] = random.random,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there shall be none.

        Args:
            error: How the attempt failed.
            attempt: Its number, from 1.
            effect: What the request does at the server.
            chance: Draws from [0, 1): the pause is spread over the whole span, so that clients that
                failed together do not return together.
        """
        if attempt >= self.attempts or not _repeatable(error, effect):
            return None
        # The exponent is bounded because a float's range is: the cap holds long before.
        return chance() * min(self.cap, self.base * 2.0 ** min(attempt - 1, 64))


def _repeatable(error: KentikError, effect: Effect) -> bool:
    if effect is Effect.CREATE:
        return False
    if isinstance(error, UnavailableError):
        return True
    if not isinstance(error, ServerError):
        return False
    if error.grpc_status == _BROKEN_OFF_BY_SERVER:
        return True
    failed_inside = error.http_status == 500 or error.grpc_status in _FAILED_INSIDE
    return failed_inside and effect is Effect.READ
