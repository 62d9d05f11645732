"""How members restore a state that was lost, or that came back without the latest changes."""

import pytest

from kentik_async.errors import ConfigError
from kentik_async.quota import Quota
from kentik_async.quota.state.quota_state import FORMAT
from tests.unit.quota.redis.server import Member, Server, kept_by, known_as_unused


def test_a_new_member_without_a_state_waits_for_a_minute() -> None:
    server = Server()
    member = Member(server, "a")
    assert member.report(1).report_in == pytest.approx(3.0)
    server.true += 2.9
    member.report(1)
    assert not member.held
    server.true += 0.2
    member.report(1)
    assert member.held


@pytest.mark.parametrize("newcomer_first", [False, True])
def test_members_restore_the_usage_after_a_loss(newcomer_first: bool) -> None:
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
    assert newcomer.usage()[1] == 5, "the hour is not forgotten"


def test_a_late_restore_does_not_delay_requests_again() -> None:
    server = known_as_unused()
    first, late = Member(server, "a"), Member(server, "b")
    first.use()
    late.report()
    server.restart(kept=False)
    first.report()
    server.true += 20.0
    late.report(1)
    assert late.held


def test_a_request_in_flight_survives_the_loss_of_the_state() -> None:
    server = known_as_unused()
    holder, other = Member(server, "a", lease=2.0), Member(server, "b", lease=2.0)
    holder.report(1)
    server.stored = ()
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


def test_a_grant_that_expired_before_a_loss_stays_void() -> None:
    server = known_as_unused()
    holder = Member(server, "a")
    holder.report(1)
    server.stored = ()
    server.true += 1.5
    assert holder.report().reclaimed
    assert not holder.held
    assert kept_by(server).log.in_flight == 1, "the request drains"


def test_a_pause_survives_the_loss_of_the_state() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.report(1)
    member.end("refused", 25.0)
    member.report()
    server.stored = ()
    server.true += 2.0
    for _ in range(22):
        server.true += 1.0
        member.report(1)
        assert not member.held
    server.true += 1.1
    member.report(1)
    assert member.held


@pytest.mark.parametrize("kept", [False, True])
def test_a_drain_survives_the_loss_of_the_state(kept: bool) -> None:
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
    assert member.usage()[1] == 2


def test_undecodable_bytes_count_as_a_lost_state() -> None:
    server = known_as_unused()
    member = Member(server, "a")
    member.use(2)
    server.stored = (*server.stored[:3], b"rubbish")
    member.report()
    assert member.usage() == (2, 2)


def test_a_state_of_another_version_is_not_changed() -> None:
    server = known_as_unused()
    server.stored = (b"%d:other" % (FORMAT + 1), *server.stored[1:])
    with pytest.raises(ConfigError, match="another version"):
        Member(server, "a").report()


# A server that was restarted, or another that took over


def test_a_restart_without_data_loss_counts_nothing_twice() -> None:
    server = known_as_unused()
    member = Member(server, "a", lease=20.0)
    member.use(2)
    member.report(1)
    server.restart(kept=True)
    member.report()
    assert member.usage() == (3, 3)
    assert kept_by(server).log.in_flight == 1
    member.end()
    member.report()
    assert kept_by(server).log.in_flight == 0


@pytest.mark.parametrize("newcomer_first", [False, True])
def test_usage_lost_in_a_failover_is_restored(newcomer_first: bool) -> None:
    server = known_as_unused()
    member, newcomer = Member(server, "a", lease=20.0), Member(server, "b", lease=20.0)
    member.use()
    server.true += 0.1
    member.report(1)
    replicated = server.stored
    member.end()
    server.true += 0.1
    member.report()
    server.true += 0.1
    member.use()
    server.restart(kept=True)
    server.stored = replicated
    if newcomer_first:
        newcomer.report(1)
    member.report()
    newcomer.report(1)
    assert not newcomer.held
    assert member.usage() == (3, 3)
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
    assert other.usage()[1] == 2


@pytest.mark.parametrize("apart", [15.0, -15.0])
@pytest.mark.parametrize("kept", [False, True])
def test_no_token_returns_early_after_a_clock_change(kept: bool, apart: float) -> None:
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
        assert member.usage()[1] == used
