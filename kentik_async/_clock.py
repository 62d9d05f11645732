"""The source of time: one place, so that tests can replace it by a virtual clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

__all__ = ["SYSTEM_CLOCK", "Clock", "sleepless", "utc_now"]

utc_now: Callable[[], datetime] = partial(datetime.now, UTC)
"""Returns the system's time as an aware UTC datetime."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time; timers are the event loop's own.

    Attributes:
        monotonic: Returns seconds since an arbitrary start; it never runs backwards. Every limit and every
            timeout is measured with it.
        wall: Returns seconds since the Unix epoch, for timestamps that a user reads; never used for a limit.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def utc_now(self) -> datetime:
        """Return the wall clock's time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.wall(), UTC)


SYSTEM_CLOCK = Clock()


def sleepless(clock: Clock) -> Clock:
    """Return a clock that also runs while the machine is suspended, if there is one.

    Linux's monotonic clock stops then. A clock that is not the system's own is returned unchanged.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is not SYSTEM_CLOCK or boottime is None:
        return clock
    return Clock(monotonic=lambda: time.clock_gettime(boottime), wall=clock.wall)
