"""Helpers that open and use limiters on a Redis."""

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
"""Others wait a minute for a member that has the next turn, even if the busy machine stops it."""
SHORT_MINUTE = replace(ONE_AT_A_TIME, minute=2.0, hour=120.0)
"""For tests that take a minute. A lease of a second may expire on a busy machine."""
ENDPOINTS = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
SECRET = "tr0ub4dor"

Opener = Callable[..., Limiter]


def key_of(customer: str, endpoints: Sequence[str] = ENDPOINTS) -> str:
    """Return the key of a customer's state."""
    return f"{prefix_of(endpoints, customer, 'non_query')}:state"


def know_as_unused(server: RedisServer, customer: str, endpoints: Sequence[str] = ENDPOINTS) -> None:
    """Store a state without usage for a customer, so that no request must wait for a minute."""
    seconds, fraction = server.admin.time()
    kept = {
        "version": f"{FORMAT}:unused",
        "run": server.admin.info("server")["run_id"],
        "shift": 0,
        "state": encode(begin("unused", seconds + fraction / 1e6, 0.0)),
    }
    server.admin.hset(key_of(customer, endpoints), mapping=kept)


def exchanges(server: RedisServer) -> int:
    """Return the number of round trips with a state since `config resetstat`."""
    stats = server.admin.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


async def within(seconds: float, grant: "asyncio.Task[Grant]") -> Grant:
    async with asyncio.timeout(seconds):
        return await grant


def ask(limiter: Limiter, **how: Any) -> "asyncio.Task[Grant]":
    return asyncio.get_running_loop().create_task(limiter.acquire("non_query", **how))


async def waits(limiter: Limiter, calls: int = 1) -> None:
    """Wait until so many calls wait, in all processes together."""
    async with asyncio.timeout(10):
        while (await limiter.snapshot()).waiting < calls:
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def longest_pause() -> AsyncIterator[Callable[[], float]]:
    """Yield a function that returns the longest time, in seconds, that this process was not run."""
    pauses: list[tuple[float, float]] = []
    watch = asyncio.create_task(note_pauses(pauses))
    yield lambda: max((end - begin for begin, end in pauses), default=0.0)
    watch.cancel()
