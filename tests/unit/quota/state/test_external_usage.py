"""The estimate of usage by others from answers, without a clock or an event loop."""

from math import inf, log2, nan

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.state.external_usage import ExternalUsageEstimator

MINUTE = 60.0
QUOTA = Quota.QUERY


@pytest.fixture
def external() -> ExternalUsageEstimator:
    return ExternalUsageEstimator()


def late(external: ExternalUsageEstimator, *, load: int, now: float = 100.0, times: int = 3) -> None:
    for _ in range(times):
        external.answered(QUOTA, now, 1.06, 0.05, load)


def test_without_evidence_external_usage_is_0(external: ExternalUsageEstimator) -> None:
    for load in range(1, 100):
        external.answered(QUOTA, float(load), 1.05 if load > 30 else 0.05, 0.05, load)
    assert external.estimate(QUOTA, 100.0) == 0
    assert external.eases_at(QUOTA, 100.0) == inf
    assert external.blocked_until == -inf


def test_a_refusal_gives_a_lower_bound_of_external_usage(external: ExternalUsageEstimator) -> None:
    external.refused(QUOTA, 100.0, load=61)
    assert external.estimate(QUOTA, 100.0) == 40


def test_one_refusal_takes_at_most_half(external: ExternalUsageEstimator) -> None:
    left = []
    for _ in range(8):
        external.refused(QUOTA, 100.0, load=1)
        left.append(100 - external.estimate(QUOTA, 100.0))
    assert left == [50, 25, 12, 6, 3, 2, 2, 2]


def test_an_unexplained_refusal_raises_the_estimate(
    external: ExternalUsageEstimator,
) -> None:
    external.refused(QUOTA, 100.0, load=61)
    external.refused(QUOTA, 101.0, load=70)
    assert external.estimate(QUOTA, 101.0) == 41


def test_the_estimate_falls_by_steps_that_double_after_a_minute(external: ExternalUsageEstimator) -> None:
    external.refused(QUOTA, 0.0, load=61)
    seen = [(0.0, 40)]
    while (instant := external.eases_at(QUOTA, seen[-1][0])) < inf:
        assert external.estimate(QUOTA, instant - 1e-6) == seen[-1][1]
        seen.append((instant, external.estimate(QUOTA, instant)))
    assert seen == [(0, 40), (60, 39), (75, 37), (90, 33), (105, 25), (120, 9), (135, 0)]
    assert external.estimate(QUOTA, 1e9) == 0


def test_refused_probes_double_the_interval_to_four_minutes(external: ExternalUsageEstimator) -> None:
    now, pauses = 0.0, []
    external.refused(QUOTA, now, load=61)
    for _ in range(5):
        pauses.append(external.eases_at(QUOTA, now) - now)
        now = external.eases_at(QUOTA, now)
        external.refused(QUOTA, now, load=61)
    assert pauses == [60, 120, 240, 240, 240]


def test_a_successful_probe_resets_the_interval_to_a_minute(external: ExternalUsageEstimator) -> None:
    now = 0.0
    external.refused(QUOTA, now, load=61)
    for load in (61, 61, 64):
        now = external.eases_at(QUOTA, now) + 60.0
        external.refused(QUOTA, now, load=load)
    assert external.estimate(QUOTA, now) == 37
    assert external.eases_at(QUOTA, now) == now + 60


@pytest.mark.parametrize("load", range(1, 100, 7))
@pytest.mark.parametrize("refusals", [1, 3, 9])
def test_the_estimate_falls_to_0_in_the_documented_time(load: int, refusals: int) -> None:
    external, now = ExternalUsageEstimator(), 0.0
    for _ in range(refusals):
        external.refused(QUOTA, now, load)
        now = external.eases_at(QUOTA, now)
    spent = external.spent
    assert external.estimate(QUOTA, external.since + MINUTE * (4 + log2(spent) / 4)) == 0


def test_three_consecutive_delayed_answers_show_external_usage(
    external: ExternalUsageEstimator,
) -> None:
    late(external, load=10, times=2)
    assert external.estimate(QUOTA, 100.0) == 0
    late(external, load=10, times=1)
    assert external.estimate(QUOTA, 100.0) == 21


def test_a_prompt_answer_between_delayed_ones_resets_the_count(external: ExternalUsageEstimator) -> None:
    for _ in range(5):
        late(external, load=10, times=2)
        external.answered(QUOTA, 100.0, 0.05, 0.05, load=10)
    assert external.estimate(QUOTA, 100.0) == 0


