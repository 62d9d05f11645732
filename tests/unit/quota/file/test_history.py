"""What cannot be read off the file is taken for spent, and no more than that."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota import Pacing, Quota
from kentik_async.quota.file_entry import Entry, State
from kentik_async.quota.file_history import after_reboot, at_worst
from kentik_async.quota.file_mirror import Member, Mirror
from kentik_async.quota.pace import Pace

NOW, WALL = 5000.0, 1.8e9
BOOTED = WALL - NOW


def mirror_of(entries: list[Entry], quota: Quota, now: float = NOW) -> Mirror:
    pacing: Pacing = "throughput"
    numbered = [entry._replace(seq=place) for place, entry in enumerate(entries)]
    return Mirror(quota, Pace(quota, pacing), Member(1, 1), numbered, now)


def used(stamp: float, wall: float) -> Entry:
    return Entry(0, sent=stamp - 0.1, stamp=stamp, wall=wall, state=State.USED)


limits = st.one_of(st.none(), st.integers(1, 50))
quotas = st.builds(Quota, st.just(1), limits, st.just(0.0), limits, limits, st.just(10.0), st.just(60.0))


@given(quotas)
def test_the_worst_history_fills_every_window_and_exceeds_none(quota: Quota) -> None:
    stamps = [entry.stamp for entry in at_worst(quota, NOW, WALL)]
    assert stamps == sorted(stamps)
    for limit, window in ((quota.hard_per_minute, quota.minute), (quota.per_hour, quota.hour)):
        if limit is not None:
            for instant in {*stamps, NOW}:
                assert sum(instant - window < stamp <= instant for stamp in stamps) <= limit
    if quota.hard_per_minute is not None or quota.per_hour is not None:
        tightest = min(limit for limit in (quota.hard_per_minute, quota.per_hour) if limit is not None)
        assert sum(stamp > NOW - quota.minute for stamp in stamps) == tightest
    else:
        assert stamps == []


def test_after_damage_the_vendors_non_query_limit_costs_a_minute() -> None:
    mirror = mirror_of(at_worst(Quota.NON_QUERY, NOW, WALL), Quota.NON_QUERY)
    assert mirror.free_at(NOW) == NOW + 60.0


def test_after_damage_the_vendors_query_limit_costs_46_minutes() -> None:
    mirror = mirror_of(at_worst(Quota.QUERY, NOW, WALL), Quota.QUERY)
    assert mirror.free_at(NOW) == NOW + 46 * 60.0


@given(st.lists(st.floats(0.0, 1e6), max_size=30))
def test_what_an_earlier_run_used_is_as_old_as_the_wall_clock_says(ages: list[float]) -> None:
    quota = Quota(1, None, 0.0, 7, 100)
    entries = [used(9e9, BOOTED - age) for age in ages]
    result = after_reboot(entries, quota, NOW, WALL)
    assert all(earlier.stamp <= later.stamp for earlier, later in pairwise(result))
    assert all(entry.stamp <= 0.0 for entry in result)
    before = sorted(-age for age in ages)
    assert [entry.stamp for entry in result[: len(ages)]] == pytest.approx(before, abs=1e-5)
    assert [entry.stamp for entry in result[len(ages) :]] == [0.0] * 7


def test_a_wall_clock_that_was_set_back_makes_nothing_younger_than_the_machine_s_start() -> None:
    result = after_reboot([used(10.0, WALL + 1e6)], Quota(1, None, 0.0, None, None), NOW, WALL)
    assert [entry.stamp for entry in result] == [0.0]


def test_a_minute_after_the_start_only_the_hour_remembers() -> None:
    quota = Quota(1, None, 0.0, 60, 100)
    entries = [used(10.0, BOOTED - 600.0) for _ in range(30)]
    now = 61.0
    mirror = mirror_of(after_reboot(entries, quota, now, BOOTED + now), quota, now)
    assert mirror.free_at(now) == now
    assert mirror.ledger.used(now) == (0, 90)


def test_what_was_in_flight_when_the_machine_went_down_drains() -> None:
    quota = Quota(1, None, 0.0, None, None, drain=10.0)
    flying = Entry(0, sent=99.0, stamp=99.0, order=5, state=State.IN_FLIGHT, streak=1, epoch=3)
    mirror = mirror_of(after_reboot([flying], quota, NOW, WALL), quota)
    assert mirror.ledger.in_flight == 1
    assert mirror.free_at(NOW) == NOW + 10.0
    assert not mirror.freeze.active


def test_what_had_drained_before_is_used_and_nothing_else_counts() -> None:
    quota = Quota(1, None, 0.0, None, 9)
    entries = [
        Entry(0, stamp=1.0, wall=BOOTED - 5.0, state=State.DRAINING),
        Entry(1, stamp=1.0, wall=BOOTED - 5.0, state=State.REFUSED),
        Entry(2, state=State.RETURNED),
        Entry(3),
    ]
    result = after_reboot(entries, quota, NOW, WALL)
    assert [entry.stamp for entry in result] == [-5.0, -5.0] + [0.0] * 9


def test_stamps_that_lie_ahead_count_as_present() -> None:
    """Where the system does not name its runs, an earlier run's stamps may look so."""
    quota = Quota(1, None, 0.0, 1, None, minute=60.0)
    mirror = mirror_of([used(NOW + 1e6, WALL)], quota)
    assert mirror.free_at(NOW) == NOW + 60.0


def answered(sent: float, took: float) -> Entry:
    return Entry(0, sent=sent, stamp=sent + took, wall=BOOTED + sent + took, state=State.USED)


def test_a_new_process_knows_how_long_the_answers_of_others_took() -> None:
    pace = Pace(Quota.NON_QUERY, "auto")
    history = [answered(NOW - 100 + 1.7 * number, 0.2 if number < 20 else 1.7) for number in range(40)]
    numbered = [entry._replace(seq=place) for place, entry in enumerate(history)]
    Mirror(Quota.NON_QUERY, pace, Member(1, 1), numbered, NOW)
    assert pace.latency == pytest.approx(0.2)
    assert pace.expected_delayed() == pytest.approx(1.7)
    Mirror(Quota.NON_QUERY, pace, Member(1, 1), [answered(NOW - 3, 3.0)._replace(seq=0)], NOW)
    assert pace.latency == pytest.approx(0.2)  # what it has measured itself comes first


def test_what_is_entered_to_err_on_the_safe_side_teaches_no_latency() -> None:
    pace = Pace(Quota.NON_QUERY, "auto")
    worst = [entry._replace(seq=n) for n, entry in enumerate(at_worst(Quota.NON_QUERY, NOW, WALL))]
    Mirror(Quota.NON_QUERY, pace, Member(1, 1), worst, NOW)
    assert pace.latency is None
