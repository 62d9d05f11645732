"""The benchmark's judge is correct: it agrees with the tests' own, and its best schedule is the fastest."""

import runpy
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import ROOT
from tests.support.quota.oracle import Limits, Visit, overruns

JUDGE: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "limiter" / "judge.py"))
RULES = JUDGE["Rules"](concurrent=2, soft=2, delay=3.0, hard=3, hourly=5, minute=10.0, hour=40.0)

# Whole seconds, so that some windows end exactly at the time of a receipt.
stays = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=14)


@given(stays)
def test_it_finds_the_same_overruns_as_the_judge_of_the_suite(visits: list[tuple[int, int]]) -> None:
    server = JUDGE["Server"](RULES)
    server.visits = [JUDGE["Visit"](at, at, at + stay, at + stay) for at, stay in visits]
    limits = Limits(RULES.concurrent, RULES.soft, RULES.hard, RULES.hourly, RULES.minute, RULES.hour)
    lines = overruns([Visit(at, at + stay) for at, stay in visits], limits)
    names = Counter(line.split(", ")[1].split()[0] for line in lines)
    requests = {line.split(":")[0] for line in lines}
    assert server.overruns() == {
        "concurrent": names["max_concurrent"],
        "minute": names["hard_per_minute"],
        "hour": names["per_hour"],
        "any": len(requests),
    }


def test_the_rolling_minute_is_counted_at_each_receipt() -> None:
    visits = [JUDGE["Visit"](at, at, at, at) for at in (5.0, 6.0, 14.0, 15.0, 16.5)]
    assert JUDGE["in_minute"](visits, 10.0) == [(0.0, 1), (0.1, 2), (0.9, 3), (1.0, 3), (1.15, 3)]


def test_fastest_schedule_waits_for_limits_only() -> None:
    one = JUDGE["Rules"](concurrent=1, soft=2, delay=3.0, hard=4, hourly=9, minute=10.0, hour=40.0)
    visits = [JUDGE["Visit"](n, n + 0.25, n + 0.75, n + 1.0) for n in range(5)]
    # Two at 1 s, two delayed at 4 s each; the fifth waits for the window of the first, received at 0.25 s:
    # it is received at 10.25 s, behind two in the minute, and so delayed.
    assert JUDGE["optimum"](visits[:4], one) == 10.0
    assert JUDGE["optimum"](visits, one) == 10.25 + 0.75 + 3.0
