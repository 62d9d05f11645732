"""Event loops start, pause and are closed at any moment; the limits are never exceeded."""

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota import LocalLimiter, Quota
from tests.support.quota.oracle import overruns
from tests.support.quota.server import Journey, SimulatedServer, limits_of
from tests.support.scripted_callers import Callers, Script
from tests.support.virtual_time import VirtualTime

quotas = st.builds(
    Quota,
    max_concurrent=st.integers(1, 3),
    soft_per_minute=st.none(),
    soft_delay=st.just(0.0),
    hard_per_minute=st.one_of(st.none(), st.integers(1, 6)),
    per_hour=st.one_of(st.none(), st.integers(4, 15)),
    minute=st.just(10.0),
    hour=st.just(60.0),
    drain=st.sampled_from([0.0, 1.0, 4.0]),
)
spans = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 4, width=32))
scripts = st.builds(
    Script,
    arrives=spans,
    # A request is received when it is sent: for a closed loop, a later receipt would not be known.
    journey=st.builds(Journey, there=st.just(0.0), work=spans, back=spans),
    cancelled=st.one_of(st.none(), spans),
)
stretches = st.tuples(
    st.integers(0, 2), st.floats(0.5, 8, width=32), st.sampled_from(["paused", "kept", "dropped"])
)


class _Lives:
    """Three event loops that run in turns; a closed loop is replaced by a new one."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.time = VirtualTime()
        self.server = SimulatedServer(quota)
        self.limiter = LocalLimiter(quota, quota, pacing="throughput", clock=self.time.clock)
        self._loops: dict[int, asyncio.AbstractEventLoop] = {}
        self._tasks: dict[int, list[asyncio.Task[object]]] = {}
        self._kept: list[asyncio.Task[object]] = []
        self._visits: dict[int, SimulatedServer] = {}

    def live(self, number: int, span: float, cast: list[Script]) -> None:
        """Run one loop for a while; the others stop."""
        if number not in self._loops:
            self._loops[number] = self.time.loop()
            self._loops[number].set_exception_handler(lambda loop, context: None)
            self._tasks[number] = []
            self._visits[number] = SimulatedServer(self.quota)
        loop = self._loops[number]
        callers = Callers(self.limiter, self._visits[number], self.time, "query")
        self._tasks[number].append(loop.create_task(callers.play(cast)))
        loop.run_until_complete(asyncio.sleep(span))

    def close(self, number: int, *, kept: bool) -> None:
        """Close a loop with its waiting calls and its requests in flight.

        Args:
            number: The number of the loop.
            kept: Whether its tasks stay in memory, so that their coroutines are not closed.
        """
        loop = self._loops.pop(number)
        loop.close()
        tasks = self._tasks.pop(number)
        if kept:
            self._kept += tasks
        del tasks
        # Requests in flight end within `drain`, as the quota assumes.
        visits = self._visits.pop(number).visits
        latest = self.time.now + self.quota.drain
        self.server.visits += [replace(visit, finished=min(visit.finished, latest)) for visit in visits]

    def close_all(self) -> None:
        for number in list(self._loops):
            self.close(number, kept=False)


@pytest.fixture(autouse=True, scope="module")
def _no_litter() -> Iterator[None]:
    """Collect the objects of closed loops here, where their warnings are expected."""
    yield
    gc.collect()


# A closed loop leaves tasks that were never started.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@given(quotas, st.lists(st.tuples(stretches, st.lists(scripts, max_size=8)), min_size=2, max_size=8))
def test_loops_closed_at_any_moment_exceed_no_limit(
    quota: Quota, lives: list[tuple[tuple[int, float, str], list[Script]]]
) -> None:
    world = _Lives(quota)
    for (number, span, fate), cast in lives:
        world.live(number, span, cast)
        if fate != "paused":
            world.close(number, kept=fate == "kept")
    world.close_all()
    assert overruns(world.server.visits, limits_of(quota)) == []

    async def remaining() -> tuple[int, int, int | None, int | None]:
        state = await world.limiter.snapshot("query")
        return state.in_flight, state.waiting, state.left_hard_minute, state.left_hour

    async def touch() -> None:
        (await world.limiter.acquire("query")).close("not_sent")

    world.time.run(touch)
    world.time.now += quota.hour + quota.drain + 1
    assert world.time.run(remaining) == (0, 0, quota.hard_per_minute, quota.per_hour)
