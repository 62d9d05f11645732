"""The attempts in flight: one timer for all with the same timeout; no attempt fails too early or too late."""

import asyncio
from collections.abc import Awaitable

import pytest

from kentik_async._pipeline.in_flight import InFlight
from kentik_async.errors import ClientClosedError, DeadlineExceededError
from tests.support.virtual_time import VirtualTime, in_virtual_time


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(0.0)


async def ends_at(future: Awaitable[None], time: VirtualTime) -> float:
    with pytest.raises(DeadlineExceededError):
        await future
    return time.now


@in_virtual_time
async def test_each_attempt_has_its_whole_timeout(time: VirtualTime) -> None:
    in_flight = InFlight(asyncio.get_running_loop())
    ends: list[asyncio.Task[float]] = []
    for _ in range(3):
        ends += [asyncio.create_task(ends_at(in_flight.add(timeout), time)) for timeout in (10.0, 1.5)]
        await asyncio.sleep(1.0)
    assert await asyncio.gather(*ends) == pytest.approx([10.0, 1.5, 11.0, 2.5, 12.0, 3.5])


@in_virtual_time
async def test_ended_attempts_are_removed_and_do_not_fail(time: VirtualTime) -> None:
    in_flight = InFlight(asyncio.get_running_loop())
    answered, late = in_flight.add(10.0), in_flight.add(10.0)
    answered.set_result(None)
    in_flight.remove(answered, 10.0)
    assert await ends_at(late, time) == pytest.approx(10.0)
    in_flight.remove(late, 10.0)
    await answered
    again = in_flight.add(10.0)
    assert await ends_at(again, time) == pytest.approx(20.0)
    in_flight.remove(again, 10.0)
    await asyncio.sleep(10.0)
    assert not in_flight._due
    assert not in_flight._timers


@in_virtual_time
async def test_many_attempts_share_one_timer(time: VirtualTime) -> None:
    loop = asyncio.get_running_loop()
    in_flight = InFlight(loop)
    for _ in range(100):
        in_flight.remove(in_flight.add(10.0), 10.0)
    assert len(loop._scheduled) == 1  # type: ignore[attr-defined]  # asyncio's own heap of timers


@in_virtual_time
async def test_a_response_is_read_after_the_loop_was_blocked(time: VirtualTime) -> None:
    loop = asyncio.get_running_loop()
    in_flight = InFlight(loop)
    arrived, lost = in_flight.add(10.0), in_flight.add(10.0)
    time.now = 25.0  # the machine was suspended; one response is in the socket's buffer
    loop.call_later(0.5, arrived.set_result, None)
    await arrived
    assert await ends_at(lost, time) == pytest.approx(26.0)


@in_virtual_time
async def test_closing_fails_attempts_in_flight(time: VirtualTime) -> None:
    loop = asyncio.get_running_loop()
    in_flight = InFlight(loop)
    future = in_flight.add(10.0)
    in_flight.close()
    with pytest.raises(ClientClosedError):
        await future
    assert time.now == 0.0
