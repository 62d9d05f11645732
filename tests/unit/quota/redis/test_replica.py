"""What members make of what they find in Redis: losses, restarts, failovers, clocks that were set."""

import random

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota import Quota
from kentik_async.quota.state.quota_state import FORMAT
from tests.unit.quota.redis.server import ONE, Member, Server, kept_by, known_as_unused

HOUR = 3600.0


def test_a_report_takes_one_round_trip_while_nobody_else_commits() -> None:
    server = known_as_unused(trip=0.001)
    member = Member(server, "a")
    member.report()
    member.trips = 0
    for _ in range(3):
        member.report(1)
        member.end()
        member.report()
    assert member.trips == 6


def test_a_report_after_another_members_takes_two() -> None:
    server = known_as_unused(trip=0.001)
    first, second = Member(server, "a"), Member(server, "b")
    first.report()
    second.report()
    first.trips = 0
    first.report()
    assert first.trips == 2


def test_a_slow_path_is_not_taken_for_a_clock_that_was_set() -> None:
    server = known_as_unused(trip=0.4)
    member = Member(server, "a", lease=10.0)
    for _ in range(50):
        member.report()
        server.true += 1.0
    state = kept_by(server)
    assert server.true + server.ahead - state.now < 3.0
    assert float(server.held[3] or 1) == 0.0


def test_nobody_goes_before_the_clock_shows_the_time_of_the_state() -> None:
    server = known_as_unused(trip=0.01)
    members = [Member(server, name) for name in "ab"]
    dice = random.Random(1)
    for _ in range(300):
        server.trip = dice.choice([0.001, 0.01, 0.1])
        member = dice.choice(members)
        member.report(1)
        assert server.true + server.ahead >= kept_by(server).now - 1e-6 or not member.held
        member.end()
        member.report()
        server.true += dice.random()


# A state that was lost


def test_a_newcomer_who_finds_no_state_waits_for_a_minute() -> None:
    server = Server()
    member = Member(server, "a")
    assert member.report(1).again == pytest.approx(3.0)
    server.true += 2.9
    member.report(1)
    assert not member.held
    server.true += 0.2
    member.report(1)
    assert member.held


@pytest.mark.parametrize("newcomer_first", [False, True])
def test_what_was_used_is_put_back(newcomer_first: bool) -> None:
    server = known_as_unused()
    first, second = Member(server, "a"), Member(server, "b")
    for number in range(4):
        (first, second)[number % 2].use()
        server.true += 1.1
    server.restart(kept=False)
    newcomer = Member(server, "c")
    if newcomer_first:
        newcomer.report(1)
    first.report()
    server.true += 0.1
    second.report()
    assert not newcomer.held
    server.true += 3.1
    newcomer.report(1)
    assert newcomer.held
    assert newcomer.look()[1] == 5, "the hour is not forgotten"


def test_a_witness_that_comes_late_makes_nobody_wait_again() -> None:
    server = known_as_unused()
    first, late = Member(server, "a"), Member(server, "b")
    first.use()
    late.report()
    server.restart(kept=False)
    first.report()
    server.true += 20.0
    late.report(1)
    assert late.held


def test_a_request_in_flight_outlives_the_state() -> None:
    server = known_as_unused()
    holder, other = Member(server, "a", lease=2.0), Member(server, "b", lease=2.0)
    holder.report(1)
    server.held = ()
    for _ in range(18):
        server.true += 0.5
        holder.report()
        other.report(1)
        assert holder.holds()
    assert not other.held
    holder.end()
    holder.report()
    other.report(1)
    assert other.held


def test_a_grant_that_had_lapsed_before_the_state_was_lost_stays_void() -> None:
    server = known_as_unused()
    holder = Member(server, "a")
    holder.report(1)
    server.held = ()
    server.true += 1.5
    assert holder.report().reclaimed
    assert not holder.held
    assert kept_by(server).log.in_flight == 1, "it drains"


def test_a_pause_outlives_the_state() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.report(1)
    member.end("refused", 25.0)
    member.report()
    server.held = ()
    server.true += 2.0
    for _ in range(22):
        server.true += 1.0
        member.report(1)
        assert not member.held
    server.true += 1.1
    member.report(1)
    assert member.held


