"""The vendor's limits, and the valid values of a Quota."""

from dataclasses import FrozenInstanceError, astuple
from typing import Any

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota import PACINGS, LocalLimiter, Quota


def test_the_vendors_numbers() -> None:
    """Kentik KB, "Kentik APIs", section "API Rate Limiting"."""
    assert astuple(Quota.NON_QUERY) == (1, 20, 1.5, 60, 3750, 60.0, 3600.0, 10.0)
    assert astuple(Quota.QUERY) == (4, 30, 1.0, 100, 1500, 60.0, 3600.0, 10.0)


def test_a_compressed_clock_divides_every_time_and_no_count() -> None:
    assert astuple(Quota.NON_QUERY.scaled(60)) == pytest.approx((1, 20, 0.025, 60, 3750, 1.0, 60.0, 1 / 6))


def test_a_quota_is_a_value() -> None:
    assert Quota(1, 20, 1.5, 60, 3750) == Quota.NON_QUERY
    assert hash(Quota(1, 20, 1.5, 60, 3750)) == hash(Quota.NON_QUERY)
    with pytest.raises(FrozenInstanceError):
        Quota.NON_QUERY.per_hour = 1


@pytest.mark.parametrize("name", ["max_concurrent", "soft_per_minute", "hard_per_minute", "per_hour"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "20"])
def test_a_limit_is_a_whole_number_or_none(name: str, wrong: Any) -> None:
    numbers = {
        "max_concurrent": 1,
        "soft_per_minute": 20,
        "hard_per_minute": 60,
        "per_hour": 3750,
        name: wrong,
    }
    with pytest.raises(ConfigError, match=f"Quota.{name} is {wrong!r}: give a whole number"):
        Quota(soft_delay=1.5, **numbers)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("soft_delay", -1.0),
        ("minute", 0.0),
        ("hour", 0),
        ("drain", float("nan")),
        ("minute", float("inf")),
        ("hour", "1h"),
    ],
)
def test_a_time_is_a_finite_number_of_seconds(name: str, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=f"Quota.{name} is {wrong!r}: give"):
        Quota(1, 20, **{"hard_per_minute": 60, "per_hour": 3750, "soft_delay": 1.5, name: wrong})


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "60"])
def test_a_scale_factor_must_be_positive(speed: Any) -> None:
    with pytest.raises(ConfigError, match="speed is"):
        Quota.NON_QUERY.scaled(speed)


@pytest.mark.parametrize(("quota", "turn"), [(Quota.NON_QUERY, 1.5), (Quota.QUERY, 7.0)])
def test_courteous_pacing_is_used_if_delay_gains_nothing(quota: Quota, turn: float) -> None:
    assert not quota.prefers_courtesy(turn - 0.01)
    assert quota.prefers_courtesy(turn)


@pytest.mark.parametrize("lifted", ["max_concurrent", "soft_per_minute"])
def test_courteous_pacing_needs_soft_and_concurrency_limits(lifted: str) -> None:
    numbers: dict[str, Any] = {"max_concurrent": 1, "soft_per_minute": 20, lifted: None}
    assert not Quota(**numbers, soft_delay=1.5, hard_per_minute=60, per_hour=None).prefers_courtesy(1e9)


def test_pacings_are_ordered_by_strictness() -> None:
    assert sorted(PACINGS, key=PACINGS.__getitem__) == ["throughput", "auto", "courteous"]
    with pytest.raises(ConfigError, match="pacing must be one of throughput, auto, courteous; got 'fast'"):
        LocalLimiter(pacing="fast")


def test_the_stricter_quota_has_lower_limits_and_longer_times() -> None:
    one = Quota(1, None, 2.0, 60, 100, drain=5.0)
    other = Quota(None, 20, 1.0, 50, None, minute=30.0)
    combined = Quota(1, 20, 2.0, 50, 100, minute=60.0, drain=10.0)
    assert one.combined(other) == other.combined(one) == combined
    assert one.combined(one) == one
