"""A quota file with any content: a grant, an estimated wait, or a clear error."""

import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kentik_async import ConfigError, Quota, QuotaWaitError
from kentik_async.quota.file.opening import open_file_limiter
from kentik_async.quota.limiter import StoreLimiter

costly = settings(max_examples=settings.default.max_examples // 20)
"""An example creates and opens files, so there are fewer examples, in proportion to the profile's number."""

QUOTA = Quota(2, 20, 0.1, 60, 3750, minute=6.0, hour=60.0, drain=1.0)

scribbles = st.tuples(st.integers(0, 13_000), st.binary(min_size=1, max_size=80))
lengths = st.none() | st.integers(0, 13_000)


def limiter_at(folder: str) -> StoreLimiter:
    return open_file_limiter(
        f"{folder}/quota",
        endpoints=("https://kentik.example:443",),
        customer="a",
        quota=QUOTA,
        query_quota=QUOTA,
        pacing="throughput",
    )


async def used(folder: str) -> Path:
    """A file with some requests, one for each kind of end."""
    limiter = limiter_at(folder)
    for outcome in ("answered", "refused", "not_sent", "unknown", "answered"):
        grant = await limiter.acquire("non_query")
        grant.close(outcome, retry_after=0.0 if outcome == "refused" else None)
    await limiter.aclose()
    return Path(folder, "quota.sqlite")


async def use(folder: str) -> None:
    limiter = limiter_at(folder)
    try:
        snapshot = await limiter.snapshot()
        assert snapshot.next_free is None or snapshot.next_free >= 0
        assert snapshot.in_flight >= 0
        assert await limiter.estimate(1) >= 0
        grant = await asyncio.wait_for(limiter.acquire("non_query", max_wait=0.0), 20)
        assert grant.valid()
        grant.close("answered")
    except (ConfigError, QuotaWaitError):
        pass
    finally:
        await limiter.aclose()


async def trial(change: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = await used(folder)
        change(path)
        await use(folder)


@pytest.fixture(autouse=True)
def _damage_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@costly
@given(st.lists(scribbles, max_size=6), lengths)
@example([], 0)
@example([], 1)
@example([(0, b"SQLite format 2")], None)
def test_any_bytes_in_the_file(places: list[tuple[int, bytes]], length: int | None) -> None:
    def change(path: Path) -> None:
        raw = path.read_bytes()
        for at, piece in places:
            raw = raw[:at].ljust(at, b"\0") + piece + raw[at + len(piece) :]
        path.write_bytes(raw if length is None else raw[:length].ljust(length, b"\0"))

    asyncio.run(trial(change))


integers = st.integers(-(2**63), 2**63 - 1)  # those that SQLite can store


@costly
@given(st.binary(max_size=200) | integers | st.text() | st.none(), st.floats() | st.text() | st.none())
def test_any_values_in_a_sound_row(state: object, wall: object) -> None:
    def change(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE quota SET state = ?, wall = ?, boot = ''", (state, wall))
        database.close()

    asyncio.run(trial(change))
