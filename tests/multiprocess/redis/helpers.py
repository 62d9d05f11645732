"""Opening limiters on a Redis, and asking them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from kentik_async.quota import Grant, Limiter, Quota
from kentik_async.quota.redis.url import prefix_of
from kentik_async.quota.state.quota_state import FORMAT, encode
from kentik_async.quota.state.recovery import begin
from tests.multiprocess.pauses import note_pauses
from tests.multiprocess.redis.harness import RedisServer

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, drain=0.2)
UNHURRIED = replace(ONE_AT_A_TIME, minute=3600.0, hour=24 * 3600.0)
"""Whoever is told to come is waited for for a minute, however long the machine keeps it from running."""
SHORT_MINUTE = replace(ONE_AT_A_TIME, minute=2.0, hour=120.0)
"""For what takes a minute. A lease lasts a second, which a busy machine may take for a stopped process."""
ENDPOINTS = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
SECRET = "tr0ub4dor"

Opener = Callable[..., Limiter]


def key_of(customer: str, endpoints: Sequence[str] = ENDPOINTS) -> str:
    """The key of a customer's state."""
    return f"{prefix_of(endpoints, customer, 'non_query')}:state"


def know_as_unused(server: RedisServer, customer: str, endpoints: Sequence[str] = ENDPOINTS) -> None:
    """Let it be known that a customer has used nothing, so that nobody has to wait for a minute."""
    seconds, fraction = server.admin.time()
    kept = {
        "version": f"{FORMAT}:unused",
        "run": server.admin.info("server")["run_id"],
        "shift": 0,
        "state": encode(begin("unused", seconds + fraction / 1e6, 0.0)),
    }
    server.admin.hset(key_of(customer, endpoints), mapping=kept)


def exchanges(server: RedisServer) -> int:
    """How many round trips with a state there were since `config resetstat`."""
    stats = server.admin.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


async def within(seconds: float, grant: "asyncio.Task[Grant]") -> Grant:
    async with asyncio.timeout(seconds):
        return await grant


def ask(limiter: Limiter, **how: Any) -> "asyncio.Task[Grant]":
    return asyncio.get_running_loop().create_task(limiter.acquire("non_query", **how))


async def waits(limiter: Limiter, calls: int = 1) -> None:
    """Wait until it is known that so many calls wait, in whatever process."""
    async with asyncio.timeout(10):
        while (await limiter.snapshot()).waiting < calls:
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def longest_pause() -> AsyncIterator[Callable[[], float]]:
    """Tell for how many seconds at a time the machine has kept this process from running, at most."""
    pauses: list[tuple[float, float]] = []
    watch = asyncio.create_task(note_pauses(pauses))
    yield lambda: max((end - begin for begin, end in pauses), default=0.0)
    watch.cancel()
