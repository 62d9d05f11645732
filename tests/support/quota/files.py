"""Limiters on a file of the test, and helpers to watch them."""

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from kentik_async.quota import Grant, Limiter, Quota
from kentik_async.quota.limiter import StoreLimiter

QUOTA = Quota(1, None, 0.0, 50, None, drain=0.2)

Open = Callable[..., StoreLimiter]


def descriptors() -> int:
    """Return the number of open files, after garbage of earlier tests is collected."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def waiting_threads() -> int:
    return sum(thread.name == "kentik-async quota" for thread in threading.enumerate())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


async def pull(limiter: Limiter, count: int = 1) -> None:
    for _ in range(count):
        (await limiter.acquire("non_query")).close("answered")


async def left(limiter: Limiter) -> int | None:
    return (await limiter.snapshot()).left_hard_minute


async def soon(waiting: Awaitable[Grant]) -> Grant:
    return await asyncio.wait_for(waiting, 20)
