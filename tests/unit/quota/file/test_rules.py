"""With the file, the server never receives more than the limits allow, and no call is lost or overtaken.

These tests use one process and a virtual clock; those in tests/multiprocess/file use several processes.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from kentik_async.quota import Limiter, LocalLimiter, Pacing, Quota
from kentik_async.quota.file.opening import open_file_limiter
from tests.support.quota.oracle import beyond_soft, overruns, turns_out_of_order
from tests.support.quota.server import Journey, SimulatedServer, even, limits_of
from tests.support.scripted_callers import Callers, Log, Script
from tests.support.virtual_time import VirtualTime

MINUTE, HOUR = 10.0, 60.0

instants = st.one_of(
    st.integers(0, 400).map(lambda tenths: tenths / 10), st.floats(0, 40, allow_nan=False, width=32)
)
spans = st.one_of(st.sampled_from([0.0, 0.1, 1.0]), st.floats(0, 3, allow_nan=False, width=32))
pacings: st.SearchStrategy[Pacing] = st.sampled_from(["throughput", "courteous", "auto"])


def at_most(limit: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(1, limit))


quotas = st.builds(
    Quota,
    max_concurrent=at_most(4),
    soft_per_minute=at_most(6),
    soft_delay=st.sampled_from([0.0, 0.5, 1.5]),
    hard_per_minute=at_most(9),
    per_hour=at_most(25),
    minute=st.just(MINUTE),
    hour=st.just(HOUR),
    drain=st.sampled_from([0.0, 1.0, 4.0]),
)
parts: dict[str, st.SearchStrategy[Any]] = {
    "arrives": instants,
    "journey": st.builds(Journey, there=spans, work=spans, back=spans),
    "priority": st.sampled_from([0, 0, 1, -1]),
    "age": st.one_of(st.just(0.0), st.floats(0, 20, width=32)),
    "max_wait": st.one_of(st.none(), st.none(), spans),
    "dawdles": st.one_of(st.just(0.0), spans),
    "fate": st.sampled_from(["answered", "answered", "answered", "refused", "not_sent", "unknown"]),
    "gives_up": spans,
    "retry_after": st.one_of(st.none(), spans),
    "cancelled": st.one_of(st.none(), st.none(), instants, spans),
    "drains": st.booleans(),
}
scripts = st.builds(Script, **parts)


@contextmanager
def file_limiter(quota: Quota, pacing: Pacing, time: VirtualTime) -> Iterator[Limiter]:
    with tempfile.TemporaryDirectory() as folder:
        limiter = open_file_limiter(
            f"{folder}/",
            endpoints=("https://api.example.com",),
            customer="somebody",
            quota=quota,
            query_quota=quota,
            pacing=pacing,
            clock=time.clock,
        )
        try:
            yield limiter
        finally:
            asyncio.run(limiter.aclose())


def play(
    limiter: Limiter, time: VirtualTime, quota: Quota, cast: list[Script]
) -> tuple[Log, SimulatedServer]:
    server = SimulatedServer(quota)
    log = time.run(lambda: Callers(limiter, server, time, "query").play(cast))
    for send in log.sends:
        note(f"{send}")
    for visit in server.visits:
        note(f"{visit}")
    return log, server


@given(quotas, pacings, st.lists(scripts, min_size=8, max_size=50))
def test_limits_hold_no_slot_is_lost_and_order_is_kept(
    quota: Quota, pacing: Pacing, cast: list[Script]
) -> None:
    time = VirtualTime()
    with file_limiter(quota, pacing, time) as limiter:
        log, server = play(limiter, time, quota, cast)
        assert overruns(server.visits, limits_of(quota)) == []
        assert turns_out_of_order(log.asked()) == []
        event(f"over soft: {beyond_soft(server.visits, limits_of(quota)) > 0}")

        async def probe() -> None:
            (await limiter.acquire("query")).close("answered")

        time.run(probe)
        time.now += HOUR + quota.drain + 1
        time.run(lambda: nothing_is_lost(limiter, quota))


async def nothing_is_lost(limiter: Limiter, quota: Quota) -> None:
    """Check that after the windows have passed, the full quota is free again."""
    fresh = await limiter.snapshot("query")
    assert fresh.in_flight == fresh.waiting == 0
    assert fresh.left_hard_minute == quota.hard_per_minute
    assert fresh.left_soft_minute == quota.soft_per_minute
    assert fresh.left_hour == quota.per_hour
    limits = [quota.max_concurrent, quota.hard_per_minute, quota.per_hour]
    if fresh.pacing == "courteous":
        limits.append(quota.soft_per_minute)
    allowed = min((limit for limit in limits if limit is not None), default=20)
    grants = [await limiter.acquire("query", max_wait=0.0) for _ in range(allowed)]
    assert (await limiter.snapshot("query")).in_flight == allowed
    for grant in grants:
        grant.close("not_sent")


known = parts | {"fate": st.sampled_from(["answered", "answered", "answered", "refused", "not_sent"])}
# Built, not filtered: with a filter, most of the time was spent on rejected scripts.
plain = st.one_of(
    st.builds(Script, **known | {"cancelled": st.none()}),
    st.builds(Script, **known | {"drains": st.just(True)}),
)


# The evidence of delays depends on the usual latency, which the two limiters learn in different batches.
undelayed = quotas.map(lambda quota: replace(quota, soft_delay=0.0))


@given(undelayed, st.sampled_from(["throughput", "courteous"]), st.lists(plain, min_size=8, max_size=50))
def test_one_process_grants_at_the_same_instants_as_in_memory(
    quota: Quota, pacing: Pacing, cast: list[Script]
) -> None:
    # Events at the same instant may happen in any order, so no two of them are at the same instant.
    cast = [
        replace(
            script,
            arrives=script.arrives + place * 0.0131,
            journey=replace(script.journey, back=script.journey.back + place * 0.00077),
        )
        for place, script in enumerate(cast, 1)
    ]
    time, other = VirtualTime(), VirtualTime()
    with file_limiter(quota, pacing, time) as limiter:
        log, _ = play(limiter, time, quota, cast)
    local = LocalLimiter(quota, quota, pacing=pacing, clock=other.clock)
    expected, _ = play(local, other, quota, cast)
    assert [send.granted for send in log.sends] == [send.granted for send in expected.sends]
    assert log == expected


@settings(max_examples=20)
@given(st.integers(20, 90), st.sampled_from([0.05, 0.2]))
def test_the_fastest_schedule_is_kept_to_the_answer(count: int, latency: float) -> None:
    """Sequential calls: the optimum is max(hard window, soft delay), known in closed form."""
    quota, time = Quota.NON_QUERY, VirtualTime()
    with file_limiter(quota, "throughput", time) as limiter:
        started = time.now
        log, server = play(limiter, time, quota, [Script(0.0, even(latency)) for _ in range(count)])
        assert overruns(server.visits, limits_of(quota)) == []
        took = max(send.closed[0] for send in log.sends if send.closed) - started
        delayed = sum(visit.delayed for visit in server.visits)
        if count <= 60:
            assert took <= count * latency + delayed * quota.soft_delay + 1e-6
        else:
            assert took <= (count - 60) * (latency + quota.soft_delay) + 61 + 60 * latency


def test_the_used_quota_outlives_the_limiter_and_its_loop() -> None:
    quota, time = Quota(1, None, 0.0, 3, None, minute=60.0), VirtualTime()
    with tempfile.TemporaryDirectory() as folder:
        for left in (2, 1, 0):
            limiter = open_file_limiter(
                f"{folder}/q",
                endpoints=(),
                customer="",
                quota=quota,
                query_quota=quota,
                pacing="auto",
                clock=time.clock,
            )

            async def pull(limiter: Limiter = limiter) -> int | None:
                (await limiter.acquire("non_query")).close("answered")
                snapshot = await limiter.snapshot()
                await limiter.aclose()
                return snapshot.left_hard_minute

            assert time.run(pull) == left
