"""What becomes of the quota when Redis forgets, comes back, or speaks with another clock."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kentik_async.quota import Quota
from tests.multiprocess.redis.model import (
    ONE,
    START,
    STARTED_LONG_AGO,
    Party,
    Wire,
    hold_one,
    limits_of,
)


def test_what_was_used_is_put_back_and_nobody_goes_for_a_minute(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    first, second = Party(wire, limits), Party(wire, limits)
    for number in range(4):
        party = (first, second)[number % 2]
        party.step(START + number * 1_100_000 + 500, 1)
        party.end()
        party.step(START + number * 1_100_000 + 1000)
    wire.lose(limits)
    # The hour holds 5 and has seen 4; the minute, of 3 s, is over when anyone may go again.
    reply = first.step(START + 5_000_000, 1)
    assert not first.grants
    assert reply.gate == 3_000_000
    second.step(START + 5_100_000)
    newcomer = Party(wire, limits)
    newcomer.step(START + 5_200_000, 1)
    first.step(START + 7_999_000, 1)
    assert not first.grants
    assert not newcomer.grants
    first.step(START + 8_000_100, 1)
    assert len(first.grants) == 1
    assert first.look(START + 8_000_100).snapshot("non_query", 0).left_hour == 0


def test_a_witness_that_comes_late_costs_nobody_a_second_minute(wire: Wire) -> None:
    limits = limits_of(ONE)
    first, late = hold_one(wire, limits), Party(wire, limits)
    late.step(START + 1)
    first.end()
    first.step(START + 1000)
    wire.lose(limits)
    first.step(START + 2_000_000)
    reply = late.step(START + 20_000_000 - 1000, 1)
    assert reply.gate == 0
    assert late.grants


def test_a_request_in_flight_outlives_the_ledger(wire: Wire) -> None:
    limits = limits_of(ONE, lease=2_000_000)
    holder, other = hold_one(wire, limits), Party(wire, limits)
    grant = holder.grants[0]
    wire.lose(limits)
    for tenth in range(5, 95, 5):
        holder.step(START + tenth * 100_000)
        other.step(START + tenth * 100_000 + 1000, 1)
    assert not other.grants
    assert holder.account.valid(grant, START / 10**6 + 9)
    holder.end()
    holder.step(START + 9_100_000)
    assert [name for name, message in wire.heard(limits) if message.kind == "grant"] == [
        other.account.process
    ]


def test_a_grant_that_had_lapsed_before_the_ledger_was_lost_stays_invalid(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    holder = hold_one(wire, limits)
    wire.lose(limits)
    holder.step(START + 1_500_000)
    assert not holder.account.valid(holder.grants[0], START / 10**6 + 1.5)


@pytest.mark.parametrize("kept", [False, True])
def test_a_drain_outlives_the_ledger(wire: Wire, kept: bool) -> None:
    slow = Quota(1, None, 0.0, 3, 5, minute=3.0, hour=30.0, drain=20.0)
    limits = limits_of(slow, lease=1_000_000)
    limits = msgspec.structs.replace(limits, quiet=3_000_000)
    party = hold_one(wire, limits)
    party.end("unknown")
    party.step(START + 1000)
    if kept:
        party.run = "another run"
    else:
        wire.lose(limits)
    party.step(START + 2_000_000, 1)
    party.step(START + 15_000_000, 1)
    assert not party.grants
    party.step(START + 20_100_000, 1)
    assert len(party.grants) == 1


def test_a_server_that_came_back_with_its_memory_counts_nothing_twice(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = Party(wire, limits)
    for number in range(3):
        party.step(START + number * 2_000_000, 1)
        party.end("unknown" if number == 1 else "answered")
        party.step(START + number * 2_000_000 + 500_000)
    party.run = "another run"
    reply = party.step(START + 10_000_000, 1)
    assert reply.gate == pytest.approx(3_000_000, abs=5)
    assert not party.grants
    assert party.look(START + 10_000_000).snapshot("non_query", 0).left_hour == 2


def test_a_lease_that_ran_out_while_the_server_was_away_is_renewed_and_not_drained_beside(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    party = hold_one(wire, limits)
    party.run = "another run"
    party.step(START + 1_500_000)
    assert party.look(START + 1_500_000).snapshot("non_query", 0).in_flight == 1


def test_what_was_put_back_twice_by_a_step_that_came_late_undoes_nothing(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = hold_one(wire, limits)
    wire.lose(limits)
    late = party.account.step(0, START / 10**6 + 1, "run", STARTED_LONG_AGO, back=True)
    party.step(START + 1_000_000)
    party.end()
    party.step(START + 5_000_000, 1)
    assert len(party.grants) == 1
    wire.run(limits, late, START + 5_001_000)
    party.end()
    party.step(START + 5_002_000)
    snapshot = party.look(START + 5_002_000).snapshot("non_query", 0)
    assert (snapshot.in_flight, snapshot.left_hard_minute) == (0, 1)


def test_after_a_failover_to_another_clock_no_token_comes_back_early(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = Party(wire, limits)
    for number in range(5):
        party.step(START + number * 2_000_000, 1)
        party.end()
    party.step(START + 10_000_000)
    wire.lose(limits)
    ahead = 15_000_000  # by how much the other machine's clock is ahead; the process's own goes on as before
    step = party.account.step(1, START / 10**6 + 11, "run", STARTED_LONG_AGO, back=True)
    wire.run(limits, step, START + 11_000_000 + ahead)
    for seconds, left in ((31, 0), (33, 1), (35, 2), (39, 4), (41, 5)):
        look = Party(wire, limits).look(START + seconds * 1_000_000 + ahead)
        assert look.snapshot("non_query", 0).left_hour == left


def test_a_newcomer_to_a_server_just_started_waits_until_a_minute_has_passed_there(wire: Wire) -> None:
    limits = limits_of(ONE, lease=500_000)
    party = Party(wire, limits)
    reply = party.step(START, 1, started=START - 1_000_000)
    assert reply.gate == 2_000_000
    assert reply.again == 2_000_000
    party.step(START + 400_000, 1)
    assert not party.grants
    party.step(START + 800_000, 1)
    party.step(START + 1_200_000, 1)
    party.step(START + 1_600_000, 1)
    party.step(START + 2_000_000, 1)
    assert party.grants


@pytest.fixture
def listener(wire: Wire) -> Iterator[Any]:
    """The ears of one more process."""
    ears = wire.redis.pubsub()
    yield ears
    ears.close()


def test_a_new_ledger_opens_once_all_who_listen_have_said_that_they_are_new_too(
    wire: Wire, listener: Any
) -> None:
    limits = limits_of(ONE)
    listener.subscribe(limits.channel)
    listener.get_message(timeout=5)
    first, second = Party(wire, limits), Party(wire, limits)
    reply = first.step(START, 1)
    assert reply.gate == 3_000_000
    second.step(START + 1000, 1)  # not yet called, so no answer
    assert not first.grants
    second.account.called(reply.generation)
    second.step(START + 2000, 1)
    assert [name for name, message in wire.heard(limits) if message.kind == "grant"] == [
        first.account.process
    ]


def test_a_new_ledger_stays_shut_for_a_minute_when_one_who_listens_knew_another(
    wire: Wire, listener: Any
) -> None:
    limits = limits_of(ONE)
    old = hold_one(wire, limits)
    listener.subscribe(limits.channel)
    listener.get_message(timeout=5)
    wire.lose(limits)
    newcomer = Party(wire, limits)
    reply = newcomer.step(START + 1000, 1)
    assert not newcomer.grants
    old.account.called(reply.generation)
    old.step(START + 2000)
    assert newcomer.step(START + 2_999_000, 1).gate > 0
    old.end("not_sent")
    old.step(START + 3_000_000)
    assert newcomer.step(START + 3_002_000, 1).gate == 0
    assert len(newcomer.account) or wire.heard(limits)


def test_a_new_ledger_stays_shut_for_a_minute_when_one_who_listens_says_nothing(
    wire: Wire, listener: Any
) -> None:
    limits = limits_of(ONE)
    listener.subscribe(limits.channel)
    listener.get_message(timeout=5)
    party = Party(wire, limits)
    party.step(START, 1)
    party.step(START + 2_999_000, 1)
    assert not party.grants
    party.step(START + 3_000_000, 1)
    assert party.grants


def test_a_log_cut_short_by_someone_is_a_ledger_lost(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = hold_one(wire, limits)
    wire.redis.set(wire.keys(limits)[1], b"rubbish")
    reply = Party(wire, limits).step(START + 1000, 1)
    assert reply.birth == 1
    party.step(START + 2000)
    assert wire.redis.strlen(wire.keys(limits)[1]) == 5 * 10


def test_a_freeze_outlives_the_ledger(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = hold_one(wire, limits)
    party.end("refused", 25.0)
    party.step(START + 1000)
    wire.lose(limits)
    party.step(START + 2_000_000)
    assert party.look(START + 20_000_000).snapshot("non_query", 0).frozen
    reply = party.step(START + 24_000_000, 1)
    assert reply.again == pytest.approx(1_001_000, abs=5)


def test_the_answer_to_a_request_from_before_a_freeze_does_not_lift_it_in_the_ledger_put_back(
    wire: Wire,
) -> None:
    quota = Quota(2, None, 0.0, 5, 5, minute=3.0, hour=30.0, drain=1.0)
    limits = limits_of(quota)
    party = Party(wire, limits, quota)
    party.step(START, 2)
    party.end("refused", 25.0)
    party.step(START + 1000)
    wire.lose(limits)
    party.step(START + 2_000_000)
    party.end("answered")
    party.step(START + 3_000_000)
    assert party.look(START + 3_000_000).snapshot("non_query", 0).frozen
