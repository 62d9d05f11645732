"""A state that was written before a reboot: nothing in it is later than the machine's start."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota import Quota
from kentik_async.quota.state.quota_state import Member, QuotaState
from kentik_async.quota.state.recovery import continue_after_reboot

NOW, BEFORE = 5000.0, 70_000.0
QUOTA = Quota(2, None, 0.0, 7, 100)


def used(*ages: float) -> QuotaState:
    """A state written at `BEFORE`, with requests that were answered so many seconds earlier."""
    state = QuotaState(now=BEFORE)
    for age in sorted(ages, reverse=True):
        state.log.in_flight += 1
        state.log.use(QUOTA, BEFORE - age, BEFORE - age)
    return state


@given(st.lists(st.floats(0.0, 3000.0), max_size=30), st.floats(-1e9, 1e9))
def test_no_entry_is_later_than_the_boot(ages: list[float], elapsed: float) -> None:
    state = used(*ages)
    continue_after_reboot(state, QUOTA, NOW, elapsed)
    ends = state.log.hour.ends
    assert all(earlier <= later for earlier, later in pairwise(ends))
    assert all(end <= 0.0 for end in ends)
    assert state.log.hour.total == sum(state.log.hour.counts) == len(ages) + 7


def test_the_wall_clock_gives_the_age_of_the_usage() -> None:
    state = used(10.0, 600.0)
    continue_after_reboot(state, QUOTA, NOW, NOW + 100.0)
    assert state.log.hour.instants()[:2] == [-700.0, -110.0]


@pytest.mark.parametrize(("now", "left"), [(30.0, 30.0), (60.0, 0.0), (500.0, 0.0)])
def test_the_minute_of_the_start_counts_as_full(now: float, left: float) -> None:
    state = used(10.0)
    continue_after_reboot(state, QUOTA, now, now + 5.0)
    assert state.free_at(QUOTA, QUOTA.hard_per_minute, now) - now == left


def test_members_are_removed_and_requests_in_flight_drain() -> None:
    state = used()
    state.grant("gone", state.members.setdefault("gone", Member()), 0, BEFORE)
    state.turns.announce("gone", {0: 3})
    continue_after_reboot(state, QUOTA, 5.0, 5.0)
    assert (state.members, state.holds, state.turns.levels) == ({}, {}, [])
    assert state.log.draining == [QUOTA.drain]