@pytest.mark.parametrize("kept", [False, True])
def test_a_drain_outlives_the_state(kept: bool) -> None:
    slow = Quota(1, None, 0.0, 3, 5, minute=3.0, hour=90.0, drain=20.0)
    server = known_as_unused()
    member = Member(server, "a", slow)
    member.report(1)
    member.end("unknown")
    member.report()
    server.restart(kept=kept)
    for _ in range(18):
        server.true += 1.0
        member.report(1)
        assert not member.held
    server.true += 5.0
    member.report(1)
    assert member.held
    assert member.look()[1] == 2


def test_bytes_that_make_no_sense_are_a_state_lost() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.use(2)
    server.held = (*server.held[:4], b"rubbish")
    member.report()
    assert member.look() == (2, 2)


def test_a_state_of_another_version_is_left_alone() -> None:
    server = known_as_unused()
    server.held = (server.held[0], b"%d" % (FORMAT + 1), *server.held[2:])
    with pytest.raises(ConfigError, match="another version"):
        Member(server, "a").report()


# A server that was restarted, or another that took over


def test_a_restart_with_all_memory_counts_nothing_twice() -> None:
    server = known_as_unused()
    member = Member(server, "a", lease=20.0)
    member.use(2)
    member.report(1)
    server.restart(kept=True)
    member.report()
    assert member.look() == (3, 3)
    assert kept_by(server).log.in_flight == 1
    member.end()
    member.report()
    assert kept_by(server).log.in_flight == 0


@pytest.mark.parametrize("newcomer_first", [False, True])
def test_what_a_failover_lost_is_put_back_and_no_slot_is_lost(newcomer_first: bool) -> None:
    server = known_as_unused()
    member, newcomer = Member(server, "a", lease=20.0), Member(server, "b", lease=20.0)
    member.use()
    server.true += 0.1
    member.report(1)
    replicated = server.held
    member.end()
    server.true += 0.1
    member.report()
    server.true += 0.1
    member.use()
    server.restart(kept=True)
    server.held = replicated
    if newcomer_first:
        newcomer.report(1)
    member.report()
    newcomer.report(1)
    assert not newcomer.held
    assert member.look() == (3, 3)
    server.true += 22.0
    newcomer.report(1)
    assert newcomer.held, "the slot of a request that had ended is free"


def test_a_request_whose_lease_ended_in_an_outage_counts_once() -> None:
    server = known_as_unused(trip=0.001)
    holder, other = Member(server, "a"), Member(server, "b")
    holder.use()
    other.report()
    holder.report(1)
    server.restart(kept=True)
    server.true += 1.5
    other.report(1)
    holder.end()
    holder.report()
    server.true += 2.0
    other.report()
    assert other.look()[1] == 2


@pytest.mark.parametrize("apart", [15.0, -15.0])
@pytest.mark.parametrize("kept", [False, True])
def test_after_a_failover_to_another_clock_no_token_comes_back_early(kept: bool, apart: float) -> None:
    server = known_as_unused()
    member = Member(server, "a")
    began = server.true
    for _ in range(5):
        member.use()
        server.true += 2.0
    server.restart(kept=kept, ahead=server.ahead + apart)
    member.report()
    for seconds, used in ((29.0, 5), (31.0, 4), (33.0, 3), (37.0, 1), (39.1, 0)):
        server.true = began + seconds
        member.report()
        assert member.look()[1] == used


# A clock that was set


@pytest.mark.parametrize("leap", [HOUR, 30.0, 1.0])
def test_a_clock_set_forward_brings_no_token_back_early(leap: float) -> None:
    server = known_as_unused(trip=0.001)
    member = Member(server, "a")
    member.use(3)
    server.ahead += leap
    for _ in range(5):
        member.report(1)
        assert not member.held
        server.true += 0.5
    server.true += 1.0
    member.report(1)
    assert member.held


