"""Limiters of one process in virtual time."""

import asyncio
from typing import Any

from kentik_async.quota import Grant, Limiter, LocalLimiter, Quota
from tests.support.virtual_time import VirtualTime

__all__ = ["ONE_AT_A_TIME", "limiter_of", "waiting"]

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=10.0)


def limiter_of(time: VirtualTime, quota: Quota, **options: Any) -> LocalLimiter:
    """Create a limiter with the same limits for both classes."""
    return LocalLimiter(quota, quota, clock=time.clock, **options)


async def waiting(limiter: Limiter, **options: Any) -> "asyncio.Task[Grant]":
    """Start a call that waits, and let it enter the queue."""
    task = asyncio.create_task(limiter.acquire("non_query", **options))
    await asyncio.sleep(0)
    return task
