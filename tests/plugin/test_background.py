"""An emulator in a thread: controlled from other threads, started and stopped, outages, violations."""

import asyncio
import re
import threading

import pytest

from kentik_async import KentikClient, Quota
from kentik_async.emulator import BackgroundEmulator, Call, Emulator

UNLIMITED = Quota(None, None, 0.0, None, None)


def running(**options: object) -> BackgroundEmulator:
    return BackgroundEmulator(Emulator(600, **options))  # type: ignore[arg-type]  # of any type


async def list_markets(client: KentikClient, calls: int = 1) -> None:
    async with client:
        await asyncio.gather(*(client.kmi.list_markets() for _ in range(calls)))


def test_it_is_used_without_an_event_loop() -> None:
    seen: list[tuple[str, int]] = []

    def on_call(call: Call) -> None:
        seen.append((call.operation, emulator.report().violations))  # in the emulator's own thread

    emulator = running(on_call=on_call)
    with emulator:
        emulator.fail_next(status=503)
        asyncio.run(list_markets(emulator.client()))
        assert [call.status for call in emulator.calls] == [503, 200]
        emulator.reset()
        assert emulator.calls == ()
        assert emulator.advance_day() == emulator.state.day
    assert seen == [("kmi.list_markets", 0)] * 2
    assert "kentik-emulator" not in [thread.name for thread in threading.enumerate()]


async def test_it_is_used_in_a_foreign_event_loop() -> None:
    with running() as emulator:
        await list_markets(emulator.client())
        emulator.suspend()
        waiting = asyncio.create_task(list_markets(emulator.client()))
        emulator.resume()
        await waiting
        assert emulator.report().requests == 2


def test_violations_are_listed() -> None:
    with running(latency=0.5) as emulator:
        emulator.assert_no_quota_violations()
        asyncio.run(list_markets(emulator.client(quota=UNLIMITED), calls=12))
        with pytest.raises(AssertionError) as caught:
            emulator.assert_no_quota_violations()
    first, *rest = str(caught.value).splitlines()
    expected = re.fullmatch(r"(\d+) of 12 requests exceeded a rate limit", first)
    assert expected is not None
    count = int(expected[1])
    assert re.match(r"  number \d+, kmi\.list_markets over grpc: concurrency \(\d+ in flight, ", rest[0])
    assert len(rest) == min(count, 11)
    assert (rest[-1] == "  ...") is (count > 10)


def test_start_reports_a_port_in_use() -> None:
    with running() as emulator:
        port = int(emulator.grpc_endpoint.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            running(grpc_port=port).start()


def test_an_emulator_that_is_not_running() -> None:
    emulator = running()
    emulator.fail_next(status=503)
    with pytest.raises(RuntimeError, match="not running: call start"):
        emulator.suspend()
    emulator.stop()
