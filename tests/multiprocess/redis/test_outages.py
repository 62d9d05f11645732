"""The limiter on a Redis that is emptied, absent, hung, or cut off."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator

import pytest

from kentik_async.errors import ClientClosedError, ConfigError, ConnectError
from kentik_async.quota import Quota
from tests.multiprocess.redis.harness import RedisServer
from tests.multiprocess.redis.helpers import (
    SECRET,
    SHORT_MINUTE,
    Opener,
    ask,
    exchanges,
    key_of,
    longest_pause,
    waits,
    within,
)
from tests.multiprocess.redis.network import Path, path_to

HOURLY = Quota(1, None, 0.0, None, 5, minute=0.6, hour=360.0, drain=0.2)


@pytest.fixture
async def path(server: RedisServer) -> AsyncIterator[Path]:
    async with path_to(server.port) as path:
        yield path


# The usage is not known


async def test_first_use_waits_until_a_minute_has_passed(
    server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = opener(server, new=True, quota=SHORT_MINUTE)
    began = time.monotonic()
    assert (await limiter.snapshot()).next_free == pytest.approx(SHORT_MINUTE.minute)
    (await within(20, ask(limiter))).close("answered")
    assert time.monotonic() - began > 0.99 * SHORT_MINUTE.minute
    (await within(10, ask(opener(server, quota=SHORT_MINUTE)))).close("answered")
    assert caplog.text.count("holds no state of this quota") == 1, "the second does not wait again"


async def test_flushall_grants_nothing_beside_a_request_in_flight(
    server: RedisServer, opener: Opener
) -> None:
    holder, newcomer = (opener(server, quota=SHORT_MINUTE) for _ in range(2))
    async with longest_pause() as pause:
        held = await holder.acquire("non_query")
        server.admin.flushall()
        waiting = ask(newcomer)
        while (await newcomer.snapshot()).in_flight != 1:  # the member with the grant has restored it
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.3)  # a lease and a drain, in which no request is sent anyway
        # If the busy machine stops the process for a second, its lease expires.
        assert held.valid() or pause() > 0.5
        assert not (waiting.done() and held.valid())
    held.close("answered")
    await within(20, waiting)


@pytest.mark.parametrize("restart", [False, True], ids=["emptied", "restarted"])
async def test_an_idle_process_restores_its_usage(
    own_server: RedisServer, opener: Opener, restart: bool
) -> None:
    idle = opener(own_server, quota=HOURLY)
    for _ in range(3):
        (await idle.acquire("non_query")).close("answered")
    assert (await idle.snapshot()).left_hour == 2
    if restart:
        own_server.kill()
        own_server.start()
        while not exchanges(own_server):  # after a slow start, it retries only after 2 s
            await asyncio.sleep(0.01)
    else:
        own_server.admin.flushall()
    newcomer = opener(own_server, quota=HOURLY)
    (await within(10, ask(newcomer))).close("answered")
    assert (await newcomer.snapshot()).left_hour == 1


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_an_idle_process_detects_a_clock_change(
    server: RedisServer, opener: Opener, customer: str, jump: float
) -> None:
    """The clock of the quota is the server's clock plus the shift: a change of the shift sets it."""
    quota = Quota(1, None, 0.0, 3, None)
    began = time.monotonic()
    idle = opener(server, quota=quota)
    for _ in range(3):
        (await idle.acquire("non_query")).close("answered")
    assert (await idle.snapshot()).left_hard_minute == 0
    server.admin.hincrbyfloat(key_of(customer), "shift", jump)
    newcomer = opener(server, quota=quota)
    waiting = ask(newcomer)
    await waits(newcomer)
    snapshot = await newcomer.snapshot()
    assert snapshot.left_hard_minute == 0
    assert snapshot.next_free is not None
    assert 30 < snapshot.next_free <= 60
    # The time of a clock is known except for the duration of the answer.
    shift = float(server.admin.hget(key_of(customer), "shift"))
    assert abs(shift) < 1.0 + time.monotonic() - began
    waiting.cancel()


# Redis is not available


async def test_an_unreachable_redis_at_the_start_names_the_host(opener: Opener) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        limiter = opener(None, url=f"redis://joe:{SECRET}@127.0.0.1:{port}/3")
        for _ in range(2):
            with pytest.raises(
                ConnectError, match=rf"Redis at 127\.0\.0\.1:{port}/3 cannot be reached"
            ) as caught:
                await limiter.acquire("non_query")
            assert SECRET not in f"{caught.value!r} {caught.value}"
            assert "joe" not in str(caught.value)


