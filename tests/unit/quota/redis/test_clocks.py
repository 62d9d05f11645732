"""Server clocks that are set, and round trips."""

import random

import pytest

from kentik_async.quota import Quota
from tests.unit.quota.redis.server import Member, kept_by, known_as_unused

HOUR = 3600.0


def test_a_report_without_other_commits_takes_one_round_trip() -> None:
    server = known_as_unused(trip=0.001)
    member = Member(server, "a")
    member.report()
    member.trips = 0
    for _ in range(3):
        member.report(1)
        member.end()
        member.report()
    assert member.trips == 6


def test_a_report_after_another_commit_takes_two_round_trips() -> None:
    server = known_as_unused(trip=0.001)
    first, second = Member(server, "a"), Member(server, "b")
    first.report()
    second.report()
    first.trips = 0
    first.report()
    assert first.trips == 2


def test_a_slow_network_is_not_taken_for_a_clock_change() -> None:
    server = known_as_unused(trip=0.4)
    member = Member(server, "a", lease=10.0)
    for _ in range(50):
        member.report()
        server.true += 1.0
    state = kept_by(server)
    assert server.true + server.ahead - state.now < 3.0
    assert float(server.stored[2] or 1) == 0.0


def test_no_grant_is_earlier_than_the_time_of_the_state() -> None:
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


@pytest.mark.parametrize("jump", [HOUR, 30.0, 1.0])
def test_a_clock_set_forward_returns_no_token_early(jump: float) -> None:
    server = known_as_unused(trip=0.001)
    member = Member(server, "a")
    member.use(3)
    server.ahead += jump
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


@pytest.mark.parametrize("jump", [HOUR, 30.0, 1.0])
def test_a_clock_set_forward_and_back_blocks_no_requests(jump: float) -> None:
    server = known_as_unused()
    members = [Member(server, name, Quota(1, None, 0.0, 60, None, minute=3.0, hour=30.0)) for name in "ab"]
    for member in members:
        member.report()
    last = kept_by(server).now
    for number in range(20):
        server.true += 1.0
        server.ahead += jump if number % 2 else -jump
        member = members[number // 3 % 2]
        member.use()
        now = kept_by(server).now
        assert 0.9 < now - last < 1.1
        last = now


def test_a_clock_set_back_blocks_no_requests() -> None:
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


def test_time_has_not_advanced_if_no_member_answers() -> None:
    server = known_as_unused()
    Member(server, "a").use(3)
    server.ahead += HOUR
    newcomer = Member(server, "b")
    newcomer.replica.possible_clock_jump = True
    newcomer.report(1)
    server.true += 2.9
    newcomer.report(1)
    assert not newcomer.held
    server.true += 0.2
    newcomer.report(1)
    assert newcomer.held
