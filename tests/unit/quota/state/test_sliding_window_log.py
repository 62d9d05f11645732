"""The rules of tokens and slots, without a clock or an event loop."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota import Quota
from kentik_async.quota.state.sliding_window_log import SlidingWindow, SlidingWindowLog


class LimitedLog:
    """A log of one quota, with methods for single requests."""

    def __init__(self, quota: Quota, *, courteous: bool = False) -> None:
        self.quota = quota
        self.log = SlidingWindowLog()
        self.courteous = courteous

    @property
    def per_minute(self) -> int | None:
        limits = [self.quota.hard_per_minute, self.quota.soft_per_minute if self.courteous else None]
        return min((limit for limit in limits if limit is not None), default=None)

    def free_at(self, now: float) -> float:
        return self.log.free_at(self.quota, self.per_minute, now)

    def room(self, now: float) -> float:
        return self.log.room(self.quota, self.per_minute, now)

    def take(self, count: int = 1) -> None:
        self.log.in_flight += count

    def use(self, sent: float, now: float) -> None:
        self.log.use(self.quota, sent, now)

    def used(self, now: float) -> tuple[int, int]:
        return self.log.used(self.quota, now)


def quota(
    concurrent: int | None = None,
    *,
    soft: int | None = None,
    hard: int | None = None,
    hour: int | None = None,
    drain: float = 10.0,
) -> Quota:
    return Quota(concurrent, soft, 1.5, hard, hour, drain=drain)


def answer(limited: LimitedLog, *instants: float) -> None:
    """Send requests one after the other; each is answered at once."""
    for instant in instants:
        limited.take()
        limited.use(instant, instant)


def test_a_token_ages_from_the_answer() -> None:
    limited = LimitedLog(quota(hard=1))
    limited.take()
    limited.use(sent=0.0, now=7.0)
    assert limited.free_at(8.0) == 67.0
    assert limited.free_at(66.9) == 67.0
    assert limited.free_at(67.0) == 67.0


def test_a_bucket_of_60_never_grants_119_within_a_minute() -> None:
    """A classic token bucket would exceed it: 60 at once, and 59 more while it refills."""
    limited = LimitedLog(quota(hard=60))
    answer(limited, *[0.0] * 60)
    granted, now = 60, 0.0
    while (now := limited.free_at(now)) < 60.0:
        answer(limited, now)
        granted += 1
    assert granted == 60


def test_each_token_returns_a_window_after_its_own_use() -> None:
    limited = LimitedLog(quota(hard=3))
    answer(limited, 0.0, 10.0, 20.0)
    assert [limited.free_at(21.0), limited.free_at(60.0)] == [60.0, 60.0]
    answer(limited, 60.0)
    assert limited.free_at(60.0) == 70.0


def test_the_stricter_of_the_windows_decides() -> None:
    limited = LimitedLog(quota(hard=2, hour=3))
    answer(limited, 0.0, 1.0, 100.0)
    assert limited.free_at(101.0) == 3600.0
    answer(limited, 3600.0)
    assert limited.free_at(3600.0) == 3601.0


def test_a_request_in_flight_holds_its_slot_and_its_token() -> None:
    slots = LimitedLog(quota(2, hard=10))
    slots.take(2)
    assert slots.free_at(0.0) == inf
    tokens = LimitedLog(quota(10, hard=2))
    answer(tokens, 5.0)
    tokens.take()
    assert tokens.free_at(6.0) == 65.0
    tokens.take()
    assert tokens.free_at(66.0) == inf


def test_a_request_that_was_not_sent_is_not_recorded() -> None:
    limited = LimitedLog(quota(1, hard=1, hour=1))
    limited.take()
    limited.log.in_flight -= 1
    assert limited.used(0.0) == (0, 0)
    assert limited.free_at(0.0) == 0.0


def test_a_lost_request_releases_slot_and_token_after_the_drain() -> None:
    limited = LimitedLog(quota(1, hard=1, drain=10.0))
    limited.take()
    limited.log.drain(limited.quota, 5.0)
    assert limited.free_at(6.0) == 15.0
    assert limited.used(14.9) == (1, 1)
    assert limited.free_at(15.0) == 75.0, "the age of its token begins at the end of the drain"


def test_a_late_drain_returns_no_younger_token_early() -> None:
    limited = LimitedLog(quota(2, hard=2, drain=10.0))
    limited.take(2)
    limited.log.drain(limited.quota, 0.0)
    limited.use(sent=0.0, now=14.0)  # the drain ended at 10; the log was not updated since
    limited.room(20.0)
    assert limited.log.minute.instants() == [14.0, 14.0]
    assert limited.free_at(70.0) == 74.0


def test_answers_reported_out_of_order_stay_sorted() -> None:
    limited = LimitedLog(quota(hard=5))
    limited.take(3)
    for instant in (1.0, 3.0, 2.0):
        limited.use(0.0, instant)
    assert limited.log.minute.instants() == [1.0, 3.0, 3.0]


def test_courteous_keeps_the_soft_limit_like_a_hard_one() -> None:
    limited = LimitedLog(quota(soft=2, hard=5), courteous=True)
    answer(limited, 0.0, 1.0)
    assert limited.free_at(2.0) == 60.0
    limited.courteous = False
    assert limited.free_at(2.0) == 2.0


def test_an_answer_is_delayed_if_it_was_sent_at_the_soft_limit() -> None:
    limited = LimitedLog(quota(soft=2))
    answer(limited, 0.0)
    assert not limited.log.delayed(limited.quota, 1.0)
    answer(limited, 1.0)
    assert limited.log.delayed(limited.quota, 2.0)
    assert limited.log.delayed(limited.quota, 59.9)
    assert not limited.log.delayed(limited.quota, 60.0)
    assert not SlidingWindowLog().delayed(quota(soft=None), 0.0)


def test_without_limits_nothing_is_remembered() -> None:
    limited = LimitedLog(quota())
    answer(limited, *range(1000))
    assert limited.room(1000.0) == inf
    assert limited.used(1000.0) == (0, 0)


def test_expired_entries_are_removed() -> None:
    limited = LimitedLog(quota(hard=10**6))
    answer(limited, *range(1000))
    assert limited.used(1000.0) == (59, 0)
    assert len(limited.log.minute.instants()) == 59


@pytest.mark.parametrize("in_flight", [0, 2])
def test_a_child_counts_its_parents_requests_in_flight_as_used(in_flight: int) -> None:
    limited = LimitedLog(quota(3, hard=5))
    answer(limited, 0.0)
    limited.take(in_flight)
    if in_flight:
        limited.log.drain(limited.quota, 1.0)
    limited.log.end_all(limited.quota, 2.0)
    assert limited.log.in_flight == 0
    assert limited.used(2.0)[0] == 1 + in_flight


@given(st.lists(st.floats(0.0, 30.0, width=32), max_size=2000), st.integers(1, 300))
def test_coarse_entries_never_expire_too_soon(gaps: list[float], repeat: int) -> None:
    """Compared with a list of all instants: at least as many count, for at most the resolution longer."""
    window, all_instants, now, seconds = SlidingWindow(), list[float](), 0.0, 3600.0
    for gap in gaps * repeat if len(gaps) < 20 else gaps:
        now += gap
        window.add(seconds, now)
        all_instants.append(now)
    later = now + seconds / 2
    window.expire(seconds, later)
    exact = sum(instant + seconds > later for instant in all_instants)
    at_most = sum(instant + seconds + seconds / 360 > later for instant in all_instants)
    assert exact <= window.total <= at_most
    assert window.total == sum(window.counts)
    assert len(window.ends) <= 384 + 361


def test_a_window_of_the_vendors_minute_is_exact() -> None:
    window = SlidingWindow()
    for place in range(100):
        window.add(60.0, place / 2)
    assert window.instants() == [place / 2 for place in range(100)]
