"""Event loops with virtual time: if all tasks wait for a timer, the clock jumps to it immediately."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from kentik_async._clock import Clock

T = TypeVar("T")

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class NothingWillHappenError(Exception):
    """All tasks wait, and there is no timer: without this error a test would hang."""


class VirtualTime:
    """A clock, and event loops that use it.

    It does not support threads and sockets: their work takes no virtual time, and nothing waits for them.

    Attributes:
        now: The current time, in seconds; set it to let time pass outside a loop.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self.clock = Clock(monotonic=lambda: self.now, wall=lambda: _EPOCH + self.now)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return a new event loop; several loops may use the same clock one after the other."""
        return _VirtualLoop(self)

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function in a new loop, like `asyncio.run`."""
        with asyncio.Runner(loop_factory=self.loop) as runner:
            return runner.run(main())


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let an async test run in a loop of its argument `time`, a `VirtualTime`."""

    @wraps(test)
    def run(*args: Any, time: VirtualTime, **kwargs: Any) -> None:
        time.run(lambda: test(*args, time=time, **kwargs))

    return run


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__(_JumpingSelector(time))
        self._virtual = time

    def time(self) -> float:
        return self._virtual.now


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._virtual = time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingWillHappenError("every task waits, and no timer is set")
            self._virtual.now += max(timeout, 0.0)
        return ready
