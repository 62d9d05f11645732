"""A quota file that holds anything at all: a grant, a wait that is foreseen, or a clear refusal to use it."""

import asyncio
import logging
import math
import struct
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kentik_async import ConfigError, Quota, QuotaWaitError
from kentik_async.quota.file_entry import ENTRY_SIZE, HEADER_SIZE
from kentik_async.quota.file_limiter import FileLimiter, open_file_limiter

costly = settings(max_examples=settings.default.max_examples // 20)
"""An example makes files and opens them: fewer of these, in proportion to what the profile says."""

QUOTA = Quota(2, 20, 0.1, 60, 3750, minute=6.0, hour=60.0, drain=1.0)

# The layout once more, in the plainest way: a change of the package's own must not go unnoticed.
HEADER = struct.Struct("<8sIII36s")
ENTRY = struct.Struct("<QddddIIIHHBBBB")

words, halves, octets = st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1), st.integers(0, 255)
states = st.integers(0, 5)


def entries(instants: Any, pauses: Any, counts: Any) -> Any:
    numbers = st.integers(0, 5000) | st.integers(0, 2**64 - 1)
    kept = (counts, words, counts, halves, halves, states, octets, octets, octets)
    return st.tuples(numbers, instants, instants, instants, pauses, *kept)


wild = entries(st.floats(), st.floats(), words)
possible = entries(
    st.floats(0, 1e5) | st.floats(-1e10, 1e10),
    st.just(-1.0) | st.floats(0, 1e6),
    st.integers(0, 9) | st.integers(0, 2**31 - 1),
)


def summed(body: bytes) -> bytes:
    return body + struct.pack("<I", crc32(body))


headers = st.builds(
    lambda magic, header, entry, capacity, boot: (
        0,
        summed(HEADER.pack(magic, header, entry, capacity, boot)).ljust(HEADER_SIZE, b"\0"),
    ),
    st.sampled_from([b"KENTIKQ\x01", b"KENTIKQ\x02", b"\0" * 8]),
    st.just(HEADER_SIZE) | words,
    st.just(ENTRY_SIZE) | words,
    st.sampled_from([0, 1, 1024, 8192, 2**31, 2**32 - 1]) | words,
    st.binary(max_size=36),
)
rows = st.builds(
    lambda place, fields: (HEADER_SIZE + place * ENTRY_SIZE, summed(ENTRY.pack(*fields))),
    st.integers(0, 40),
    wild,
)
scribbles = st.tuples(st.integers(0, 70_000), st.binary(min_size=1, max_size=80))
lengths = st.none() | st.integers(0, 70_000)


def limiter_at(folder: str) -> FileLimiter:
    return open_file_limiter(
        f"{folder}/quota",
        endpoints=("https://kentik.example:443",),
        customer="a",
        quota=QUOTA,
        query_quota=QUOTA,
        pacing="throughput",
    )


async def used(folder: str) -> Path:
    """A file with some requests in it, one of each end."""
    limiter = limiter_at(folder)
    for outcome in ("answered", "refused", "not_sent", "unknown", "answered"):
        grant = await limiter.acquire("non_query")
        grant.close(outcome, retry_after=0.0 if outcome == "refused" else None)
    await limiter.aclose()
    return Path(folder, "quota.non_query")


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


async def trial(change: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = await used(folder)
        path.write_bytes(change(path.read_bytes()))
        await use(folder)


@pytest.fixture(autouse=True)
def _damage_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


def overwritten(raw: bytes, places: list[tuple[int, bytes]], length: int | None) -> bytes:
    for at, piece in places:
        raw = raw[:at].ljust(at, b"\0") + piece + raw[at + len(piece) :]
    return raw if length is None else raw[:length].ljust(length, b"\0")


@costly
@given(st.lists(headers | rows | scribbles, max_size=6), lengths)
@example([], 0)
@example([], HEADER_SIZE)
@example([(0, summed(HEADER.pack(b"KENTIKQ\x01", HEADER_SIZE, ENTRY_SIZE, 2**32 - 1, b"")))], None)
@example([(0, summed(HEADER.pack(b"KENTIKQ\x01", HEADER_SIZE, ENTRY_SIZE, 2**31, b"\xff" * 36)))], None)
def test_any_bytes_in_the_file(places: list[tuple[int, bytes]], length: int | None) -> None:
    asyncio.run(trial(lambda raw: overwritten(raw, places, length)))


@costly
@given(st.lists(possible, min_size=1, max_size=12), st.integers(0, 5))
@example([(0, math.nan, math.nan, math.nan, math.nan, 9, 1, 0, 1, 0, 2, 0, 0, 1)], 5)
@example([(0, math.inf, math.inf, math.inf, math.inf, 9, 1, 0, 1, 0, 3, 0, 5, 1)], 5)
@example([(0, 0.0, math.nan, 0.0, 0.0, 9, 1, 0, 1, 0, 4, 0, 0, 1)], 5)
@example([(0, 0.0, 0.0, 0.0, math.nan, 9, 1, 0, 1, 0, 3, 0, 1, 1)], 5)
@example([(0, 0.0, 0.0, 0.0, 0.0, 2**32 - 1, 1, 2**32 - 1, 1, 0, 1, 255, 255, 0)], 5)
def test_any_entries_in_a_sound_file(fields: list[Any], first: int) -> None:
    """Checksums and numbers fit: no damage shows, and only what the entries say is absurd."""

    def change(raw: bytes) -> bytes:
        capacity = (len(raw) - HEADER_SIZE) // ENTRY_SIZE
        start = struct.unpack_from("<Q", raw, HEADER_SIZE)[0]  # the first place is in its second lap
        assert struct.unpack_from("<Q", raw, len(raw) - ENTRY_SIZE)[0] == start - 1
        numbered = [(start + first + n, entry) for n, entry in enumerate(fields)]
        places = [
            (HEADER_SIZE + seq % capacity * ENTRY_SIZE, summed(ENTRY.pack(seq, *entry[1:])))
            for seq, entry in numbered
        ]
        return overwritten(raw, places, None)

    asyncio.run(trial(change))
