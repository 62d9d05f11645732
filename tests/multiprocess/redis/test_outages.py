"""The limiter on a Redis that is emptied, absent, closed to it, or lost on the way."""

import asyncio
import logging
import signal
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from kentik_async.errors import ConfigError, ConnectError
from kentik_async.quota import Quota
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.multiprocess.redis.helpers import ONE_AT_A_TIME, SECRET, Opener, ask, settled, within

pytestmark = pytest.mark.alone


async def test_flushall_lets_nobody_in_beside_a_request_in_flight(
    server: RedisServer, opener: Opener
) -> None:
    holder = opener(server)
    held = await holder.acquire("non_query")
    server.admin.flushall()
    newcomer = opener(server)
    began = time.monotonic()
    waiting = ask(newcomer)
    await asyncio.sleep(0.5)
    assert not waiting.done()
    assert held.valid()
    await asyncio.sleep(1.5)
    assert not waiting.done()
    held.close("answered")
    await within(1, waiting)
    assert time.monotonic() - began > 1.2  # the quiet time: a lease and a drain


async def test_an_idle_process_tells_a_server_that_comes_back_empty_what_it_used(
    own_server: RedisServer, opener: Opener
) -> None:
    quota = Quota(1, None, 0.0, None, 5, minute=0.6, hour=36.0, drain=0.2)
    idle, other = opener(own_server, quota=quota), opener(own_server, quota=quota)
    for _ in range(3):
        (await idle.acquire("non_query")).close("answered")
    await settled()
    own_server.kill()
    await asyncio.sleep(0.2)
    own_server.start()
    (await within(10, ask(other))).close("answered")
    assert (await other.snapshot()).left_hour == 1


async def test_a_new_quota_opens_at_once_although_others_listen_who_are_as_new(
    server: RedisServer, opener: Opener
) -> None:
    limiters = [opener(server) for _ in range(4)]
    began = time.monotonic()
    calls = [ask(limiter) for limiter in limiters]
    for _ in calls:
        done, pending = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for call in done:
            call.result().close("answered")
        calls = list(pending)
        if not calls:
            break
    assert time.monotonic() - began < 0.5


async def test_unreachable_at_the_start_is_an_error_that_names_the_host(opener: Opener) -> None:
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


async def test_a_wrong_password_is_a_matter_of_the_settings(tmp_path: Any, opener: Opener) -> None:
    with running_redis(tmp_path, "--requirepass", SECRET) as server:
        place = f"127.0.0.1:{server.port}"
        for user in ("", ":wrong", "joe:wrong"):
            limiter = opener(server, url=f"redis://{user}{'@' if user else ''}{place}")
            with pytest.raises(ConfigError, match=f"Redis at {place}/0 refuses the user or the password"):
                await limiter.acquire("non_query")
        limiter = opener(server, url=f"redis://:{SECRET}@{place}")
        assert (await limiter.snapshot()).in_flight == 0


async def test_a_user_who_may_too_little_is_told_what_he_needs(
    emptied_server: RedisServer, opener: Opener
) -> None:
    emptied_server.admin.execute_command(
        "ACL", "SETUSER", "joe", "on", f">{SECRET}", "+@all", "~*", "resetchannels"
    )
    url = emptied_server.url.replace("//", f"//joe:{SECRET}@")
    with pytest.raises(ConfigError, match="channels kentik-async:") as caught:
        await opener(emptied_server, url=url).acquire("non_query")
    assert SECRET not in str(caught.value)
    rights = (
        "evalsha eval info time ping subscribe publish get set append del strlen getrange setrange pexpire"
    )
    emptied_server.admin.execute_command(
        "ACL",
        "SETUSER",
        "jane",
        "resetchannels",
        "on",
        f">{SECRET}",
        *[f"+{right}" for right in rights.split()],
        "~kentik-async:*",
        "&kentik-async:*",
    )
    url = emptied_server.url.replace("//", f"//jane:{SECRET}@")
    assert (await opener(emptied_server, url=url).snapshot()).in_flight == 0
    (await opener(emptied_server, url=url).acquire("non_query")).close("answered")


