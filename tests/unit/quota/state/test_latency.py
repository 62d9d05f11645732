"""The measured latency, and the pacing that it selects."""

import asyncio
from typing import Any

import pytest

from kentik_async.quota import LocalLimiter, Quota, QuotaClass
from kentik_async.quota.state.latency import LatencyEstimator
from tests.support.quota.oracle import beyond_soft
from tests.support.quota.server import SimulatedServer, even, limits_of
from tests.support.virtual_time import VirtualTime

NON_QUERY = Quota.NON_QUERY


def learned(
    *durations: float,
    delayed: bool = False,
    estimator: LatencyEstimator | None = None,
    quota: Quota = NON_QUERY,
) -> float:
    estimator = estimator or LatencyEstimator()
    for duration in durations:
        estimator.learn(quota, duration, delayed=delayed)
    assert estimator.latency is not None
    return estimator.latency


def test_before_the_first_answer_latency_is_unknown() -> None:
    assert LatencyEstimator().latency is None
    assert LatencyEstimator().expected(NON_QUERY) == pytest.approx(0.051)


def test_the_first_answers_are_averaged() -> None:
    assert learned(0.1, 0.2, 0.3) == pytest.approx(0.2)


def test_connection_setup_in_first_answers_is_ignored() -> None:
    assert learned(0.5, 0.2, 0.002, 0.001) == pytest.approx(0.0015)
    assert learned(*[0.5] * 6, 0.002) > 0.4


def test_a_first_answers_setup_is_ignored_on_a_fast_clock() -> None:
    scaled = NON_QUERY.scaled(60)
    assumed = LatencyEstimator().expected(scaled)
    assert assumed < 0.002
    for first, expected in ((0.0005, 0.0005), (0.008, assumed), (0.06, 0.05), (2.0, 1.99)):
        estimator = LatencyEstimator()
        learned(first, estimator=estimator, quota=scaled)
        assert estimator.expected(scaled) == pytest.approx(expected)
        learned(first, estimator=estimator, quota=scaled)
        assert estimator.expected(scaled) == pytest.approx(first), "a latency measured twice is not set-up"


@pytest.mark.parametrize("latency", [0.002, 0.9, 1.5, 8.0])
def test_on_the_vendors_clock_a_first_answer_counts(latency: float) -> None:
    estimator = LatencyEstimator()
    learned(latency, estimator=estimator)
    assert estimator.expected(NON_QUERY) == latency


def test_the_delay_is_estimated_from_measurements() -> None:
    estimator = LatencyEstimator()
    learned(0.05, 0.05, estimator=estimator)
    assert estimator.expected_late(NON_QUERY) == pytest.approx(1.55, rel=0.001)
    learned(1.95, 2.05, delayed=True, estimator=estimator)
    assert estimator.expected_late(NON_QUERY) > 1.6
    learned(*[1.65] * 60, delayed=True, estimator=estimator)
    assert estimator.expected_late(NON_QUERY) == pytest.approx(1.65, rel=0.01)


def test_one_stuck_answer_beyond_the_soft_limit_changes_little() -> None:
    estimator = LatencyEstimator()
    learned(0.05, *[1.55] * 20, 90.0, delayed=True, estimator=estimator)
    assert estimator.expected_late(NON_QUERY) < 1.57


def test_a_lasting_change_is_followed() -> None:
    assert learned(*[0.05] * 50, *[2.0] * 60) == pytest.approx(2.0, rel=0.05)


def test_one_stuck_request_changes_little() -> None:
    assert learned(*[0.05] * 50, 60.0) < 0.06


def test_the_vendors_delay_is_not_part_of_the_latency() -> None:
    assert learned(1.55, 1.55, delayed=True) == pytest.approx(0.05)


def test_an_answer_that_was_not_delayed_counts_as_measured() -> None:
    assert learned(0.05, 0.05, delayed=True) == pytest.approx(0.05)
    estimator = LatencyEstimator()
    learned(2.0, estimator=estimator)
    assert learned(2.0, delayed=True, estimator=estimator) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("pacing", "courteous"), [("throughput", False), ("courteous", True), ("auto", False)]
)
def test_before_the_first_answer_auto_is_for_speed(pacing: Any, courteous: bool) -> None:
    assert LatencyEstimator().courteous(NON_QUERY, pacing) is courteous


@pytest.mark.parametrize(
    ("quota_class", "quota", "latency", "pacing"),
    [
        ("non_query", Quota.NON_QUERY, 1.45, "throughput"),
        ("non_query", Quota.NON_QUERY, 1.55, "courteous"),
        ("query", Quota.QUERY, 6.9, "throughput"),
        ("query", Quota.QUERY, 7.1, "courteous"),
    ],
)
def test_auto_switches_at_the_latency_where_delay_gains_nothing(
    quota_class: QuotaClass, quota: Quota, latency: float, pacing: str
) -> None:
    time, server = VirtualTime(), SimulatedServer(quota)
    limiter = LocalLimiter(clock=time.clock)

    async def call() -> None:
        grant = await limiter.acquire(quota_class)
        await server.serve(even(latency))
        grant.close("answered")

    async def main() -> tuple[str, float | None]:
        await asyncio.gather(*(call() for _ in range(80)))
        snapshot = await limiter.snapshot(quota_class)
        return snapshot.pacing, snapshot.latency

    found, measured = time.run(main)
    assert measured == pytest.approx(latency, rel=0.01)
    assert found == pacing
    late = beyond_soft(server.visits, limits_of(quota))
    assert late == 0 if pacing == "courteous" else late > 0


def test_auto_checks_the_latency_before_passing_the_soft_limit() -> None:
    time, server = VirtualTime(), SimulatedServer(Quota.QUERY)
    limiter = LocalLimiter(clock=time.clock)

    async def worker() -> None:
        for _ in range(20):
            grant = await limiter.acquire("query")
            await server.serve(even(7.5))
            grant.close("answered")

    async def main() -> None:
        await asyncio.gather(*(worker() for _ in range(4)))

    time.run(main)
    assert not any(visit.delayed for visit in server.visits)


def test_the_pacing_may_change_while_calls_wait() -> None:
    time = VirtualTime(100.0)
    limiter = LocalLimiter(Quota(5, 1, 1.5, 3, None), pacing="courteous", clock=time.clock)

    async def main() -> None:
        (await limiter.acquire("non_query")).close("answered")
        task = asyncio.create_task(limiter.acquire("non_query"))
        await asyncio.sleep(1)
        assert not task.done()
        limiter.pacing = "throughput"
        (await task).close("answered")
        assert time.now == 101.0
        limiter.pacing = "courteous"
        assert (await limiter.snapshot()).pacing == "courteous"
        await limiter.acquire("non_query")
        assert time.now == 161.0

    time.run(main)