def test_a_clock_set_forward_ends_no_lease() -> None:
    server = known_as_unused()
    holder, heir = Member(server, "a", lease=10.0), Member(server, "b", lease=10.0)
    holder.report(1)
    heir.report(1)
    server.ahead += HOUR
    heir.report(1)
    holder.report()
    heir.report(1)
    assert holder.held
    assert not heir.held


@pytest.mark.parametrize("leap", [HOUR, 30.0, 1.0])
def test_a_clock_set_forward_and_back_stops_nothing(leap: float) -> None:
    server = known_as_unused()
    members = [Member(server, name, Quota(1, None, 0.0, 60, None, minute=3.0, hour=30.0)) for name in "ab"]
    for member in members:
        member.report()
    last = kept_by(server).now
    for number in range(20):
        server.true += 1.0
        server.ahead += leap if number % 2 else -leap
        member = members[number // 3 % 2]
        member.use()
        now = kept_by(server).now
        assert 0.9 < now - last < 1.1
        last = now


def test_a_clock_set_back_brings_no_token_back_early_and_stops_nothing() -> None:
    server = known_as_unused()
    first, newcomer = Member(server, "a"), Member(server, "b")
    first.use(3)
    server.ahead -= HOUR
    newcomer.report(1)
    server.true += 1.0
    newcomer.report(1)
    assert not newcomer.held
    server.true += 2.1
    newcomer.report(1)
    assert newcomer.held


def test_a_newcomer_takes_the_clock_to_have_stood_still_if_others_do_not_answer() -> None:
    server = known_as_unused()
    Member(server, "a").use(3)
    server.ahead += HOUR
    newcomer = Member(server, "b", leap=True)
    newcomer.report(1)
    server.true += 2.9
    newcomer.report(1)
    assert not newcomer.held
    server.true += 0.2
    newcomer.report(1)
    assert newcomer.held


def test_a_member_that_knows_the_time_notices_that_the_clock_was_set() -> None:
    server = known_as_unused(trip=0.001)
    member = Member(server, "a")
    member.report()
    assert member.replica.on_time(server.exchange(b"?", ()))
    server.ahead += 1.0
    assert not member.replica.on_time(server.exchange(b"?", ()))


# Leases


def test_who_dies_holding_keeps_the_slot_for_lease_and_drain() -> None:
    server = known_as_unused()
    holder, heir = Member(server, "a"), Member(server, "b")
    holder.report(1)
    for seconds, again in ((0.5, 0.5), (0.5, 1.0), (0.9, 0.1)):
        server.true += seconds
        assert heir.report(1).again == pytest.approx(again, abs=0.001)
        assert not heir.held
    server.true += 0.1
    heir.report(1)
    assert heir.held


def test_a_grant_that_lapsed_is_void_although_its_process_goes_on() -> None:
    server = known_as_unused()
    sleeper, heir = Member(server, "a"), Member(server, "b")
    sleeper.report(1)
    server.true += 1.1
    assert not sleeper.holds()
    heir.report(1)
    assert sleeper.report(1).reclaimed
    assert not sleeper.held


def test_a_lease_ends_here_before_it_ends_in_the_state() -> None:
    server = known_as_unused()
    member, dice = Member(server, "a"), random.Random(2)
    for _ in range(200):
        server.trip = dice.choice([0.001, 0.01, 0.2])
        if dice.random() < 0.3:
            Member(server, f"x{server.true}").report()
        member.report(1)
        ends = kept_by(server).members["a"].lease_until
        assert member.replica.lease_from + member.lease <= ends - server.ahead + 1e-5
        member.end("not_sent")
        member.report()
        server.true += dice.random() * 3


def test_a_reply_that_is_lost_costs_nothing() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.report(1, lose_reply=True)
    member.report(1)
    assert len(member.held) == 1
    member.end()
    member.report(lose_reply=True)
    member.report()
    assert member.look() == (1, 1)
    assert kept_by(server).members == {}


def test_the_more_careful_of_two_quotas_applies() -> None:
    server = known_as_unused()
    careful, careless = Member(server, "a"), Member(server, "b", Quota(1, None, 0.0, 14, 100))
    careful.use()
    careless.use(2)
    careless.report(1)
    assert not careless.held
    assert ONE.hard_per_minute == 3
