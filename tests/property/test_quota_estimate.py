"""An estimate is within 5 % of the real duration, whatever happened before."""

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kentik_async.quota import PACINGS, Pacing, Quota, QuotaClass
from tests.support.quota.oracle import overruns
from tests.support.quota.server import limits_of
from tests.support.simulation import World

WITHIN = 0.05

CLASSES: list[tuple[QuotaClass, Quota]] = [("non_query", Quota.NON_QUERY), ("query", Quota.QUERY)]

latencies = st.floats(-3.0, 1.3).map(lambda exponent: 10.0**exponent)  # 1 ms to 20 s
counts = st.floats(0.0, 3.7).map(lambda exponent: int(10.0**exponent))  # 1 to 5,000


@settings(max_examples=50, deadline=None)
@given(
    kind=st.sampled_from(CLASSES),
    pacing=st.sampled_from(sorted(PACINGS)),
    latency=latencies,
    answered=st.integers(1, 130),
    asked=st.integers(0, 60),
    idle=st.floats(0.0, 90.0),
    count=counts,
)
@example(CLASSES[0], "throughput", 0.05, 1, 0, 0.0, 5000)
@example(CLASSES[1], "auto", 0.5, 90, 30, 7.0, 5000)
@example(CLASSES[1], "courteous", 0.2, 31, 4, 0.1, 5000)
def test_an_estimate_is_accurate(
    kind: tuple[QuotaClass, Quota],
    pacing: Pacing,
    latency: float,
    answered: int,
    asked: int,
    idle: float,
    count: int,
) -> None:
    """Some calls are answered, some are in flight or wait, time passes; then the estimated calls start."""
    quota_class, quota = kind
    world = World(quota_class, quota, latency, pacing)

    async def main() -> tuple[float, float]:
        await world.took(answered)
        earlier = [asyncio.create_task(world.call()) for _ in range(asked)]
        await asyncio.sleep(idle)
        estimate = await world.estimate(count)
        took = await world.took(count)
        assert all(task.done() for task in earlier)
        return estimate, took

    estimate, took = world.time.run(main)
    assert abs(estimate - took) <= WITHIN * took
    assert count > 300 or overruns(world.server.visits, limits_of(quota)) == []
