"""Who holds a slot in Redis, and for how long after having fallen silent."""

import pytest

from kentik_async.quota import Quota
from tests.multiprocess.redis.model import ONE, START, STARTED_LONG_AGO, Party, Wire, hold_one, limits_of


def test_who_dies_holding_keeps_the_slot_for_lease_and_drain(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    hold_one(wire, limits)
    heir = Party(wire, limits)
    for instant, again in ((0.5, 0.5), (1.3, 0.7), (1.9, 0.1)):
        reply = heir.step(START + int(instant * 10**6), 1)
        assert not heir.grants
        assert reply.again == again * 10**6
    heir.step(START + 2_000_000, 1)
    assert len(heir.grants) == 1
    assert heir.look(START + 2_000_000).snapshot("non_query", 0).left_hard_minute == 1


def test_who_lives_keeps_its_slot_by_stepping(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    holder, heir = hold_one(wire, limits), Party(wire, limits)
    for tenth in range(3, 60, 3):
        holder.step(START + tenth * 100_000)
        heir.step(START + tenth * 100_000, 1)
    assert not heir.grants
    assert holder.account.valid(holder.grants[0], START / 10**6 + 6.6)
    assert not holder.account.valid(holder.grants[0], START / 10**6 + 6.8)


def test_a_grant_that_lapsed_stays_invalid_although_its_process_steps_on(wire: Wire) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    sleeper = hold_one(wire, limits)
    grant = sleeper.grants[0]
    heir = Party(wire, limits)
    heir.step(START + 900_000, 1)
    heir.step(START + 1_800_000, 1)
    sleeper.step(START + 2_000_000, 1)
    assert not sleeper.account.valid(grant, START / 10**6 + 2.0)
    assert [name for name, message in wire.heard(limits) if message.kind == "grant"] == [heir.account.process]


@pytest.mark.parametrize(
    ("outcome", "left"), [("answered", 2), ("refused", 2), ("not_sent", 3), ("unknown", 2)]
)
def test_an_end_told_after_the_lease_still_counts_for_what_it_was(
    wire: Wire, outcome: str, left: int
) -> None:
    limits = limits_of(ONE, lease=1_000_000)
    late = hold_one(wire, limits)
    Party(wire, limits).step(START + 1_100_000)
    late.end(outcome)
    late.step(START + 1_500_000)
    snapshot = late.look(START + 1_500_000).snapshot("non_query", 0)
    assert snapshot.in_flight == (1 if outcome == "unknown" else 0)
    assert (snapshot.left_hard_minute or 0) + snapshot.others == left
    assert snapshot.frozen == (outcome == "refused")


def test_an_end_told_twice_counts_once(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = hold_one(wire, limits)
    party.end()
    step = party.account.step(0, START / 10**6 + 1, "run", STARTED_LONG_AGO)
    for _ in range(3):  # its reply got lost
        wire.run(limits, step, START + 1_000_000)
    assert party.look(START + 1_000_000).snapshot("non_query", 0).left_hard_minute == 2


def test_a_grant_of_which_no_word_came_is_found_with_the_next_step(wire: Wire) -> None:
    limits = limits_of(ONE)
    holder, deaf = hold_one(wire, limits), Party(wire, limits)
    deaf.step(START + 1, 1)
    holder.end()
    holder.step(START + 1000)
    assert not deaf.grants
    reply = deaf.step(START + 2000, 1)
    assert len(deaf.grants) == 1
    assert reply.want == 0, "the grant on its way was for the one call that waits"


def test_nobody_is_granted_twice_by_a_word_that_comes_late(wire: Wire) -> None:
    limits = limits_of(ONE)
    holder, waiting = hold_one(wire, limits), Party(wire, limits)
    waiting.step(START + 1, 1)
    wire.heard(limits)
    holder.end()
    holder.step(START + 1000)
    ((_, late),) = [told for told in wire.heard(limits) if told[1].kind == "grant"]
    waiting.step(START + 2000, 1)
    assert not waiting.account.hear(late)
    waiting.end()
    waiting.step(START + 3000)
    assert not waiting.account.hear(late)


def test_a_clock_set_back_brings_no_token_back_early_and_stops_nothing(wire: Wire) -> None:
    limits = limits_of(ONE)
    party = hold_one(wire, limits)
    party.end()
    first = party.step(START + 1_000_000)
    second = party.step(START - 3_600_000_000, 1)
    assert second.now > first.now
    assert len(party.grants) == 1
    party.end()
    third = party.step(START - 3_600_000_000 + 500_000, 1)
    assert third.now == pytest.approx(second.now + 500_000, abs=5)


def test_a_ledger_is_forgotten_an_hour_and_a_bit_after_its_last_use(wire: Wire) -> None:
    limits = limits_of(Quota.NON_QUERY, lease=10_000_000)
    party = hold_one(wire, limits)
    party.end()
    party.step(START + 10)
    for seconds in wire.lives(limits):
        assert 3600 + 50 < seconds < 3600 + 120
    # The process knows that it may be gone then, and is a newcomer, not a witness of a loss.
    wire.lose(limits)
    reply = party.step(START + 3_700_000_000, 1)
    assert party.grants
    assert reply.gate == 0