async def test_no_secret_and_no_name_stands_in_redis_or_in_a_message(
    emptied_server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    emptied_server.admin.acl_setuser(
        "joe", enabled=True, passwords=[f"+{SECRET}"], commands=["+@all"], keys=["*"], channels=["*"]
    )
    url = emptied_server.url.replace("//", f"//joe:{SECRET}@")
    ears = emptied_server.admin.pubsub()
    ears.psubscribe("*")
    limiter = opener(emptied_server, url=url, customer="joe.doe@example.net")
    other = opener(emptied_server, url=url, customer="joe.doe@example.net")
    grant = await limiter.acquire("non_query")
    waiting = ask(other)
    await settled(waiting)
    grant.close("unknown")
    (await waiting).close("refused")
    await limiter.snapshot()
    heard = []
    while (message := ears.get_message(timeout=0.2)) is not None:
        heard.append(repr(message))
    ears.close()
    keys = emptied_server.admin.keys("*")
    assert len(keys) == 1
    assert len(heard) > 1
    stored = [repr((key, emptied_server.admin.get(key))) for key in keys]
    shown = [repr(limiter), repr(vars(limiter)), caplog.text]
    for text in (*stored, *heard, *shown):
        assert SECRET not in text
        assert "example" not in text or text in shown
        assert "api.kentik" not in text or text in shown


async def test_redis_lost_on_the_way_is_waited_for(own_server: RedisServer, opener: Opener) -> None:
    limiter = opener(own_server)
    held = await limiter.acquire("non_query")
    own_server.kill()
    waiting = ask(limiter)
    await asyncio.sleep(0.3)
    held.close("answered")
    assert not waiting.done()
    own_server.start()
    (await within(10, waiting)).close("answered")


async def test_redis_lost_on_the_way_can_be_an_error_and_a_call_after_it_succeeds(
    own_server: RedisServer, opener: Opener
) -> None:
    limiter = opener(own_server, on_outage="raise")
    held = await limiter.acquire("non_query")
    waiting = ask(limiter)
    await settled(waiting)
    own_server.kill()
    with pytest.raises(ConnectError, match="cannot be reached"):
        await within(5, waiting)
    for max_wait in (None, 60.0):
        with pytest.raises(ConnectError, match="cannot be reached"):
            await limiter.acquire("non_query", max_wait=max_wait)
    with pytest.raises(ConnectError):
        await limiter.snapshot()
    held.close("answered")
    own_server.start()
    (await within(10, ask(limiter))).close("answered")


async def test_a_server_that_hangs_is_one_that_is_lost(emptied_server: RedisServer, opener: Opener) -> None:
    limiter = opener(emptied_server)
    (await limiter.acquire("non_query")).close("answered")
    await settled()
    emptied_server.send(signal.SIGSTOP)
    waiting = ask(limiter)
    await asyncio.sleep(1.5)
    emptied_server.send(signal.SIGCONT)
    (await within(10, waiting)).close("answered")
    assert (await limiter.snapshot()).in_flight == 0


async def test_a_server_that_cannot_write_at_present_is_waited_for(
    emptied_server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = opener(emptied_server)
    (await limiter.acquire("non_query")).close("answered")
    await settled()
    emptied_server.admin.config_set("maxmemory", 1)
    waiting = ask(limiter)
    await asyncio.sleep(0.5)
    assert not waiting.done()
    emptied_server.admin.config_set("maxmemory", 0)
    (await within(5, waiting)).close("answered")
    assert len([record for record in caplog.records if "requests wait for it" in record.message]) == 1


async def test_nobody_is_granted_what_redis_could_not_write_down(
    emptied_server: RedisServer, opener: Opener
) -> None:
    first, second = opener(emptied_server), opener(emptied_server)
    held = await first.acquire("non_query")
    waiting = ask(second)
    await settled(waiting)
    emptied_server.admin.config_set("maxmemory", 1)
    held.close("answered")
    await asyncio.sleep(0.3)
    assert not waiting.done()
    emptied_server.admin.config_set("maxmemory", 0)
    await within(5, waiting)


async def test_an_old_connection_that_was_cut_is_no_outage(
    emptied_server: RedisServer, opener: Opener
) -> None:
    limiter = opener(emptied_server, on_outage="raise")
    (await limiter.acquire("non_query")).close("answered")
    await settled()
    emptied_server.admin.client_kill_filter(_type="normal", skipme=True)
    (await limiter.acquire("non_query")).close("answered")


async def test_a_ledger_of_another_version_is_left_alone(emptied_server: RedisServer, opener: Opener) -> None:
    limiter = opener(emptied_server)
    (await limiter.acquire("non_query")).close("answered")
    await settled()
    (key,) = emptied_server.admin.keys("*:state")
    state = emptied_server.admin.get(key)
    emptied_server.admin.set(key, state.replace(b"\xa6format\x01", b"\xa6format\x02"))
    with pytest.raises(ConfigError, match="written by another version"):
        await limiter.acquire("non_query")
    emptied_server.admin.set(key, state)
    (await limiter.acquire("non_query")).close("answered")


async def test_processes_with_different_limits_are_warned(
    server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = opener(server), opener(server, quota=replace(ONE_AT_A_TIME, per_hour=5))
    for limiter in (first, second, first, second):
        (await limiter.acquire("non_query")).close("answered")
    assert caplog.text.count("another process has other limits") == 2
