"""The file's limiter on files that it cannot trust or use, and in forked children."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.errors import ConfigError, QuotaWaitError
from kentik_async.quota import Grant, Quota
from kentik_async.quota.file_entry import Entry, State
from kentik_async.quota.file_limiter import FileLimiter
from kentik_async.quota.file_ring import image
from tests.support.quota_files import QUOTA, Open, left, pull, soon


async def test_looking_neither_waits_nor_writes(open_limiter: Open, tmp_path: Path) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    content = (tmp_path / "quota.non_query").read_bytes()
    snapshot = await two.snapshot()
    assert (snapshot.in_flight, snapshot.next_free, snapshot.frozen) == (1, None, False)
    assert await two.estimate(1) > 0.0
    assert (tmp_path / "quota.non_query").read_bytes() == content
    grant.close("answered")


async def test_a_grant_is_void_when_the_file_says_otherwise(open_limiter: Open, tmp_path: Path) -> None:
    limiter = open_limiter()
    grant = await limiter.acquire("non_query")
    assert grant.valid()
    path = tmp_path / "quota.non_query"
    path.write_bytes(bytes(path.stat().st_size))
    assert not grant.valid()
    grant.close("not_sent")


@pytest.mark.parametrize("content", [b"", b"dear diary", bytes(300_000), b"KENTIKQ\x63" + bytes(300_000)])
async def test_a_foreign_file_is_written_anew_and_counts_as_spent(
    open_limiter: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / "quota.non_query").write_bytes(content)
    quota = replace(QUOTA, minute=0.5)
    one, two = open_limiter(quota), open_limiter(quota)
    assert await left(one) == 0
    started = time.monotonic()
    await asyncio.gather(pull(one), pull(two))
    assert time.monotonic() - started >= 0.5
    assert [record.name for record in caplog.records] == ["kentik_async"]
    assert "was damaged" in caplog.text
    assert str(tmp_path / "quota.non_query") in caplog.text


async def test_a_file_that_was_deleted_is_made_anew_with_what_is_known(
    open_limiter: Open, tmp_path: Path
) -> None:
    limiter = open_limiter()
    await pull(limiter, 7)
    for path in tmp_path.iterdir():
        path.unlink()
    newcomer = open_limiter()
    await pull(newcomer, 2)
    await asyncio.sleep(1.05)  # it looks once a second whether its files are still those of that name
    await pull(limiter)
    assert await left(limiter) == await left(newcomer) == 50 - 7 - 2 - 1


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="the system names no runs")
async def test_a_file_of_an_earlier_run_of_the_machine_is_read_by_the_wall_clock(
    open_limiter: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quota = Quota(1, None, 0.0, 3, 20, minute=0.01, hour=3600.0)
    booted = time.time() - time.monotonic()
    walls = [booted - 4000.0, booted - 3000.0, booted - 2000.0, booted - 1000.0]
    past = [Entry(0, sent=9e8, stamp=9e8, wall=wall, state=State.USED, order=5) for wall in walls]
    (tmp_path / "quota.non_query").write_bytes(image(1024, "an-earlier-run", past))
    limiter = open_limiter(quota)
    remembered = sum(wall > time.time() - 3600.0 for wall in walls)
    lost = 3 if time.monotonic() < 3600.0 else 0  # in a power cut: a minute's, at the machine's start
    assert (await limiter.snapshot()).left_hour == 20 - remembered - lost
    await pull(limiter)
    await limiter.aclose()
    newcomer = open_limiter(quota)
    assert (await newcomer.snapshot()).left_hour == 20 - remembered - lost - 1
    await pull(newcomer)
    assert caplog.records == []


async def test_a_quota_that_the_file_has_no_room_for_is_refused(open_limiter: Open) -> None:
    await pull(open_limiter())
    with pytest.raises(ConfigError, match=r"room for 1024 requests, and this quota needs 8192: delete it"):
        await open_limiter(replace(QUOTA, per_hour=5000)).acquire("non_query")


def test_a_path_that_is_no_file_is_refused(open_limiter: Open, tmp_path: Path) -> None:
    (tmp_path / "quota.non_query").mkdir()
    with pytest.raises(ConfigError, match=r"quota.non_query cannot be used: Is a directory; name another"):
        open_limiter()


async def test_an_unknown_class_or_pacing_is_refused(open_limiter: Open) -> None:
    with pytest.raises(ConfigError, match="quota_class is 'both': give one of non_query, query"):
        await open_limiter().acquire("both")
    with pytest.raises(ConfigError, match="pacing is 'hasty': give one of"):
        open_limiter(pacing="hasty")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_takes_part_as_a_process_of_its_own(open_limiter: Open) -> None:
    limiter = open_limiter()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(pull(limiter, 2))
    grant = loop.run_until_complete(limiter.acquire("non_query"))
    waiting = loop.create_task(limiter.acquire("non_query"))
    loop.run_until_complete(asyncio.sleep(0))
    child = os.fork()
    if child == 0:
        asyncio._set_running_loop(None)
        os._exit(asyncio.run(in_child(limiter, grant)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert grant.valid()
    grant.close("answered")
    loop.run_until_complete(soon(waiting)).close("answered")
    assert loop.run_until_complete(left(limiter)) == 46
    loop.close()


async def in_child(limiter: FileLimiter, inherited: Grant) -> int:
    if inherited.valid():
        return 1
    inherited.close("not_sent")
    if (await limiter.snapshot()).in_flight != 1:  # the parent's is still there
        return 2
    try:
        await limiter.acquire("non_query", max_wait=0.2)
    except QuotaWaitError:
        return 0
    return 3
