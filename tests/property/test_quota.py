"""For any callers, the server never receives more than the limits allow, and no call is lost."""

from collections.abc import Sequence

from hypothesis import event, given, note
from hypothesis import strategies as st

from kentik_async.quota import LocalLimiter, Pacing, Quota
from tests.support.quota.oracle import beyond_soft, longest_passing_over, overruns, turns_out_of_order
from tests.support.quota.server import Journey, SimulatedServer, limits_of
from tests.support.scripted_callers import Callers, Log, Script
from tests.support.virtual_time import VirtualTime

MINUTE, HOUR = 10.0, 60.0

# Whole tenths and other values: errors of order appear when events are at the same instant.
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

journeys = st.builds(Journey, there=spans, work=spans, back=spans)

patient = st.builds(Script, arrives=instants, journey=journeys, priority=st.sampled_from([0, 0, 1, -1]))

scripts = st.builds(
    Script,
    arrives=instants,
    journey=journeys,
    priority=st.sampled_from([0, 0, 1, -1]),
    age=st.one_of(st.just(0.0), st.floats(0, 20, width=32)),
    max_wait=st.one_of(st.none(), st.none(), spans),
    dawdles=st.one_of(st.just(0.0), spans),
    fate=st.sampled_from(["answered", "answered", "answered", "refused", "not_sent", "unknown"]),
    gives_up=spans,
    retry_after=st.one_of(st.none(), spans),
    cancelled=st.one_of(st.none(), st.none(), instants, spans),
    drains=st.booleans(),
)


def play(
    quota: Quota, pacing: Pacing, cast: Sequence[Script], limiter: LocalLimiter | None = None
) -> tuple[Log, SimulatedServer, LocalLimiter, VirtualTime]:
    time, server = VirtualTime(), SimulatedServer(quota)
    keeper = limiter or LocalLimiter(quota, quota, pacing=pacing, clock=time.clock)

    async def main() -> Log:
        return await Callers(keeper, server, time, "query").play(cast)

    log = time.run(main)
    for send in log.sends:
        note(f"{send}")
    for visit in server.visits:
        note(f"{visit}")
    return log, server, keeper, time


def nothing_is_lost(limiter: LocalLimiter, quota: Quota, time: VirtualTime) -> None:
    """Check that after the windows have passed, the full quota is free again."""

    async def main() -> None:
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
        snapshot = await limiter.snapshot("query")
        assert snapshot.in_flight == allowed
        for grant in grants:
            grant.close("not_sent")

    time.now += HOUR + quota.drain + 1
    time.run(main)
    time.now += HOUR + 1
    assert limiter.idle()


@given(quotas, pacings, st.lists(scripts, min_size=8, max_size=50))
def test_limits_hold_no_slot_is_lost_and_order_is_kept(
    quota: Quota, pacing: Pacing, cast: list[Script]
) -> None:
    # A refusal opens the breaker. Without a probe it stays open, so the quota would not be free at the end.
    log, server, limiter, time = play(quota, pacing, cast)
    assert overruns(server.visits, limits_of(quota)) == []
    assert turns_out_of_order(log.asked()) == []
    event(f"over soft: {beyond_soft(server.visits, limits_of(quota)) > 0}")

    async def probe() -> None:
        grant = await limiter.acquire("query")
        grant.close("answered")

    time.run(probe)
    nothing_is_lost(limiter, quota, time)


@given(quotas, st.lists(scripts, min_size=8, max_size=50))
def test_courteous_is_never_delayed(quota: Quota, cast: list[Script]) -> None:
    _, server, _, _ = play(quota, "courteous", cast)
    assert [visit for visit in server.visits if visit.delayed] == []


@given(quotas, pacings, st.lists(patient, min_size=8, max_size=50))
def test_every_waiting_call_is_served(quota: Quota, pacing: Pacing, cast: list[Script]) -> None:
    log, server, _, _ = play(quota, pacing, cast)
    assert len(server.visits) == len(cast)
    for priority, bound in ((-1, 9), (0, 9), (1, 2)):
        assert longest_passing_over(log.asked(), priority) <= bound
