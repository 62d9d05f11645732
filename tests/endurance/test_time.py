"""Clocks that jump: the monotonic clock ahead, as after a sleep, and the wall clock in both directions."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kentik_async import Quota
from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.quota import LocalLimiter
from kentik_async.quota.file.opening import open_file_limiter
from tests.support.quota.oracle import Limits, Visit, overruns
from tests.support.quota.server import SimulatedServer, even, limits_of
from tests.support.scripted_callers import Callers, Log, Script
from tests.support.virtual_time import VirtualTime

QUOTA = Quota(2, 4, 0.5, 7, 20, minute=10.0, hour=60.0, drain=1.0)

jumps = st.lists(
    st.tuples(st.floats(0, 40), st.sampled_from([0.5, 5.0, 10.0, 90.0, 3600.0])), min_size=1, max_size=4
)
casts = st.lists(
    st.builds(
        Script,
        arrives=st.floats(0, 40),
        journey=st.sampled_from([even(0.05), even(0.8), even(3.0)]),
        fate=st.sampled_from(["answered", "answered", "answered", "unknown"]),
        gives_up=st.sampled_from([0.1, 1.0]),
        max_wait=st.none() | st.sampled_from([0.5, 20.0]),
        cancelled=st.none() | st.none() | st.floats(0, 20),
    ),
    min_size=8,
    max_size=40,
)


def played(cast: Sequence[Script], jumps: Sequence[tuple[float, float]]) -> tuple[Log, SimulatedServer]:
    """Run the callers, and sometimes let time pass while none of them runs, as in a stopped process."""
    time, server = VirtualTime(), SimulatedServer(QUOTA)
    limiter = LocalLimiter(QUOTA, QUOTA, clock=time.clock)

    def jump(seconds: float) -> None:
        time.now += seconds

    async def main() -> Log:
        for at, seconds in jumps:
            asyncio.get_running_loop().call_later(at, jump, seconds)
        log = await Callers(limiter, server, time, "query").play(cast)
        snapshot = await limiter.snapshot("query")
        await asyncio.sleep(QUOTA.drain + 0.001)
        snapshot = await limiter.snapshot("query")
        assert (snapshot.in_flight, snapshot.waiting) == (0, 0)
        return log

    return time.run(main), server


LOST = Script(0.0, even(3.0), fate="unknown", gives_up=1.0)
SLOW, QUICK = Script(0.0, even(3.0)), Script(0.0, even(0.05))


@given(casts, jumps)
@example([LOST, SLOW, QUICK], [(0.0, 0.5), (0.5, 0.5)])  # a jump between a grant and its request
def test_a_monotonic_clock_that_jumps_forward(cast: list[Script], jumps: list[tuple[float, float]]) -> None:
    log, server = played(cast, jumps)
    assert overruns(server.visits, limits_of(QUOTA)) == []
    asked = log.asked()
    assert all(ask.granted is not None or ask.left is not None for ask in asked)


def jumping(chance: random.Random) -> Iterator[float]:
    """A wall clock that is changed before each reading, by years in both directions."""
    while True:
        yield SYSTEM_CLOCK.wall() + chance.choice([0.0, -1.0, 3600.0, -3600.0, 1e9, -1.7e9])


@pytest.mark.parametrize("limiter", ["process", "file"])
@pytest.mark.parametrize("seed", range(2))
async def test_wall_clock_changes_have_no_effect(tmp_path: Path, limiter: str, seed: int) -> None:
    quota = Quota(1, None, 0.0, 20, 50, minute=0.2, hour=0.6, drain=0.1)
    looks = jumping(random.Random(seed))
    clock = Clock(wall=lambda: next(looks))
    if limiter == "process":
        keeper = LocalLimiter(quota, quota, clock=clock)
    else:
        keeper = open_file_limiter(
            tmp_path / "quota",
            endpoints=(),
            customer="",
            quota=quota,
            query_quota=quota,
            pacing="auto",
            clock=clock,
        )
    visits: list[Visit] = []
    async with asyncio.timeout(20):
        for number in range(70):
            grant = await keeper.acquire("non_query")
            visits.append(Visit(clock.monotonic()))
            if number % 10 == 9:
                await asyncio.sleep(0.001)
            visits[-1].finished = clock.monotonic()
            grant.close("answered")
    await keeper.aclose()
    limits = Limits(1, None, 20, 50, 0.2, 0.6)
    assert overruns(visits, limits) == []
