"""A hint of the server to one process reaches all processes that share the quota, by a file or Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kentik_async.quota import Allowance, HintAwareGrant, Limiter, Quota
from kentik_async.quota.file.opening import open_file_limiter
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import Opener

QUOTA = Quota(2, 20, 0.3, 60, None)
"""With a long delay, so that on a busy machine three answers in a row do not seem delayed."""

Two = tuple[Limiter, Limiter]


@pytest.fixture
async def by_file(tmp_path: Path) -> AsyncIterator[Callable[[], Limiter]]:
    """Open limiters on one file."""
    async with contextlib.AsyncExitStack() as stack:

        def open_one() -> Limiter:
            limiter = open_file_limiter(
                tmp_path / "quota",
                endpoints=(),
                customer="",
                quota=QUOTA,
                query_quota=QUOTA,
                pacing="throughput",
            )
            stack.push_async_callback(limiter.aclose)
            return limiter

        yield open_one


@pytest.fixture(params=["file", "redis"])
def two(request: Any) -> Two:
    """Two limiters that share a quota, as in two processes."""
    if request.param == "file":
        open_file: Callable[[], Limiter] = request.getfixturevalue("by_file")
        return open_file(), open_file()
    server: RedisServer = request.getfixturevalue("server")
    opener: Opener = request.getfixturevalue("opener")
    return opener(server, quota=QUOTA), opener(server, quota=QUOTA)


async def pull(limiter: Limiter, count: int) -> None:
    for _ in range(count):
        (await limiter.acquire("non_query")).close("answered")


async def seen_by(limiter: Limiter) -> tuple[int, int | None]:
    """Return the estimated usage by others, and the requests that are left to us."""
    snapshot = await limiter.snapshot()
    return snapshot.others, snapshot.left_hard_minute


async def test_a_refusal_informs_all_about_external_usage(two: Two) -> None:
    first, second = two
    await pull(first, 15)
    await pull(second, 24)
    (await first.acquire("non_query")).close("refused", retry_after=0.0)
    # The refused member reads first: its snapshot is taken after its own report.
    assert await seen_by(first) == (21, 0)
    assert await seen_by(second) == (21, 0)


async def test_the_servers_remaining_count_reaches_all(two: Two) -> None:
    first, second = two
    await pull(second, 9)
    grant = await first.acquire("non_query")
    assert isinstance(grant, HintAwareGrant)
    grant.apply_hint(Allowance(10, 0.1))
    grant.close("answered")
    assert await seen_by(first) == await seen_by(second) == (40, 10)


async def test_with_nothing_left_all_wait_for_the_reset(two: Two) -> None:
    first, second = two
    grant = await first.acquire("non_query")
    assert isinstance(grant, HintAwareGrant)
    grant.apply_hint(Allowance(0, 100.0))
    grant.close("answered")
    for limiter in (first, second):
        free = (await limiter.snapshot()).next_free
        assert free is not None
        assert 90 < free <= 100 + 1e-9  # the difference of two instants is rounded
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await second.acquire("non_query")


async def test_usage_by_own_processes_is_not_external(two: Two) -> None:
    """However late the answers are, both together exceed the soft limit."""
    first, second = two
    await pull(first, 12)
    await pull(second, 12)
    for _ in range(4):
        grants = [await limiter.acquire("non_query") for limiter in two]
        await asyncio.sleep(QUOTA.soft_delay)
        for grant in grants:
            grant.close("answered")
    assert (await seen_by(first))[0] == (await seen_by(second))[0] == 0
