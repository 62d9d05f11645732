"""An estimate is within 5 % of the real duration."""

import asyncio
from dataclasses import replace

import pytest

from kentik_async.quota import Pacing, Quota, QuotaClass
from tests.support.simulation import World

CLASSES: list[tuple[QuotaClass, Quota]] = [("non_query", Quota.NON_QUERY), ("query", Quota.QUERY)]


@pytest.mark.parametrize(("quota_class", "quota"), CLASSES)
@pytest.mark.parametrize("latency", [0.05, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("count", [1, 15, 70, 400, 2000])
@pytest.mark.parametrize("before", [1, 25, 90])
def test_an_estimate_is_accurate(
    quota_class: QuotaClass, quota: Quota, latency: float, count: int, before: int
) -> None:
    world = World(quota_class, quota, latency)

    async def main() -> None:
        await world.took(before)
        estimate = await world.estimate(count)
        assert estimate == pytest.approx(await world.took(count), rel=0.05)

    world.time.run(main)


@pytest.mark.parametrize(("quota_class", "quota"), CLASSES)
@pytest.mark.parametrize("pacing", ["throughput", "courteous"])
def test_an_estimate_under_jitter_is_accurate(quota_class: QuotaClass, quota: Quota, pacing: Pacing) -> None:
    world = World(quota_class, quota, 0.4, pacing, jitter=0.6)

    async def main() -> None:
        await world.took(40)
        estimate = await world.estimate(300)
        assert estimate == pytest.approx(await world.took(300), rel=0.05)

    world.time.run(main)


@pytest.mark.parametrize("quota", [Quota.NON_QUERY, Quota.QUERY])
def test_before_the_first_answer_it_assumes_a_usual_latency(quota: Quota) -> None:
    world = World("query", quota, 0.05)

    async def main() -> None:
        estimate = await world.estimate(500)
        assert estimate == pytest.approx(await world.took(500), rel=0.05)

    world.time.run(main)


def test_waiting_and_sent_requests_are_counted() -> None:
    world = World("non_query", Quota.NON_QUERY, 0.05)

    async def main() -> None:
        earlier = [asyncio.create_task(world.call()) for _ in range(200)]
        await asyncio.sleep(100.0)
        estimate = await world.estimate(50)
        took = await world.took(50)
        assert all(task.done() for task in earlier)
        assert estimate == pytest.approx(took, rel=0.05)

    world.time.run(main)


def test_an_estimate_includes_the_hourly_limit() -> None:
    quota = replace(Quota.QUERY, per_hour=300)
    world = World("query", quota, 0.05)

    async def main() -> None:
        await world.took(120)
        estimate = await world.estimate(500)
        assert estimate > 3600
        assert estimate == pytest.approx(await world.took(500), rel=0.05)

    world.time.run(main)


def test_an_estimate_includes_the_drain_of_a_lost_request() -> None:
    world = World("non_query", replace(Quota.NON_QUERY, drain=30.0), 0.05)

    async def main() -> None:
        (await world.limiter.acquire("non_query")).close("unknown")
        estimate = await world.estimate(10)
        assert estimate > 30.0
        assert estimate == pytest.approx(await world.took(10), rel=0.05)

    world.time.run(main)


def test_a_lost_request_counts_towards_the_soft_limit() -> None:
    world = World("non_query", Quota(1, 2, 100.0, None, None, drain=5.0), 1.0, "throughput")

    async def main() -> None:
        await world.took(1)
        (await world.limiter.acquire("non_query")).close("unknown")
        # 5 s for the drain, then one request that is beyond the soft limit by our count.
        assert await world.estimate(1) == pytest.approx(5.0 + 101.0, rel=1e-4)

    world.time.run(main)


def test_an_estimate_includes_a_pause_and_its_probe() -> None:
    world = World("query", Quota.QUERY, 1.0)

    async def main() -> None:
        await world.took(4)
        (await world.limiter.acquire("query")).close("refused", retry_after=20.0)
        estimate = await world.estimate(8)
        # The probe, then four requests at a time.
        assert estimate == pytest.approx(20.0 + 3 * 1.0, rel=0.05)
        tasks = [asyncio.create_task(world.call()) for _ in range(8)]
        await asyncio.sleep(20.5)
        assert await world.estimate(0) == pytest.approx(2.5, rel=0.05)
        began = world.time.now
        await asyncio.gather(*tasks)
        assert world.time.now - began == pytest.approx(2.5, rel=0.05)

    world.time.run(main)


def test_without_limits_all_is_done_in_one_latency() -> None:
    world = World("query", Quota(None, None, 0.0, None, None), 0.2)

    async def main() -> None:
        await world.took(3)
        assert await world.estimate(0) == 0.0
        assert await world.estimate(1000) == pytest.approx(0.2)

    world.time.run(main)
