"""Where time comes from: one place, so that tests can put a virtual clock in its stead."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["SYSTEM_CLOCK", "Clock"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time; timers are the event loop's own.

    Attributes:
        monotonic: Seconds since an arbitrary start, never running backwards: every limit and every
            timeout is measured with it.
        wall: Seconds since the Unix epoch: for stamps that a user reads, never for a limit.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def utc_now(self) -> datetime:
        """Return the wall clock's reading as an aware UTC datetime."""
        return datetime.fromtimestamp(self.wall(), UTC)


SYSTEM_CLOCK = Clock()
