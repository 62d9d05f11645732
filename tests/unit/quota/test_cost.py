"""The cost of a turn and of a wait, as a number of calls: it is the same on every machine."""

import asyncio
import gc
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import kentik_async
from kentik_async import LocalLimiter, Quota
from kentik_async._clock import Clock
from tests.support.virtual_time import VirtualTime, in_virtual_time

PACKAGE = str(Path(kentik_async.__file__).parent)


async def take_a_turn(limiter: LocalLimiter) -> None:
    (await limiter.acquire("non_query")).close("answered")


async def test_a_turn_takes_few_calls() -> None:
    limiter, calls = LocalLimiter(Quota(1, None, 0.0, 1000, 1000)), list[str]()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls.append(frame.f_code.co_qualname)

    for _ in range(3):
        await take_a_turn(limiter)
    gc.disable()  # a collection of objects of earlier tests would be counted too
    sys.setprofile(profile)
    try:
        await take_a_turn(limiter)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert 0 < len(calls) <= 30, calls


@in_virtual_time
async def test_an_hour_of_waiting_reads_the_clock_rarely(time: VirtualTime) -> None:
    reads = 0

    def monotonic() -> float:
        nonlocal reads
        reads += 1
        return time.now

    limiter = LocalLimiter(Quota(1, None, 0.0, None, 1), clock=Clock(monotonic=monotonic))
    await take_a_turn(limiter)
    waiting = [asyncio.ensure_future(take_a_turn(limiter)) for _ in range(100)]
    await asyncio.sleep(0)
    start, reads = time.now, 0
    await waiting[0]
    assert time.now - start == 3600.0
    assert reads <= 10
    for call in waiting[1:]:
        call.cancel()
