"""Another program uses the same quota: how often we are refused, and how much of the rest we use.

The quota is that of queries, without the hourly limit. Our job sends as many requests as the limiter allows.
The server also counts refused requests. Our share is the part of the quota that the others do not use.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.quota import LocalLimiter, Pacing, Quota
from kentik_async.quota.file.opening import open_file_limiter
from tests.property.external_consumer import (
    Greedy,
    Hint,
    SharedServer,
    between,
    bursts,
    by_chance,
    play,
    steady,
)
from tests.support.virtual_time import VirtualTime

QUOTA = replace(Quota.QUERY, per_hour=None)
HOUR, LIMIT = 3600.0, 100
HINTS: tuple[Hint, ...] = ("", "retry_after", "details")


def beside(
    outside: Iterable[float], hint: Hint, seconds: float = HOUR, pacing: Pacing = "auto"
) -> SharedServer:
    time, server = VirtualTime(), SharedServer(QUOTA, hint)
    limiter = LocalLimiter(QUOTA, QUOTA, pacing=pacing, clock=time.clock)
    time.run(lambda: play(Greedy(limiter, server), outside, seconds))
    return server


def answered(server: SharedServer, start: float = 0.0, end: float = HOUR) -> int:
    """Return how many of our requests were answered between two instants of the run."""
    return sum(not one.refused and start <= one.at - 1000.0 < end for one in server.asked)


def refused_in_100(server: SharedServer) -> float:
    return 100 * sum(one.refused for one in server.asked) / answered(server)


@pytest.mark.parametrize("hint", HINTS)
def test_the_file_limiter_leaves_room_for_others_too(tmp_path: Path, hint: Hint) -> None:
    time, server = VirtualTime(), SharedServer(QUOTA, hint)
    limiter = open_file_limiter(
        tmp_path / "quota",
        endpoints=(),
        customer="",
        quota=QUOTA,
        query_quota=QUOTA,
        pacing="auto",
        clock=time.clock,
    )

    async def main() -> None:
        await play(Greedy(limiter, server), steady(40, HOUR), HOUR)
        await limiter.aclose()

    time.run(main)
    assert refused_in_100(server) <= 1.0
    assert answered(server) / (60 * 60) >= 0.97


@pytest.mark.parametrize("hint", HINTS)
def test_beside_a_steady_consumer_the_remaining_quota_is_used(hint: Hint) -> None:
    server = beside(steady(40, HOUR), hint)
    assert refused_in_100(server) <= 1.0
    assert answered(server) / (60 * 60) >= 0.97


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize(
    ("outside", "left", "refused", "used"),
    [
        pytest.param(lambda: bursts(40, 60, HOUR), 60, 1, 0.97, id="bursts"),
        pytest.param(lambda: bursts(20, 30, HOUR), 60, 1, 0.97, id="short bursts"),
        pytest.param(lambda: bursts(80, 120, HOUR), 60, 8, 0.90, id="rare bursts"),
        pytest.param(lambda: by_chance(40, HOUR), 60, 8, 0.80, id="by chance"),
        pytest.param(lambda: steady(10, HOUR), 90, 1, 0.95, id="little"),
        pytest.param(lambda: steady(80, HOUR), 20, 4, 0.95, id="most"),
    ],
)
def test_beside_any_consumer_the_remaining_quota_is_used(
    hint: Hint, outside: Iterable[float], left: int, refused: int, used: float
) -> None:
    server = beside(outside(), hint)
    assert refused_in_100(server) <= refused
    assert answered(server) / (left * 60) >= used


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [20, 40, 80])
def test_the_whole_quota_is_used_after_others_stop(hint: Hint, rate: int) -> None:
    """Documented: `4 + log2(n) / 4` minutes; then the minute that has to fill."""
    server = beside(between(steady(rate, HOUR), 600.0, 1800.0), hint)
    used_again = 1800.0 + 60.0 * (4 + 7 / 4 + 1)
    assert answered(server, used_again, HOUR) / (LIMIT * (HOUR - used_again) / 60) >= 0.97


@pytest.mark.parametrize("hint", HINTS)
def test_a_new_consumer_is_detected_within_two_minutes(hint: Hint) -> None:
    server = beside(between(steady(40, HOUR), 1800.0, HOUR), hint)
    early = [one for one in server.asked if one.at - 1000.0 < 1800.0]
    assert not any(one.refused for one in early)
    settled = [one for one in server.asked if one.at - 1000.0 >= 1920.0]
    assert sum(one.refused for one in settled) <= len(settled) / 50


@pytest.mark.parametrize("hint", HINTS)
def test_without_other_consumers_nothing_is_refused(hint: Hint) -> None:
    server = beside((), hint)
    assert not any(one.refused for one in server.asked)
    assert answered(server) / (LIMIT * 60) >= 0.97


@pytest.mark.parametrize("hint", ["", "details"])
def test_courteous_pacing_leaves_the_soft_limit_to_others_too(hint: Hint) -> None:
    """By delays only, or by the header: of 30 requests without delay, another program uses 20."""
    server = beside(steady(20, HOUR), hint, pacing="courteous")
    asked = len(server.asked)
    assert server.delayed <= asked / (20 if hint else 5)
    assert asked >= 0.9 * 10 * 60