@pytest.mark.parametrize("took", [0.3, 0.7, 1.7, 30.0])
def test_slow_answers_without_the_soft_delay_are_ignored(
    external: ExternalUsageEstimator, took: float
) -> None:
    for _ in range(9):
        external.answered(QUOTA, 100.0, took, 0.05, load=10)
    assert external.estimate(QUOTA, 100.0) == 0


def test_delays_explained_by_own_requests_are_ignored(external: ExternalUsageEstimator) -> None:
    late(external, load=31, times=9)
    assert external.estimate(QUOTA, 100.0) == 0
    external.refused(QUOTA, 100.0, load=81)
    late(external, load=11, times=9)
    assert external.estimate(QUOTA, 100.0) == 20


def test_a_prompt_answer_gives_an_upper_bound(external: ExternalUsageEstimator) -> None:
    external.refused(QUOTA, 100.0, load=21)
    external.answered(QUOTA, 101.0, 0.05, 0.05, load=12)
    assert external.estimate(QUOTA, 101.0) == 18
    external.answered(QUOTA, 102.0, 0.05, 0.05, load=40)
    assert external.estimate(QUOTA, 102.0) == 18, (
        "beyond the soft limit it should have been delayed: it says nothing"
    )


def test_the_servers_remaining_count_replaces_the_estimate(external: ExternalUsageEstimator) -> None:
    external.reported(QUOTA, 100.0, 10, 30, 5.0)
    assert external.estimate(QUOTA, 100.0) == 60
    external.reported(QUOTA, 101.0, 10, 32, 5.0)
    assert external.estimate(QUOTA, 101.0) == 60, "requests may have overtaken each other"
    external.reported(QUOTA, 102.0, 10, 86, 5.0)
    assert external.estimate(QUOTA, 102.0) == 4
    external.reported(QUOTA, 103.0, 10, 100, 5.0)
    assert external.estimate(QUOTA, 103.0) == 0


def test_the_servers_count_outweighs_a_prompt_answer(
    external: ExternalUsageEstimator,
) -> None:
    external.reported(QUOTA, 100.0, 10, 30, 5.0)
    external.answered(QUOTA, 159.9, 0.05, 0.05, load=10)
    assert external.estimate(QUOTA, 159.9) == 60
    external.answered(QUOTA, 160.0, 0.05, 0.05, load=10)
    assert external.estimate(QUOTA, 160.0) == 20


def test_with_nothing_left_requests_wait_for_the_reset(external: ExternalUsageEstimator) -> None:
    external.reported(QUOTA, 100.0, 10, 0, 25.0)
    assert external.blocked_until == 125.0
    external.reported(QUOTA, 101.0, 10, 0, 2.0)
    assert external.blocked_until == 125.0


def test_of_a_longer_window_only_its_end_counts(external: ExternalUsageEstimator) -> None:
    external.reported(QUOTA, 100.0, 10, 5, 1800.0)
    assert (external.estimate(QUOTA, 100.0), external.blocked_until) == (0, -inf)
    external.reported(QUOTA, 100.0, 10, 0, 1800.0)
    assert (external.estimate(QUOTA, 100.0), external.blocked_until) == (0, 1900.0)
    external.reported(QUOTA, 100.0, 10, 0, 80_000.0)
    assert external.blocked_until == 3700.0


@pytest.mark.parametrize(
    "quota", [Quota(1, None, 0.0, None, None), Quota(1, None, 0.0, 1, None), Quota(1, 1, 1.0, 2, None)]
)
def test_the_smallest_quotas_have_no_estimate(quota: Quota) -> None:
    external = ExternalUsageEstimator()
    for load in (1, 2):
        external.refused(quota, 1.0, load)
        external.reported(quota, 1.0, load, 0, 0.0)
    assert external.estimate(quota, 1.0) == 0


@pytest.mark.parametrize(("left", "reset"), [(0, nan), (0, -1.0), (0, inf), (-1, 1.0)])
def test_impossible_hints_are_ignored(external: ExternalUsageEstimator, left: int, reset: float) -> None:
    external.reported(QUOTA, 100.0, 10, left, reset)
    assert (external.estimate(QUOTA, 100.0), external.blocked_until) == (0, -inf)
