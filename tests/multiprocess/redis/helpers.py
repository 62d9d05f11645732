"""Opening limiters on a Redis, and asking them."""

import asyncio
from collections.abc import Callable
from typing import Any

from kentik_async.quota import Grant, Limiter, Quota

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, minute=0.6, hour=36.0, drain=0.2)
ENDPOINTS = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
SECRET = "tr0ub4dor"

Opener = Callable[..., Limiter]


async def within(seconds: float, grant: "asyncio.Task[Grant]") -> Grant:
    async with asyncio.timeout(seconds):
        return await grant


def ask(limiter: Limiter, **how: Any) -> "asyncio.Task[Grant]":
    return asyncio.get_running_loop().create_task(limiter.acquire("non_query", **how))


async def settled(*tasks: "asyncio.Task[Any]") -> None:
    """Let those tasks get as far as they get: three round trips of another limiter."""
    for _ in range(3):
        await asyncio.sleep(0.02)
