"""The pause after refusals, without a clock or an event loop."""

from math import inf, nan

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.state.circuit_breaker import CircuitBreaker

QUOTA = Quota.NON_QUERY


@pytest.fixture
def breaker() -> CircuitBreaker:
    return CircuitBreaker()


def test_the_pause_is_the_one_that_the_server_names(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 100.0, 0, 7.0)
    assert breaker.is_open
    assert breaker.free_at(101.0) == 107.0
    assert breaker.free_at(200.0) == 200.0


def test_an_unnamed_pause_doubles_from_a_quarter_to_a_minute(breaker: CircuitBreaker) -> None:
    pauses = []
    for _ in range(5):
        breaker.refused(QUOTA, 0.0, breaker.generation, None)
        pauses.append(breaker.blocked_until)
        breaker.half_open = True
    assert pauses == [15.0, 30.0, 60.0, 60.0, 60.0]


def test_an_answered_probe_ends_the_pause_and_the_doubling(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 0.0, 0, None)
    breaker.half_open = True
    breaker.refused(QUOTA, 15.0, breaker.generation, None)
    breaker.half_open = True
    breaker.answered(breaker.generation)
    assert not breaker.is_open
    breaker.refused(QUOTA, 100.0, breaker.generation, None)
    assert breaker.blocked_until == 115.0


def test_one_probe_is_sent_at_a_time(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 0.0, 0, 1.0)
    breaker.half_open = True
    assert breaker.free_at(50.0) == inf


@pytest.mark.parametrize("retry_after", [None, 500.0])
def test_answers_to_requests_before_the_pause_change_nothing(
    breaker: CircuitBreaker, retry_after: float | None
) -> None:
    breaker.refused(QUOTA, 0.0, 0, 5.0)
    breaker.answered(0)
    breaker.refused(QUOTA, 1.0, 0, retry_after)
    breaker.probe_lost(0)
    assert breaker.is_open
    assert breaker.blocked_until == 5.0


def test_a_probe_with_unknown_outcome_permits_another(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 0.0, 0, 5.0)
    breaker.half_open = True
    breaker.probe_lost(breaker.generation)
    assert breaker.is_open
    assert breaker.free_at(6.0) == 6.0


def test_a_request_sent_before_the_pause_does_not_end_the_probe(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 0.0, 0, 5.0)
    breaker.half_open = True
    breaker.probe_lost(0)
    assert breaker.half_open


def test_a_compressed_minute_shortens_the_unnamed_pause_only() -> None:
    breaker, scaled = CircuitBreaker(), QUOTA.scaled(60)
    breaker.refused(scaled, 0.0, 0, None)
    assert breaker.blocked_until == pytest.approx(0.25)
    breaker.refused(scaled, 0.0, breaker.generation, 3.0)
    assert breaker.blocked_until == 3.0


@pytest.mark.parametrize("pause", [nan, -1.0, inf, -inf])
def test_an_invalid_pause_counts_as_none(breaker: CircuitBreaker, pause: float) -> None:
    breaker.refused(QUOTA, 0.0, 0, pause)
    assert breaker.blocked_until == 15.0


def test_a_pause_is_limited_to_a_day(breaker: CircuitBreaker) -> None:
    breaker.refused(QUOTA, 0.0, 0, 1e9)
    assert breaker.blocked_until == 24 * 3600.0
