"""Whether the reply to a report says that answers help the waiting calls."""

from dataclasses import astuple
from math import inf

import pytest

from kentik_async.quota.limits import Outcome, Quota
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import QuotaState
from kentik_async.quota.state.reporting import apply_report

WINDOW = Quota(5, None, 0.0, 2, None)


def report(
    state: QuotaState, quota: Quota, now: float, calls: int, *endings: Ending, last_seen: int = 0
) -> StoreReply:
    terms = Terms("member", quota, astuple(quota), "throughput", inf, 0.0)
    held = len(state.holds)
    return apply_report(
        MemberReport(terms, {0: calls} if calls else {}, endings, last_seen, held), state, now
    )


def answered(grant: int, at: float, outcome: Outcome = "answered") -> Ending:
    return Ending(grant, outcome, 0.5, ended_at=at)


def test_answers_help_while_the_slots_are_full() -> None:
    reply = report(QuotaState(), Quota(1, None, 0.0, 60, None), 0.0, 2)
    assert len(reply.grants) == 1
    assert reply.answers_help


def test_answers_help_while_no_token_is_known_to_return() -> None:
    reply = report(QuotaState(), WINDOW, 0.0, 3)
    assert len(reply.grants) == 2
    assert reply.answers_help
    assert reply.report_in == inf


def test_answers_do_not_help_while_the_window_is_full() -> None:
    state = QuotaState()
    report(state, WINDOW, 0.0, 3)
    reply = report(state, WINDOW, 1.0, 1, answered(1, 1.0), last_seen=2)
    assert not reply.answers_help
    assert reply.report_in == 60.0
    # So the answer to the other request changes nothing.
    reply = report(state, WINDOW, 2.0, 1, answered(2, 2.0), last_seen=2)
    assert not reply.grants
    assert reply.report_in == 59.0


def test_a_late_answer_counts_from_its_own_instant() -> None:
    state = QuotaState()
    report(state, WINDOW, 0.0, 3)
    report(state, WINDOW, 1.0, 2, answered(1, 1.0), last_seen=2)
    reply = report(state, WINDOW, 61.0, 2, answered(2, 2.0), last_seen=2)
    assert [priority for _, priority in reply.grants] == [0]
    assert reply.report_in == 1.0


@pytest.mark.parametrize("outcome", ["refused", "unknown"])
def test_answers_help_after_any_other_ending(outcome: Outcome) -> None:
    state = QuotaState()
    report(state, WINDOW, 0.0, 3)
    reply = report(state, WINDOW, 1.0, 1, answered(1, 1.0, outcome), last_seen=2)
    assert reply.answers_help