async def test_a_peer_that_never_answers_is_an_error(opener: Opener, path: Path) -> None:
    path.cut()
    limiter = opener(None, url=f"redis://127.0.0.1:{path.port}?socket_connect_timeout=0.3")
    with pytest.raises(ConnectError, match="cannot be reached: Timeout"):
        await within(10, ask(limiter))
    with pytest.raises(ConnectError, match="cannot be reached: Timeout"):
        await within(10, asyncio.ensure_future(limiter.snapshot()))


async def test_a_cut_connection_is_reopened(server: RedisServer, opener: Opener, path: Path) -> None:
    """While the path is cut, new connections are accepted but never carry data."""
    limiter = opener(server, url=f"redis://127.0.0.1:{path.port}?socket_connect_timeout=3")
    held = await limiter.acquire("non_query")
    path.cut()
    held.close("answered")
    waiting = ask(limiter)
    while path.swallowed < 2:
        await asyncio.sleep(0.01)
    assert not waiting.done()
    path.restore()
    (await within(20, waiting)).close("answered")
    assert (await limiter.snapshot()).in_flight == 0


async def test_a_slow_network_is_not_taken_for_a_clock_change(
    server: RedisServer, opener: Opener, path: Path, customer: str
) -> None:
    path.delay = 0.14  # a round trip takes more than a quarter of a second
    limiter = opener(server, url=f"redis://127.0.0.1:{path.port}", quota=Quota(1, None, 0.0, None, None))
    (await within(30, ask(limiter))).close("answered")
    assert (await limiter.snapshot()).in_flight == 0
    assert float(server.admin.hget(key_of(customer), "shift")) == 0


async def test_calls_wait_for_a_lost_redis(own_server: RedisServer, opener: Opener) -> None:
    limiter = opener(own_server, quota=SHORT_MINUTE)
    held = await limiter.acquire("non_query")
    own_server.kill()
    waiting = ask(limiter)
    held.close("answered")
    await asyncio.sleep(0.2)
    assert not waiting.done()
    own_server.start()
    (await within(20, waiting)).close("answered")


async def test_closing_fails_calls_that_wait_for_a_lost_redis(
    own_server: RedisServer, opener: Opener
) -> None:
    limiter = opener(own_server)
    (await limiter.acquire("non_query")).close("answered")
    await limiter.snapshot()
    own_server.kill()
    queries = [asyncio.ensure_future(limiter.snapshot()) for _ in range(2)]
    await asyncio.sleep(0)
    await limiter.aclose()
    for query in queries:
        async with asyncio.timeout(10):
            with pytest.raises(ClientClosedError):
                await query


async def test_a_hung_server_counts_as_lost(own_server: RedisServer, opener: Opener) -> None:
    limiter = opener(own_server)
    (await limiter.acquire("non_query")).close("answered")
    own_server.send(signal.SIGSTOP)
    waiting = ask(limiter)
    await asyncio.sleep(1.0)
    own_server.send(signal.SIGCONT)
    (await within(20, waiting)).close("answered")
    assert (await limiter.snapshot()).in_flight == 0


async def test_calls_wait_for_a_server_that_cannot_write(
    own_server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = opener(own_server), opener(own_server)
    held = await first.acquire("non_query")
    waiting = ask(second)
    await waits(first)
    own_server.admin.config_set("maxmemory", 1)
    held.close("answered")
    while "requests wait for it" not in caplog.text:
        await asyncio.sleep(0.01)
    assert not waiting.done()
    own_server.admin.config_set("maxmemory", 0)
    await within(20, waiting)
    lost = [record for record in caplog.records if "requests wait for it" in record.message]
    assert len(lost) <= 2, "once for each process"


async def test_a_cut_idle_connection_is_not_an_outage(
    server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = opener(server)
    (await limiter.acquire("non_query")).close("answered")
    await limiter.snapshot()
    server.admin.client_kill_filter(_type="normal", skipme=True)
    (await within(10, ask(limiter))).close("answered")
    assert "is unavailable" not in caplog.text


async def test_a_state_of_another_version_is_not_changed(
    server: RedisServer, opener: Opener, customer: str
) -> None:
    limiter = opener(server)
    (await limiter.acquire("non_query")).close("answered")
    await limiter.snapshot()
    kept = server.admin.hgetall(key_of(customer))
    server.admin.hset(key_of(customer), mapping={"version": "99:other"})
    with pytest.raises(ConfigError, match="written by another version"):
        await limiter.acquire("non_query")
    server.admin.hset(key_of(customer), mapping=kept)
    (await limiter.acquire("non_query")).close("answered")
