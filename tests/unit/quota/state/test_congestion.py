"""What answers tell of others who spend the same quota, without a clock or a loop."""

from math import inf, log2

import pytest

from kentik_async.quota import Allowance, Quota
from kentik_async.quota.congestion import Congestion

MINUTE = 60.0


@pytest.fixture
def congestion() -> Congestion:
    return Congestion(Quota.QUERY)


def late(congestion: Congestion, *, load: int, now: float = 100.0, times: int = 3) -> None:
    for _ in range(times):
        congestion.answered(now, 1.06, 0.05, load)


def test_without_evidence_nobody_else_spends_anything(congestion: Congestion) -> None:
    for load in range(1, 100):
        congestion.answered(float(load), 1.05 if load > 30 else 0.05, 0.05, load)
    assert congestion.others(100.0) == 0
    assert congestion.eases_at(100.0) == inf
    assert congestion.hold == -inf


def test_a_refusal_tells_how_much_others_spend_at_least(congestion: Congestion) -> None:
    congestion.refused(100.0, load=61)
    assert congestion.others(100.0) == 40


def test_one_refusal_takes_half_at_most(congestion: Congestion) -> None:
    left = []
    for _ in range(8):
        congestion.refused(100.0, load=1)
        left.append(100 - congestion.others(100.0))
    assert left == [50, 25, 12, 6, 3, 2, 2, 2]


def test_a_refusal_that_the_estimate_does_not_explain_makes_it_larger(congestion: Congestion) -> None:
    congestion.refused(100.0, load=61)
    congestion.refused(101.0, load=70)
    assert congestion.others(101.0) == 41


def test_the_estimate_is_eased_by_steps_that_double_after_a_minute(congestion: Congestion) -> None:
    congestion.refused(0.0, load=61)
    seen = [(0.0, 40)]
    while (instant := congestion.eases_at(seen[-1][0])) < inf:
        assert congestion.others(instant - 1e-6) == seen[-1][1]
        seen.append((instant, congestion.others(instant)))
    assert seen == [(0, 40), (60, 39), (75, 37), (90, 33), (105, 25), (120, 9), (135, 0)]
    assert congestion.others(1e9) == 0


def test_asking_in_vain_doubles_the_patience_up_to_four_minutes(congestion: Congestion) -> None:
    now, pauses = 0.0, []
    congestion.refused(now, load=61)
    for _ in range(5):
        pauses.append(congestion.eases_at(now) - now)
        now = congestion.eases_at(now)
        congestion.refused(now, load=61)
    assert pauses == [60, 120, 240, 240, 240]


def test_asking_with_some_success_returns_the_patience_to_a_minute(congestion: Congestion) -> None:
    now = 0.0
    congestion.refused(now, load=61)
    for load in (61, 61, 64):
        now = congestion.eases_at(now) + 60.0
        congestion.refused(now, load=load)
    assert congestion.others(now) == 37
    assert congestion.eases_at(now) == now + 60


@pytest.mark.parametrize("load", range(1, 100, 7))
@pytest.mark.parametrize("refusals", [1, 3, 9])
def test_whoever_has_vanished_is_forgotten_within_the_stated_time(load: int, refusals: int) -> None:
    congestion, now = Congestion(Quota.QUERY), 0.0
    for _ in range(refusals):
        congestion.refused(now, load)
        now = congestion.eases_at(now)
    spent = congestion.spent
    assert congestion.others(congestion.since + MINUTE * (4 + log2(spent) / 4)) == 0


def test_three_delayed_answers_in_a_row_within_the_soft_limit_tell_of_others(congestion: Congestion) -> None:
    late(congestion, load=10, times=2)
    assert congestion.others(100.0) == 0
    late(congestion, load=10, times=1)
    assert congestion.others(100.0) == 21


def test_a_prompt_answer_between_delayed_ones_acquits(congestion: Congestion) -> None:
    for _ in range(5):
        late(congestion, load=10, times=2)
        congestion.answered(100.0, 0.05, 0.05, load=10)
    assert congestion.others(100.0) == 0


@pytest.mark.parametrize("took", [0.3, 0.7, 1.7, 30.0])
def test_answers_that_are_slow_otherwise_tell_nothing(congestion: Congestion, took: float) -> None:
    for _ in range(9):
        congestion.answered(100.0, took, 0.05, load=10)
    assert congestion.others(100.0) == 0


def test_delays_that_our_own_requests_explain_tell_nothing(congestion: Congestion) -> None:
    late(congestion, load=31, times=9)
    assert congestion.others(100.0) == 0
    congestion.refused(100.0, load=81)
    late(congestion, load=11, times=9)
    assert congestion.others(100.0) == 20


def test_a_prompt_answer_tells_how_much_others_spend_at_most(congestion: Congestion) -> None:
    congestion.refused(100.0, load=21)
    congestion.answered(101.0, 0.05, 0.05, load=12)
    assert congestion.others(101.0) == 18
    congestion.answered(102.0, 0.05, 0.05, load=40)
    assert congestion.others(102.0) == 18, (
        "beyond the soft limit it should have been delayed: it says nothing"
    )


def test_what_the_server_says_is_left_is_believed_up_and_down(congestion: Congestion) -> None:
    congestion.told(100.0, 10, Allowance(30, 5.0))
    assert congestion.others(100.0) == 60
    congestion.told(101.0, 10, Allowance(32, 5.0))
    assert congestion.others(101.0) == 60, "requests may have overtaken each other"
    congestion.told(102.0, 10, Allowance(86, 5.0))
    assert congestion.others(102.0) == 4
    congestion.told(103.0, 10, Allowance(100, 5.0))
    assert congestion.others(103.0) == 0


def test_what_the_server_says_outweighs_what_its_promptness_seems_to_say(congestion: Congestion) -> None:
    congestion.told(100.0, 10, Allowance(30, 5.0))
    congestion.answered(159.9, 0.05, 0.05, load=10)
    assert congestion.others(159.9) == 60
    congestion.answered(160.0, 0.05, 0.05, load=10)
    assert congestion.others(160.0) == 20


def test_with_nothing_left_nobody_goes_before_the_server_has_room_again(congestion: Congestion) -> None:
    congestion.told(100.0, 10, Allowance(0, 25.0))
    assert congestion.hold == 125.0
    congestion.told(101.0, 10, Allowance(0, 2.0))
    assert congestion.hold == 125.0


def test_of_a_longer_window_only_its_end_is_heeded(congestion: Congestion) -> None:
    congestion.told(100.0, 10, Allowance(5, 1800.0))
    assert (congestion.others(100.0), congestion.hold) == (0, -inf)
    congestion.told(100.0, 10, Allowance(0, 1800.0))
    assert (congestion.others(100.0), congestion.hold) == (0, 1900.0)
    congestion.told(100.0, 10, Allowance(0, 80_000.0))
    assert congestion.hold == 3700.0


@pytest.mark.parametrize(
    "quota", [Quota(1, None, 0.0, None, None), Quota(1, None, 0.0, 1, None), Quota(1, 1, 1.0, 2, None)]
)
def test_the_smallest_quotas_are_left_alone(quota: Quota) -> None:
    congestion = Congestion(quota)
    for load in (1, 2):
        congestion.refused(1.0, load)
        congestion.told(1.0, load, Allowance(0, 0.0))
    assert congestion.others(1.0) == 0
