"""A quota file that is damaged, deleted, locked by others, from an earlier boot, or of another user."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from kentik_async._clock import Clock
from kentik_async.errors import ConfigError, QuotaWaitError
from kentik_async.quota import Grant, Quota
from kentik_async.quota.limiter import StoreLimiter
from tests.support.quota.files import QUOTA, Open, left, pull, soon


def delete_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


async def test_a_snapshot_uses_no_quota(open_limiter: Open) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    for _ in range(3):
        snapshot = await two.snapshot()
        assert (snapshot.in_flight, snapshot.next_free, snapshot.frozen) == (1, None, False)
        assert await two.estimate(1) > 0.0
    grant.close("answered")


@pytest.mark.parametrize(
    "content", [b"", b"not a database", bytes(300_000), b"SQLite format 3\0" + bytes(9000)]
)
async def test_a_damaged_file_is_recreated_and_counts_as_fully_used(
    open_limiter: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / "quota.sqlite").write_bytes(content)
    quota = replace(QUOTA, minute=0.5)
    started = time.monotonic()
    one, two = open_limiter(quota), open_limiter(quota)
    await asyncio.gather(pull(one), pull(two))
    assert time.monotonic() - started >= 0.5
    assert [record.name for record in caplog.records] == ["kentik_async"]
    assert f"{tmp_path}/quota.sqlite was damaged" in caplog.text


async def test_a_foreign_database_or_row_counts_as_damaged(
    open_limiter: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = open_limiter()
    await pull(limiter, 3)
    for damage in ("UPDATE quota SET state = x'00ff'", "DELETE FROM quota", "DROP TABLE quota"):
        with sqlite3.connect(tmp_path / "quota.sqlite") as database:
            database.execute(damage)
        database.close()
        assert await left(limiter) == 47
        assert (await limiter.snapshot()).next_free != 0.0
    assert caplog.text.count("was damaged") == 3


async def test_a_running_process_restores_its_usage(open_limiter: Open, tmp_path: Path) -> None:
    quota = replace(QUOTA, per_hour=500, minute=0.5)
    user = open_limiter(quota)
    await pull(user, 7)
    delete_all(tmp_path)
    newcomer = open_limiter(quota)
    await asyncio.gather(pull(newcomer, 2), pull(user))
    for limiter in (user, newcomer):
        assert (await limiter.snapshot()).left_hour == 500 - 7 - 2 - 1


async def test_an_idle_process_restores_its_usage_to_a_deleted_file(
    open_limiter: Open, tmp_path: Path
) -> None:
    quota = replace(QUOTA, hard_per_minute=5)
    user = open_limiter(quota)
    await pull(user, 5)
    delete_all(tmp_path)
    newcomer = open_limiter(quota)
    with pytest.raises(QuotaWaitError):
        await newcomer.acquire("non_query", max_wait=10.0)
    with pytest.raises(QuotaWaitError):
        await user.acquire("non_query", max_wait=10.0)


async def test_a_deleted_file_voids_the_grants_in_it(open_limiter: Open, tmp_path: Path) -> None:
    grant = await open_limiter().acquire("non_query")
    assert grant.valid()
    delete_all(tmp_path)
    assert not grant.valid()
    grant.close("not_sent")


async def test_the_first_use_of_a_folder_or_a_customer_does_not_wait(open_limiter: Open) -> None:
    one, other = open_limiter(path="one"), open_limiter(path="other")
    (await one.acquire("non_query", max_wait=0.0)).close("answered")
    (await other.acquire("query", max_wait=0.0)).close("answered")


async def test_an_error_of_the_file_loses_no_slot(open_limiter: Open, tmp_path: Path) -> None:
    one, two = open_limiter(), open_limiter()
    grant = await one.acquire("non_query")
    foreign = sqlite3.connect(tmp_path / "quota.sqlite", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(ConfigError, match=r"quota.sqlite cannot be used: database is locked; set another"):
        await two.acquire("non_query")
    grant.close("answered")
    foreign.execute("ROLLBACK")
    foreign.close()
    (await soon(two.acquire("non_query"))).close("answered")
    assert await left(two) == 48


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="the system names no runs")
@pytest.mark.parametrize(("uptime", "known"), [(500.0, 2 + 3), (5000.0, 0)])
async def test_after_a_reboot_the_hour_is_remembered(
    open_limiter: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, uptime: float, known: int
) -> None:
    quota, clock = Quota(1, None, 0.0, 3, 20, minute=0.01, drain=0.0), Clock(monotonic=lambda: uptime)
    limiter = open_limiter(quota, clock=clock)
    await pull(limiter, 2)
    await limiter.aclose()
    with sqlite3.connect(tmp_path / "quota.sqlite") as database:
        database.execute("UPDATE quota SET boot = 'an-earlier-run'")
    database.close()
    limiter = open_limiter(quota, clock=clock)
    assert (await limiter.snapshot()).left_hour == 20 - known
    await pull(limiter)
    assert (await open_limiter(quota, clock=clock).snapshot()).left_hour == 20 - known - 1
    assert caplog.records == []


def test_a_path_that_is_not_a_file_is_refused(open_limiter: Open, tmp_path: Path) -> None:
    (tmp_path / "quota.sqlite").mkdir()
    with pytest.raises(ConfigError, match=r"quota.sqlite cannot be used: it is not a regular file; set"):
        open_limiter()


@pytest.mark.parametrize("name", ["quota.sqlite", "quota.lock"])
def test_a_link_is_not_followed(open_limiter: Open, tmp_path: Path, name: str) -> None:
    (tmp_path / "real").touch()
    (tmp_path / name).symlink_to("real")
    with pytest.raises(ConfigError, match=r"quota.sqlite cannot be used"):
        open_limiter()
    assert (tmp_path / "real").read_bytes() == b""


async def test_an_unknown_class_or_pacing_is_refused(open_limiter: Open) -> None:
    with pytest.raises(ConfigError, match="quota_class must be one of non_query, query; got 'both'"):
        await open_limiter().acquire("both")
    with pytest.raises(ConfigError, match=r"pacing must be one of .*; got 'hasty'"):
        open_limiter(pacing="hasty")


def fork(work: Callable[[], object]) -> int:
    """Do the work in a child; a child that does not end is killed by an alarm."""
    child = os.fork()
    if child != 0:
        return child
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        asyncio._set_running_loop(None)
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever fails, the child must not run the next tests
        traceback.print_exc()
    finally:
        os._exit(1)


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_a_separate_member(open_limiter: Open) -> None:
    limiter = open_limiter()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(pull(limiter, 2))
    grant = loop.run_until_complete(limiter.acquire("non_query"))
    waiting = loop.create_task(limiter.acquire("non_query"))
    loop.run_until_complete(asyncio.sleep(0))
    assert exit_code(fork(lambda: asyncio.run(in_child(limiter, grant)))) == 0
    assert grant.valid()
    grant.close("answered")
    loop.run_until_complete(soon(waiting)).close("answered")
    assert loop.run_until_complete(left(limiter)) == 46
    loop.close()


FORKS = """
import asyncio, os, signal, sqlite3, sys, tempfile, threading
from kentik_async.quota import Quota
from kentik_async.quota.file.opening import open_file_limiter

