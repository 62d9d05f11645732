"""What refusals do to everyone, without a clock or a loop."""

from math import inf

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.freeze import Freeze


@pytest.fixture
def freeze() -> Freeze:
    return Freeze(Quota.NON_QUERY)


def test_the_pause_is_the_one_that_the_server_names(freeze: Freeze) -> None:
    freeze.refused(100.0, 0, 7.0)
    assert freeze.active
    assert freeze.free_at(101.0) == 107.0
    assert freeze.free_at(200.0) == 200.0


def test_without_a_named_pause_it_doubles_from_a_quarter_minute_to_a_minute(freeze: Freeze) -> None:
    pauses = []
    for _ in range(5):
        freeze.refused(0.0, freeze.epoch, None)
        pauses.append(freeze.until)
        freeze.granted()
    assert pauses == [15.0, 30.0, 60.0, 60.0, 60.0]


def test_an_answered_probe_lifts_the_freeze_and_ends_the_doubling(freeze: Freeze) -> None:
    freeze.refused(0.0, 0, None)
    freeze.granted()
    freeze.refused(15.0, freeze.epoch, None)
    freeze.granted()
    freeze.answered(freeze.epoch)
    assert not freeze.active
    freeze.refused(100.0, freeze.epoch, None)
    assert freeze.until == 115.0


def test_one_probe_goes_at_a_time(freeze: Freeze) -> None:
    freeze.refused(0.0, 0, 1.0)
    freeze.granted()
    assert freeze.free_at(50.0) == inf


@pytest.mark.parametrize("retry_after", [None, 500.0])
def test_answers_to_what_was_sent_before_the_freeze_change_nothing(
    freeze: Freeze, retry_after: float | None
) -> None:
    freeze.refused(0.0, 0, 5.0)
    freeze.answered(0)
    freeze.refused(1.0, 0, retry_after)
    freeze.probe_lost(0)
    assert freeze.active
    assert freeze.until == 5.0


def test_a_probe_that_told_nothing_hands_on(freeze: Freeze) -> None:
    freeze.refused(0.0, 0, 5.0)
    freeze.granted()
    freeze.probe_lost(freeze.epoch)
    assert freeze.active
    assert freeze.free_at(6.0) == 6.0


def test_a_request_sent_before_the_freeze_does_not_take_the_probe_away(freeze: Freeze) -> None:
    freeze.refused(0.0, 0, 5.0)
    freeze.granted()
    freeze.probe_lost(0)
    assert freeze.probing


def test_the_minute_of_a_compressed_clock_shortens_the_unnamed_pause_only() -> None:
    freeze = Freeze(Quota.NON_QUERY.scaled(60))
    freeze.refused(0.0, 0, None)
    assert freeze.until == pytest.approx(0.25)
    freeze.refused(0.0, freeze.epoch, 3.0)
    assert freeze.until == 3.0
