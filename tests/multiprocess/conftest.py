"""A real Redis for all tests that leave it as it was, and a wire to it."""

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kentik_async.quota import Limiter
from kentik_async.quota.redis_open import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.multiprocess.redis.helpers import ENDPOINTS, ONE_AT_A_TIME, Opener
from tests.multiprocess.redis.model import Wire

# A server that has just come might have lost what was used in the last minute, of 3 s: nobody is granted.
_QUIET = 4.2


@pytest.fixture(scope="session")
def young_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server of the whole run, perhaps just started."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def server(young_server: RedisServer) -> RedisServer:
    """The server of the whole run, up for long enough to be trusted at once."""
    time.sleep(max(_QUIET - young_server.age(), 0.0))
    return young_server


@pytest.fixture(scope="module")
def wire(young_server: RedisServer) -> Iterator[Wire]:
    wire = Wire(young_server)
    yield wire
    wire.close()


@pytest.fixture
def emptied_server(server: RedisServer) -> RedisServer:
    """The server of the whole run, with nothing in it."""
    server.admin.flushall()
    return server


@pytest.fixture
def own_server(tmp_path: Any) -> Iterator[RedisServer]:
    """A server that a test may do anything to."""
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def opener() -> AsyncIterator[Opener]:
    """Open limiters of one customer, which are closed in the end."""
    customer, opened = uuid.uuid4().hex, []

    def open_one(server: RedisServer | None, **settings: Any) -> Limiter:
        defaults = {
            "endpoints": ENDPOINTS,
            "customer": customer,
            "quota": ONE_AT_A_TIME,
            "pacing": "throughput",
        }
        url = settings.pop("url", None) or (server.url if server else "")
        limiter = open_redis_limiter(url, **{**defaults, **settings})
        opened.append(limiter)
        return limiter

    yield open_one
    for limiter in opened:
        await limiter.aclose()
