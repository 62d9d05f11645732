"""A real Redis that tests share, and limiters on it."""

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kentik_async.quota import Limiter
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.multiprocess.redis.helpers import ENDPOINTS, ONE_AT_A_TIME, Opener, know_as_unused


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server that all tests of the run share."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def emptied_server(server: RedisServer) -> RedisServer:
    """The shared server, without data."""
    server.admin.flushall()
    return server


@pytest.fixture
def own_server(tmp_path: Any) -> Iterator[RedisServer]:
    """A server for one test, which may stop or change it."""
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def customer() -> str:
    """A customer for one test."""
    return uuid.uuid4().hex


@pytest.fixture
async def opener(customer: str) -> AsyncIterator[Opener]:
    """Open limiters of the customer, closed after the test; `new` if the quota has no state yet."""
    opened: list[Limiter] = []

    def open_one(server: RedisServer | None, *, new: bool = False, **settings: Any) -> Limiter:
        defaults = {
            "endpoints": ENDPOINTS,
            "customer": customer,
            "quota": ONE_AT_A_TIME,
            "pacing": "throughput",
        }
        if server is not None and not new and not opened:
            know_as_unused(server, settings.get("customer", customer), settings.get("endpoints", ENDPOINTS))
        url = settings.pop("url", None) or (server.url if server else "")
        limiter = open_redis_limiter(url, **{**defaults, **settings})
        opened.append(limiter)
        return limiter

    yield open_one
    for limiter in opened:
        await limiter.aclose()
