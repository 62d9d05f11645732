"""A call that is granted without a report counts exactly like one that is reported."""

from dataclasses import astuple
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota.limits import Allowance, Outcome, Pacing, Quota
from kentik_async.quota.state.messages import Ending, MemberReport, Terms
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.reporting import apply_report, grant_alone

Step = tuple[float, list[tuple[int, Outcome, float | None, Allowance | None]]]

OUTCOMES: list[Outcome] = ["answered", "answered", "refused", "not_sent", "unknown"]
HINTS = st.none() | st.builds(Allowance, st.integers(0, 12), st.floats(0.0, 90.0))
ENDINGS = st.tuples(st.integers(0, 9), st.sampled_from(OUTCOMES), st.none() | st.floats(0.0, 30.0), HINTS)
STEPS = st.tuples(st.floats(0.0, 20.0), st.lists(ENDINGS, max_size=3))
# Without a soft delay, because then the durations, which are recorded later here, change nothing.
QUOTAS = st.sampled_from(
    [Quota(3, 5, 0.0, 8, 30), Quota(2, None, 0.0, 4, 9), Quota(None, None, 0.0, 40, None)]
)


def reported(terms: Terms, endings: list[Ending], state: QuotaState, now: float) -> int | None:
    """Request a grant by a report; withdraw the call if it would have to wait."""
    held = len(state.holds)
    reply = apply_report(MemberReport(terms, {0: 1}, endings, state.issued, held), state, now)
    if reply.grants:
        return reply.grants[0][0]
    apply_report(MemberReport(terms, {}, [], state.issued, held), state, now)
    return None


@given(QUOTAS, st.sampled_from(["throughput", "courteous"]), st.lists(STEPS, min_size=1, max_size=80))
def test_a_grant_without_a_report_counts_like_a_report(
    quota: Quota, pacing: Pacing, steps: list[Step]
) -> None:
    terms = Terms("member", quota, astuple(quota), pacing, inf, 0.0)
    alone, shared, now = QuotaState(), QuotaState(), 0.0
    pending: list[Ending] = []
    for seconds, ended in steps:
        now += seconds
        holds = list(shared.holds.items())
        endings = [
            Ending(number, outcome, now - hold.granted_at, pause, hint, now)
            for place, outcome, pause, hint in ended
            if place < len(holds)
            for number, hold in [holds[place]]
        ]
        pending += endings
        if any(ending.outcome != "answered" or ending.hint for ending in endings):
            report(terms, pending, alone, now)
            pending = []
        number = grant_alone(terms, pending, 0, alone, now)
        if number is None:  # the limiter then reports that the call waits
            number, pending = reported(terms, pending, alone, now), []
        assert number == reported(terms, endings, shared, now)
    report(terms, pending, alone, now)
    report(terms, [], shared, now)
    for part in ("log", "breaker", "external", "latency", "holds", "issued"):
        assert getattr(alone, part) == getattr(shared, part), part


def report(terms: Terms, endings: list[Ending], state: QuotaState, now: float) -> None:
    """Report that no call waits."""
    apply_report(MemberReport(terms, {}, endings, state.issued, len(state.holds)), state, now)
    state.log.advance(terms.quota, now)
