"""The attempts in flight in one event loop, and their timeouts.

One timer serves all attempts with the same timeout. They end in any order, but they expire in the order in
which they began, so the timer is set for the first one. A timer for each attempt took a tenth of the time
that the package adds to a call: asyncio compares each timer with seven others, and keeps it until long after
the response.
"""

import asyncio
from math import inf

from kentik_async.errors import ClientClosedError, DeadlineExceededError

__all__ = ["InFlight"]

_EVENT_LOOP_DELAY = 0.1
"""If a timer is later than this, in seconds, the event loop did not run."""

_LONGEST_GRACE = 1.0
"""The maximum time that a late timer waits for a response that may have arrived, in seconds."""


class InFlight:
    """A future for each attempt in flight; it fails if the attempt does not end in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start without attempts."""
        self._loop = loop
        self._due: dict[float, dict[asyncio.Future[None], float]] = {}
        self._timers: dict[float, asyncio.TimerHandle] = {}

    def add(self, timeout: float) -> "asyncio.Future[None]":
        """Return a future that fails with DeadlineExceededError after `timeout` seconds, unless removed."""
        loop = self._loop
        future, due = loop.create_future(), loop.time() + timeout
        same = self._due.get(timeout)
        if same is None:
            same = self._due[timeout] = {}
            self._timers[timeout] = loop.call_at(due, self._check, timeout)
        same[future] = due
        return future

    def remove(self, future: "asyncio.Future[None]", timeout: float) -> None:
        """Remove a future of `add`; the timer stays set, because the next attempt uses it."""
        same = self._due.get(timeout)
        if same is not None:
            same.pop(future, None)

    def close(self) -> None:
        """Fail all futures with ClientClosedError."""
        for timer in self._timers.values():
            timer.cancel()
        for same in self._due.values():
            for future in same:
                if not future.done():
                    future.set_exception(
                        ClientClosedError("the client was closed while the call was in flight")
                    )

    def _check(self, timeout: float) -> None:
        """Fail the expired futures, and set the timer for the next one."""
        loop, same, now = self._loop, self._due[timeout], self._loop.time()
        for future, due in same.items():
            if future.done() or due == inf:
                continue
            if due > now:
                self._timers[timeout] = loop.call_at(due, self._check, timeout)
                return
            late = now - due
            if late > _EVENT_LOOP_DELAY:
                # The event loop or the machine did not run. A response that arrived meanwhile is read first.
                same[future] = inf
                loop.call_later(min(late, _LONGEST_GRACE), _expire, future, timeout)
            else:
                _expire(future, timeout)
        if same:  # these have ended; later ones expire no earlier than after another timeout
            self._timers[timeout] = loop.call_at(now + timeout, self._check, timeout)
        else:
            del self._due[timeout], self._timers[timeout]


def _expire(future: "asyncio.Future[None]", timeout: float) -> None:
    if not future.done():
        future.set_exception(DeadlineExceededError(f"no response within timeout={timeout:g} s"))
