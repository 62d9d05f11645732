"""The emulator's rule book against the vendor's words, and against a count that cannot be wrong."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.emulator.engine.rate_limits import NON_QUERY, QUERY, Ledger, Limits

SMALL = Limits(concurrent=2, soft=3, soft_delay=1.5, hard=6, hourly=11, minute=60.0, hour=240.0)


@dataclass
class Slow:
    """The same rules, by looking at every request there ever was."""

    limits: Limits
    receipts: list[float]
    under_way: int = 0

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
    ledger, slow, now = Ledger(SMALL, strict=strict), Slow(SMALL, []), 1000.0
    for step, pause in steps:
        now += pause
        if step == "answer":
            if slow.under_way:
                slow.under_way -= 1
                ledger.answer()
            continue
        slow.receipts.append(now)
        minute, hour = slow.count(SMALL.minute, now), slow.count(SMALL.hour, now)
        verdict = ledger.receive(now)
        assert (verdict.in_minute, verdict.in_hour) == (minute, hour)
        assert verdict.concurrent == slow.under_way + 1
        assert verdict.overrun == (slow.under_way >= SMALL.concurrent)
        refused = minute > SMALL.hard or hour > SMALL.hourly or (strict and verdict.overrun)
        assert bool(verdict.refusal) == refused
        assert verdict.delay == (SMALL.soft_delay if minute > SMALL.soft and not refused else 0.0)
        assert verdict.violation == (refused or verdict.overrun)
        slow.under_way += 1


@given(pauses=st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=7, max_size=60))
def test_retry_after_is_the_first_instant_at_which_a_request_is_admitted(pauses: list[float]) -> None:
    ledger, now, receipts = Ledger(SMALL), 0.0, []
    for pause in pauses:
        now += pause
        receipts.append(now)
        verdict = ledger.receive(now)
        ledger.answer()
        if verdict.refusal:
            assert verdict.retry_after is not None
            later = now + verdict.retry_after
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
def test_the_numbers_are_the_vendors(limits: Limits, numbers: tuple[float, ...]) -> None:
    found = (limits.concurrent, limits.soft, limits.soft_delay, limits.hard, limits.hourly)
    assert found == numbers
    assert (limits.minute, limits.hour) == (60.0, 3600.0)


@pytest.mark.parametrize("limits", [NON_QUERY, QUERY])
def test_the_first_request_beyond_each_limit_is_the_one_that_meets_it(limits: Limits) -> None:
    ledger = Ledger(limits)
    verdicts = []
    for _ in range(limits.hard + 1):
        verdicts.append(ledger.receive(0.0))
        ledger.answer()
    assert [verdict.delay for verdict in verdicts] == (
        [0.0] * limits.soft + [limits.soft_delay] * (limits.hard - limits.soft) + [0.0]
    )
    assert [verdict.refusal for verdict in verdicts] == [""] * limits.hard + ["minute"]
    assert verdicts[-1].retry_after == limits.minute


def test_a_request_counts_until_exactly_one_window_after_its_receipt() -> None:
    ledger = Ledger(SMALL)
    for _ in range(SMALL.hard):
        ledger.receive(0.0)
    assert ledger.receive(59.999).refusal == "minute"
    # The refused one counts as well, and keeps its place until 119.999.
    assert ledger.receive(60.0).in_minute == 2


def test_an_hour_of_requests_at_the_permitted_pace_ends_at_the_hourly_limit() -> None:
    ledger = Ledger(QUERY)
    refusals = []
    for number in range(QUERY.hourly + 1):
        verdict = ledger.receive(number * 1.0)
        ledger.answer()
        refusals.append(verdict.refusal)
    assert refusals == [""] * QUERY.hourly + ["hour"]
    # The request at second 1 must leave the hour before the next finds room.
    assert verdict.retry_after == 1.0 + QUERY.hour - 1500.0


def test_a_strict_ledger_refuses_an_overrun_and_names_no_pause() -> None:
    ledger = Ledger(NON_QUERY, strict=True)
    assert ledger.receive(0.0).refusal == ""
    verdict = ledger.receive(0.1)
    assert (verdict.refusal, verdict.retry_after, verdict.concurrent) == ("concurrency", None, 2)
    ledger.answer()
    ledger.answer()
    assert ledger.receive(0.2).refusal == ""


@given(speed=st.floats(0.1, 1000.0))
def test_compressing_divides_every_span_and_no_count(speed: float) -> None:
    fast = NON_QUERY.compressed(speed)
    assert (fast.concurrent, fast.soft, fast.hard, fast.hourly) == (1, 20, 60, 3750)
    assert (fast.soft_delay, fast.minute, fast.hour) == (1.5 / speed, 60.0 / speed, 3600.0 / speed)
