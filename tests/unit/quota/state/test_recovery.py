"""A state that is new, was lost, moves to another clock, or is decoded."""

from dataclasses import astuple
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota import Allowance, Quota
from kentik_async.quota.state.messages import Ending, MemberReport, Terms
from kentik_async.quota.state.quota_state import QuotaState, StateError, decode, encode
from kentik_async.quota.state.recovery import begin, move, quiet_time, renew, restore
from kentik_async.quota.state.reporting import apply_report

QUOTA = Quota(3, 20, 1.5, 60, 3750)


def terms(member: str, quota: Quota = QUOTA, lease: float = inf) -> Terms:
    return Terms(member, quota, astuple(quota), "auto", lease)


def grants(state: QuotaState, member: str, now: float, count: int = 1, **options: float) -> list[int]:
    reply = apply_report(MemberReport(terms(member, **options), {0: count}), state, now)
    return [number for number, _ in reply.grants]


def end(state: QuotaState, member: str, number: int, now: float) -> None:
    apply_report(MemberReport(terms(member), {}, [Ending(number, "answered", 0.05)], number, 1), state, now)


def used_state() -> QuotaState:
    """A state with a value in every field."""
    state, now = begin("a", 1000.0, 0.0), 1000.0
    for _ in range(30):
        (number,) = grants(state, "one", now)
        now += 0.1
        end(state, "one", number, now)
    (number,) = grants(state, "one", now)
    ended = Ending(number, "refused", 0.1, 5.0, Allowance(3, 10.0))
    apply_report(MemberReport(terms("one"), {}, [ended], number, 1), state, now)
    grants(state, "two", now + 6.0, 5, lease=10.0)
    return state


def test_a_state_survives_its_encoding() -> None:
    state = used_state()
    assert decode(encode(state)) == state
    assert len(encode(state)) < 1100


def test_a_full_hour_takes_no_more_than_ten_kilobytes() -> None:
    state, now = begin("a", 1e9, 0.0), 1e9
    for _ in range(3500):
        (number,) = grants(state, "one", now)
        now += 1.03
        end(state, "one", number, now)
    assert len(encode(state)) < 10_000
    assert decode(encode(state)) == state


@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_damaged_bytes_are_refused_or_decode_to_a_valid_state(noise: bytes, place: int, cut: bool) -> None:
    whole = encode(used_state())
    damaged = whole[:place] + noise + (b"" if cut else whole[place + len(noise) :])
    try:
        state = decode(damaged)
    except StateError:
        return
    assert state.log.in_flight == len(state.holds) + len(state.log.draining)


def test_a_state_of_another_version_is_refused() -> None:
    state = QuotaState()
    state.format = 99
    with pytest.raises(StateError, match="format 99"):
        decode(encode(state))


def test_instants_that_are_not_numbers_are_refused() -> None:
    state = used_state()
    state.log.minute.ends[-1] = nan
    with pytest.raises(StateError):
        decode(encode(state))


@pytest.mark.parametrize("wrong", [inf, nan])
@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("", "now"),
        ("", "blocked_until"),
        ("breaker", "blocked_until"),
        ("external", "since"),
        ("external", "blocked_until"),
        ("external", "reported_at"),
        ("latency", "latency"),
        ("latency", "late_latency"),
    ],
)
def test_numbers_that_are_not_finite_are_refused(part: str, name: str, wrong: float) -> None:
    state = used_state()
    setattr(getattr(state, part) if part else state, name, wrong)
    with pytest.raises(StateError, match="damaged"):
        decode(encode(state))


def test_a_new_state_grants_nothing_in_its_quiet_time() -> None:
    state = begin("new", 100.0, quiet_time(QUOTA, lease=10.0))
    assert grants(state, "one", 159.9) == []
    assert len(grants(state, "one", 160.0, 3)) == 3
    renew(state, "newer", 170.0, 60.0)
    assert state.blocked_until == 230.0


def test_quiet_time_exceeds_lease_and_drain_on_a_fast_clock() -> None:
    assert quiet_time(QUOTA.scaled(60), lease=1.0) == pytest.approx(1.0 + 10.0 / 60)


def test_a_moved_state_behaves_as_before() -> None:
    here, there = used_state(), used_state()
    move(there, 500.0)
    now = here.now
    for later in (1.0, 20.0, 61.0):
        assert len(grants(here, "x", now + later, 9)) == len(grants(there, "x", now + later + 500.0, 9))
    assert here.log.used(QUOTA, now + 62.0) == there.log.used(QUOTA, now + 562.0)


def test_the_usage_of_members_is_restored_once() -> None:
    lost = begin("lost", 0.0, 0.0)
    for now in range(10):
        (number,) = grants(lost, "one", float(now))
        end(lost, "one", number, now + 0.5)
    early = decode(encode(lost))
    (held,) = grants(lost, "two", 10.0)
    for now in range(11, 15):
        (number,) = grants(lost, "one", float(now))
        end(lost, "one", number, now + 0.5)
    new = begin("new", 20.0, 60.0)
    restore(new, early, "one", 20.0)
    restore(new, decode(encode(lost)), "two", 21.0)
    restore(new, early, "one", 22.0)
    assert new.log.used(QUOTA, 22.0) == (15, 15), "14 answered requests, and the one that is still in flight"
    assert list(new.holds) == [held]
    assert new.members["two"].held == 1
    end(new, "two", held, 23.0)
    assert new.log.in_flight == 0


def test_a_breaker_that_was_open_is_open_again() -> None:
    lost = used_state()
    new = begin("new", lost.now, 60.0)
    restore(new, decode(encode(lost)), "one", lost.now)
    assert new.breaker.is_open
    assert not new.breaker.half_open
