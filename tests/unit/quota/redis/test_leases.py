"""How long a member without reports keeps its slot, and which limits apply."""

import random

import pytest

from kentik_async.quota import Quota
from tests.unit.quota.redis.server import ONE, Member, kept_by, known_as_unused


def test_a_dead_holder_keeps_its_slot_for_lease_and_drain() -> None:
    server = known_as_unused()
    holder, heir = Member(server, "a"), Member(server, "b")
    holder.report(1)
    for seconds, again in ((0.5, 0.5), (0.5, 1.0), (0.9, 0.1)):
        server.true += seconds
        assert heir.report(1).report_in == pytest.approx(again, abs=0.001)
        assert not heir.held
    server.true += 0.1
    heir.report(1)
    assert heir.held


def test_an_expired_grant_is_void() -> None:
    server = known_as_unused()
    sleeper, heir = Member(server, "a"), Member(server, "b")
    sleeper.report(1)
    server.true += 1.1
    assert not sleeper.holds()
    heir.report(1)
    assert sleeper.report(1).reclaimed
    assert not sleeper.held


def test_a_lease_ends_locally_before_it_ends_in_the_state() -> None:
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


def test_a_lost_reply_costs_nothing() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.report(1, lose_reply=True)
    member.report(1)
    assert len(member.held) == 1
    member.end()
    member.report(lose_reply=True)
    member.report()
    assert member.usage() == (1, 1)
    assert kept_by(server).members == {}


def test_the_stricter_of_two_quotas_applies() -> None:
    server = known_as_unused()
    careful, careless = Member(server, "a"), Member(server, "b", Quota(1, None, 0.0, 14, 100))
    careful.use()
    careless.use(2)
    careless.report(1)
    assert not careless.held
    assert ONE.hard_per_minute == 3
