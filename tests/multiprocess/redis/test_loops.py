"""The limiter on a Redis in loops that end, in several loops at a time, and in forked processes."""

import asyncio
import contextlib
import gc
import os
import threading
import time
import uuid

import pytest

from kentik_async.quota import Limiter, Quota
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import ENDPOINTS, ONE_AT_A_TIME, ask, know_as_unused, within


def open_one(server: RedisServer, customer: str, quota: Quota = ONE_AT_A_TIME) -> Limiter:
    return open_redis_limiter(server.url, endpoints=ENDPOINTS, customer=customer, quota=quota)


@pytest.fixture
def customer(server: RedisServer) -> str:
    name = uuid.uuid4().hex
    know_as_unused(server, name)
    return name


def test_a_second_event_loop_continues_with_the_same_state(server: RedisServer, customer: str) -> None:
    limiter = open_one(server, customer, Quota(1, None, 0.0, 3, None))

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


def test_a_loop_that_ends_reports_its_answers(server: RedisServer, customer: str) -> None:
    async def forgetful() -> None:
        (await open_one(server, customer).acquire("non_query")).close("answered")

    async def next_one() -> None:
        second = open_one(server, customer)
        (await within(10, ask(second))).close("answered")
        assert (await second.snapshot()).in_flight == 0
        await second.aclose()

    asyncio.run(forgetful())
    asyncio.run(next_one())


def test_a_collected_limiter_ends_its_thread(server: RedisServer, customer: str) -> None:
    before = set(threading.enumerate())
    asyncio.run(open_one(server, customer).snapshot())
    deadline = time.monotonic() + 20
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline
        gc.collect()  # again, because the thread may have replied only now
        time.sleep(0.01)


def test_two_event_loops_share_one_limiter(server: RedisServer, customer: str) -> None:
    limiter = open_one(server, customer)
    held, waiting, done = threading.Event(), threading.Event(), []

    async def first() -> None:
        grant = await limiter.acquire("non_query")
        held.set()
        await asyncio.to_thread(waiting.wait, 10)
        done.append("first")
        grant.close("answered")

    async def second() -> None:
        await asyncio.to_thread(held.wait, 10)
        call = ask(limiter)
        while not (await limiter.snapshot()).waiting:
            pass
        waiting.set()
        (await within(10, call)).close("answered")
        done.append("second")
        await limiter.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(first()))
    thread.start()
    asyncio.run(second())
    thread.join()
    assert done == ["first", "second"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_opens_its_own_connection(server: RedisServer, customer: str) -> None:
    limiter = open_one(server, customer)
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
