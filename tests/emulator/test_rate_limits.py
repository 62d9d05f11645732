"""The emulator's rate limits, compared with the vendor's text and with a simple count."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.emulator.engine.rate_limits import NON_QUERY, QUERY, RateLimiter, RateLimits

SMALL = RateLimits(concurrent=2, soft=3, soft_delay=1.5, hard=6, hourly=11, minute=60.0, hour=240.0)


@dataclass
class Slow:
    """The same rules, implemented by a scan of all requests."""

    limits: RateLimits
    receipts: list[float]
    in_flight: int = 0

    def count(self, window: float, now: float) -> int:
        return sum(receipt + window > now for receipt in self.receipts)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["receive", "answer"]), st.integers(0, 80).map(lambda n: n / 4)),
        max_size=120,
    ),
    strict=st.booleans(),
)
def test_the_ledger_agrees_with_counting_every_request(steps: list[tuple[str, float]], strict: bool) -> None:
    limiter, slow, now = RateLimiter(SMALL, strict=strict), Slow(SMALL, []), 1000.0
    for step, pause in steps:
        now += pause
        if step == "answer":
            if slow.in_flight:
                slow.in_flight -= 1
                limiter.answer()
            continue
        slow.receipts.append(now)
        minute, hour = slow.count(SMALL.minute, now), slow.count(SMALL.hour, now)
        decision = limiter.receive(now)
        assert (decision.in_minute, decision.in_hour) == (minute, hour)
        assert decision.concurrent == slow.in_flight + 1
        assert decision.overrun == (slow.in_flight >= SMALL.concurrent)
        refused = minute > SMALL.hard or hour > SMALL.hourly or (strict and decision.overrun)
        assert bool(decision.refusal) == refused
        assert decision.delay == (SMALL.soft_delay if minute > SMALL.soft and not refused else 0.0)
        assert decision.violation == (refused or decision.overrun)
        slow.in_flight += 1


@given(pauses=st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=7, max_size=60))
def test_retry_after_is_the_first_free_instant(pauses: list[float]) -> None:
    limiter, now, receipts = RateLimiter(SMALL), 0.0, []
    for pause in pauses:
        now += pause
        receipts.append(now)
        decision = limiter.receive(now)
        limiter.answer()
        if decision.refusal:
            assert decision.retry_after is not None
            later = now + decision.retry_after
            for instant, admitted in ((later, True), (later - 0.01, False)):
                slow = Slow(SMALL, [*receipts, instant])
                within = (
                    slow.count(SMALL.minute, instant) <= SMALL.hard
                    and slow.count(SMALL.hour, instant) <= SMALL.hourly
                )
                assert within is admitted


@pytest.mark.parametrize(
    ("limits", "numbers"), [(NON_QUERY, (1, 20, 1.5, 60, 3750)), (QUERY, (4, 30, 1.0, 100, 1500))]
)
def test_the_numbers_are_the_vendors(limits: RateLimits, numbers: tuple[float, ...]) -> None:
    found = (limits.concurrent, limits.soft, limits.soft_delay, limits.hard, limits.hourly)
    assert found == numbers
    assert (limits.minute, limits.hour) == (60.0, 3600.0)


@pytest.mark.parametrize("limits", [NON_QUERY, QUERY])
def test_first_request_over_each_limit(limits: RateLimits) -> None:
    limiter = RateLimiter(limits)
    verdicts = []
    for _ in range(limits.hard + 1):
        verdicts.append(limiter.receive(0.0))
        limiter.answer()
    assert [decision.delay for decision in verdicts] == (
        [0.0] * limits.soft + [limits.soft_delay] * (limits.hard - limits.soft) + [0.0]
    )
    assert [decision.refusal for decision in verdicts] == [""] * limits.hard + ["minute"]
    assert verdicts[-1].retry_after == limits.minute


def test_request_counts_for_exactly_one_window() -> None:
    limiter = RateLimiter(SMALL)
    for _ in range(SMALL.hard):
        limiter.receive(0.0)
    assert limiter.receive(59.999).refusal == "minute"
    # The refused request counts too, and stays in the window until 119.999.
    assert limiter.receive(60.0).in_minute == 2


def test_permitted_pace_reaches_the_hourly_limit() -> None:
    limiter = RateLimiter(QUERY)
    refusals = []
    for number in range(QUERY.hourly + 1):
        decision = limiter.receive(number * 1.0)
        limiter.answer()
        refusals.append(decision.refusal)
    assert refusals == [""] * QUERY.hourly + ["hour"]
    # The request at second 1 must leave the hour before the next finds room.
    assert decision.retry_after == 1.0 + QUERY.hour - 1500.0


def test_strict_limiter_refuses_without_a_pause() -> None:
    limiter = RateLimiter(NON_QUERY, strict=True)
    assert limiter.receive(0.0).refusal == ""
    decision = limiter.receive(0.1)
    assert (decision.refusal, decision.retry_after, decision.concurrent) == ("concurrency", None, 2)
    limiter.answer()
    limiter.answer()
    assert limiter.receive(0.2).refusal == ""


@given(speed=st.floats(0.1, 1000.0))
def test_compressing_divides_every_span_and_no_count(speed: float) -> None:
    fast = NON_QUERY.scaled(speed)
    assert (fast.concurrent, fast.soft, fast.hard, fast.hourly) == (1, 20, 60, 3750)
    assert (fast.soft_delay, fast.minute, fast.hour) == (1.5 / speed, 60.0 / speed, 3600.0 / speed)
