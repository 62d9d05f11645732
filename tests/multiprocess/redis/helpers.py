"""Opening limiters on a Redis, and asking them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from kentik_async.quota import Grant, Limiter, Quota
from kentik_async.quota.limits import QUOTA_CLASSES
from kentik_async.quota.redis.url import RedisNames
from kentik_async.quota.state.encoding import encode
from kentik_async.quota.state.quota_state import FORMAT
from kentik_async.quota.state.recovery import begin
from tests.multiprocess.redis.harness import RedisServer

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, minute=0.6, hour=36.0, drain=0.2)
ENDPOINTS = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
SECRET = "tr0ub4dor"

Opener = Callable[..., Limiter]


def know_as_unused(server: RedisServer, customer: str, endpoints: Sequence[str] = ENDPOINTS) -> None:
    """Let it be known that a customer has used nothing, so that nobody has to wait for a minute."""
    seconds, fraction = server.admin.time()
    now, run = seconds + fraction / 1e6, server.admin.info("server")["run_id"]
    for quota_class in QUOTA_CLASSES:
        kept = {
            "version": "unused",
            "format": FORMAT,
            "run": run,
            "shift": 0,
            "state": encode(begin("unused", now, 0.0)),
        }
        server.admin.hset(RedisNames.of(endpoints, customer, quota_class).key, mapping=kept)


async def within(seconds: float, grant: "asyncio.Task[Grant]") -> Grant:
    async with asyncio.timeout(seconds):
        return await grant


def ask(limiter: Limiter, **how: Any) -> "asyncio.Task[Grant]":
    return asyncio.get_running_loop().create_task(limiter.acquire("non_query", **how))


async def settled(*tasks: "asyncio.Task[Any]") -> None:
    """Let those tasks get as far as they get: three round trips of another limiter."""
    for _ in range(3):
        await asyncio.sleep(0.02)
