"""How long a process may rely on what Redis told it, by its own clock alone. Pure.

The two clocks are never compared, only how far each has run. An answer from Redis was written after its
question was sent and before it came: so the ledger's clock shows now at most what it showed then plus the
time since the question, and at least that plus the time since the answer came.
"""

import time
from dataclasses import dataclass

from kentik_async._clock import SYSTEM_CLOCK, Clock

__all__ = ["Lease", "sleepless"]


@dataclass(frozen=True, slots=True)
class Lease:
    """What one answer said, and when: instants of this process in seconds, of the ledger in microseconds.

    Attributes:
        asked: When the question was sent.
        heard: When the answer came.
        now: What the ledger's clock showed in between.
        lasts: For how many microseconds from then the ledger keeps what the process holds.
    """

    asked: float
    heard: float
    now: int
    lasts: int

    def holds(self, instant: float) -> bool:
        """Tell whether at that instant the ledger certainly still keeps what the process holds."""
        return (instant - self.asked) * 1_000_000 < self.lasts

    def at_most(self, instant: float) -> int:
        """Return what the ledger's clock can show at that instant at the most."""
        return self.now + int((instant - self.asked) * 1_000_000) + 1

    def at_least(self, instant: float) -> int:
        """Return what the ledger's clock shows at that instant at the least."""
        return self.now + int((instant - self.heard) * 1_000_000)


def sleepless(clock: Clock) -> Clock:
    """Return a clock that goes on while the machine is suspended, where there is one.

    Linux's monotonic clock stands still then, and a lease would outlast a closed lid. A clock that is not
    the system's own is returned as it is.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is not SYSTEM_CLOCK or boottime is None:
        return clock
    return Clock(monotonic=lambda: time.clock_gettime(boottime), wall=clock.wall)
