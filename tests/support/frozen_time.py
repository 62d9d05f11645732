"""An event loop's time that stands still until a test moves it: for timers beside real sockets.

The time that a socket takes to answer then does not count, even on a slow machine. Deadlines inside gRPC's
own library still use the machine's clock.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from kentik_async._clock import Clock

__all__ = ["PATIENCE", "FrozenTime", "frozen_time"]

PATIENCE = 60.0
"""Seconds of real time that a test waits for an expected event. It only ends a test that hangs."""


class FrozenTime:
    """The time of an event loop.

    Attributes:
        now: The loop's time, in seconds.
        clock: A clock that shows it, for a limiter.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.clock = Clock(monotonic=lambda: self.now)

    async def advance(self, seconds: float) -> None:
        """Advance the time, and run the due timers."""
        self.now += seconds
        await asyncio.sleep(0)  # the loop queues the timers that are due, behind this task
        await asyncio.sleep(0)  # they have run


@contextmanager
def frozen_time() -> Iterator[FrozenTime]:
    """Stop the time of the running event loop."""
    loop = asyncio.get_running_loop()
    time = FrozenTime(loop.time())
    loop.time = lambda: time.now  # type: ignore[method-assign]  # freezes it
    try:
        yield time
    finally:
        del loop.time
