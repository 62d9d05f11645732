"""The limiters that are compared, each as a careful engineer would use it for the vendor's rules.

None of the peers limits concurrency: if needed, they are used behind an asyncio.Semaphore, so that a
token is taken directly before the request is sent. Limiters with one window use the minute; evenly spaced
means a bucket of one request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

from aiolimiter import AsyncLimiter
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pyrate_limiter import InMemoryBucket, Rate
from pyrate_limiter import Limiter as PyrateLimiter
from throttled.asyncio import MemoryStore, RateLimiterType, Throttled, rate_limiter

from benchmarks.limiter.judge import Rules
from kentik_async import LocalLimiter, Quota

__all__ = ["OURS", "PEERS", "Peer", "versions"]

OURS = "kentik-async"

Wait = Callable[[], Awaitable[Any]]


class Peer:
    """A limiter: `enter` is awaited before a request is sent, `leave` is called with its result.

    Attributes:
        enter: Waits for a turn.
        leave: Ends a turn.
        drains: Whether the request keeps its turn when its caller gives up, as in our pipeline.
    """

    def __init__(
        self,
        enter: Wait,
        leave: Callable[[Any], None],
        *,
        drains: bool = False,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.enter = enter
        self.leave = leave
        self.drains = drains
        self.close = close


def ours(rules: Rules, slots: int | None) -> Peer:
    """Our limiter, with all rules; it accepts the delays of the soft limit."""
    quota = Quota(slots, rules.soft, rules.delay, rules.hard, rules.hourly, rules.minute, rules.hour)
    limiter = LocalLimiter(quota, quota, pacing="throughput")
    return Peer(partial(limiter.acquire, "query"), lambda grant: grant.close("answered"), drains=True)


def behind(slots: int | None, wait: Wait | None, close: Callable[[], None] = lambda: None) -> Peer:
    """A limiter behind a semaphore; either may be missing."""
    if slots is None:
        return Peer(wait or _at_once, lambda _: None, close=close)
    semaphore = asyncio.Semaphore(slots)
    if wait is None:
        return Peer(semaphore.acquire, lambda _: semaphore.release())

    async def enter() -> None:
        await semaphore.acquire()
        try:
            await wait()
        except BaseException:
            semaphore.release()
            raise

    return Peer(enter, lambda _: semaphore.release(), close=close)


def semaphore(rules: Rules, slots: int | None) -> Peer:
    """asyncio.Semaphore: concurrency only."""
    return behind(slots, None)


def aiolimiter(rules: Rules, slots: int | None, *, even: bool = False) -> Peer:
    """aiolimiter: one leaky bucket."""
    rate = (1, rules.minute / rules.hard) if even else (rules.hard, rules.minute)
    return behind(slots, AsyncLimiter(*rate).acquire)


def pyrate(rules: Rules, slots: int | None) -> Peer:
    """pyrate-limiter: logs of both windows, stamped when the turn is given, in whole milliseconds."""
    rates = [Rate(rules.hard, round(rules.minute * 1000))]
    if rules.hourly / rules.hour < rules.hard / rules.minute:  # otherwise the minute implies the hour
        rates.append(Rate(rules.hourly, round(rules.hour * 1000)))
    # Its default of 50 ms is for a minute of 60 s.
    limiter = PyrateLimiter(InMemoryBucket(rates), buffer_ms=1)
    return behind(slots, limiter.try_acquire_async, limiter.close)


def throttled(rules: Rules, slots: int | None) -> Peer:
    """throttled-py: one window; GCRA, its only algorithm with a clock finer than a second."""
    quota = rate_limiter.per_duration(timedelta(seconds=rules.minute), rules.hard)
    limiter = Throttled(
        key="customer",
        using=RateLimiterType.GCRA.value,
        quota=quota,
        store=MemoryStore(),
        timeout=1e6,
    )
    return behind(slots, limiter.limit)


def limits(rules: Rules, slots: int | None) -> Peer:
    """limits: logs of both windows; it refuses, and the caller waits until the window has room."""
    strategy = MovingWindowRateLimiter(MemoryStorage())
    items = (
        RateLimitItemPerSecond(rules.hourly, round(rules.hour), "hour"),
        RateLimitItemPerSecond(rules.hard, round(rules.minute), "minute"),
    )

    async def wait() -> None:
        for item in items:
            while not await strategy.hit(item, "customer"):
                stats = await strategy.get_window_stats(item, "customer")
                await asyncio.sleep(max(stats.reset_time - time.time(), 0.001))

    return behind(slots, wait)


async def _at_once() -> None:
    return None


Make = Callable[[Rules, int | None], Peer]

PEERS: dict[str, Make] = {
    OURS: ours,
    "asyncio.Semaphore": semaphore,
    "aiolimiter": aiolimiter,
    "pyrate-limiter": pyrate,
    "throttled-py": throttled,
    "limits": limits,
}


def versions() -> str:
    """Return the versions of the compared peers."""
    return ", ".join(f"{name} {version(name)}" for name in PEERS if not name.startswith(("asyncio", OURS)))
