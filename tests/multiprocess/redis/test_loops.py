"""The limiter on a Redis in event loops that end, and in processes that fork."""

import asyncio
import contextlib
import os
import uuid

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota import Limiter, Quota
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import ENDPOINTS, ONE_AT_A_TIME, ask, within


def test_a_second_event_loop_goes_on_where_the_first_ended(server: RedisServer) -> None:
    quota = Quota(1, None, 0.0, 3, None, minute=3.0, hour=180.0, drain=0.2)
    limiter = open_redis_limiter(server.url, endpoints=ENDPOINTS, customer=uuid.uuid4().hex, quota=quota)

    async def one(expected: int) -> None:
        (await limiter.acquire("non_query")).close("answered")
        snapshot = await limiter.snapshot()
        assert snapshot.left_hard_minute == expected

    asyncio.run(one(2))
    asyncio.run(one(1))

    async def last() -> None:
        await one(0)
        await limiter.aclose()

    asyncio.run(last())


def test_a_loop_that_ends_without_closing_reports_what_was_answered(server: RedisServer) -> None:
    customer = uuid.uuid4().hex

    def limiter() -> Limiter:
        return open_redis_limiter(server.url, endpoints=ENDPOINTS, customer=customer, quota=ONE_AT_A_TIME)

    async def forgetful() -> None:
        (await limiter().acquire("non_query")).close("answered")

    async def next_one() -> None:
        second = limiter()
        await within(0.15, ask(second))
        await second.aclose()

    asyncio.run(forgetful())
    asyncio.run(next_one())


def test_two_event_loops_at_a_time_are_refused(server: RedisServer) -> None:
    limiter = open_redis_limiter(server.url, endpoints=ENDPOINTS, customer="x", quota=ONE_AT_A_TIME)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(limiter.snapshot())
    try:
        with pytest.raises(ConfigError, match="one event loop at a time"):
            asyncio.run(limiter.snapshot())
    finally:
        loop.run_until_complete(limiter.aclose())
        loop.close()


def test_a_forked_child_connects_anew_and_takes_nothing_from_its_parent(server: RedisServer) -> None:
    customer = uuid.uuid4().hex
    limiter = open_redis_limiter(server.url, endpoints=ENDPOINTS, customer=customer, quota=ONE_AT_A_TIME)
    loop = asyncio.new_event_loop()
    held = loop.run_until_complete(limiter.acquire("non_query"))
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            snapshot = asyncio.run(limiter.snapshot())
            status = 0 if snapshot.in_flight == 1 else 2
        os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert held.valid()
    held.close("answered")
    loop.run_until_complete(limiter.acquire("non_query"))
    loop.run_until_complete(limiter.aclose())
    loop.close()
