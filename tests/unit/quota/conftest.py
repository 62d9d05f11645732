"""Limiters on a file of the test."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.quota import Pacing, Quota
from kentik_async.quota.file.opening import open_file_limiter
from kentik_async.quota.limiter import StoreLimiter
from tests.support.quota.files import QUOTA, Open
from tests.support.virtual_time import VirtualTime


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(100.0)


@pytest.fixture
def open_limiter(tmp_path: Path) -> Iterator[Open]:
    opened: list[StoreLimiter] = []

    def open_one(
        quota: Quota = QUOTA,
        *,
        pacing: Pacing = "throughput",
        path: str = "quota",
        clock: Clock = SYSTEM_CLOCK,
    ) -> StoreLimiter:
        limiter = open_file_limiter(
            tmp_path / path,
            endpoints=(),
            customer="c",
            quota=quota,
            query_quota=quota,
            pacing=pacing,
            clock=clock,
        )
        opened.append(limiter)
        return limiter

    yield open_one
    for limiter in opened:
        asyncio.run(limiter.aclose())