async def pull(path: str) -> None:
    quota = Quota.NON_QUERY
    limiter = open_file_limiter(
        path, endpoints=(), customer="", quota=quota, query_quota=quota, pacing="auto"
    )
    (await limiter.acquire("non_query")).close("answered")
    await limiter.aclose()

def work() -> None:
    while not ended.is_set():
        asyncio.run(pull(tempfile.mkdtemp(dir=sys.argv[1])))

ended = threading.Event()
busy = threading.Thread(target=work)
busy.start()
children = []
for _ in range(100):
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # kills a child that does not end
        sqlite3.connect(":memory:").execute("SELECT 1")
        os._exit(0)
    children.append(child)
ended.set()
busy.join()
print({os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children})
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_waits_until_no_thread_uses_sqlite(tmp_path: Path) -> None:
    # In a process of its own: in this one, gRPC's threads may abort a child.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{0}\n", "")


async def in_child(limiter: StoreLimiter, inherited: Grant) -> None:
    assert not inherited.valid()
    inherited.close("not_sent")
    assert (await limiter.snapshot()).in_flight == 1  # the parent's request is still there
    with pytest.raises(QuotaWaitError):
        await limiter.acquire("non_query", max_wait=0.2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
async def test_a_killed_parent_counts_as_dead_while_its_child_lives(open_limiter: Open) -> None:
    reader, writer = os.pipe()
    held, holding = os.pipe()
    parent = os.fork()
    if parent == 0:
        asyncio._set_running_loop(None)
        loop = asyncio.new_event_loop()
        grant = loop.run_until_complete(open_limiter().acquire("non_query"))
        if os.fork() == 0:
            os.read(reader, 1)  # until the test ends
            os._exit(0)
        os.write(holding, f"{grant.valid():d}".encode())
        signal.pause()
    assert await asyncio.to_thread(os.read, held, 1) == b"1"
    started = time.monotonic()
    waiting = asyncio.create_task(open_limiter().acquire("non_query"))
    await asyncio.sleep(0.05)
    os.kill(parent, 9)
    await asyncio.to_thread(os.waitpid, parent, 0)
    (await soon(waiting)).close("answered")
    assert time.monotonic() - started >= QUOTA.drain
    os.write(writer, b"x")
    for fd in (reader, writer, held, holding):
        os.close(fd)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users can read: a parallel pytest would restrict the parent of `tmp_path` again."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="only root may become another user")
def test_users_of_one_group_share_a_file(shared: Path, open_limiter: Open) -> None:
    group = 54321
    os.chown(shared, 0, group)
    shared.chmod(0o2770)

    def pull_as(user: int) -> None:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
        asyncio.run(pull(open_limiter(path=f"{shared}/quota"), 2))

    for user in (12345, 12346):
        assert exit_code(fork(partial(pull_as, user))) == 0
    assert asyncio.run(left(open_limiter(path=f"{shared}/quota"))) == 46
