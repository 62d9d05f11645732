"""The clock of Redis's machine set forward and back: by it tokens age, and nobody may be taken in by it."""

import msgspec
import pytest

from kentik_async.quota import Quota
from kentik_async.quota.redis_script import Reply
from tests.multiprocess.redis.model import ONE, START, STARTED_LONG_AGO, Party, Wire, limits_of

HOUR = 3_600_000_000
SECOND = 1_000_000


class Elsewhere(Party):
    """A process whose machine has a clock of its own."""

    def step_at(self, own: int, server: int, want: int = 0) -> Reply:
        step = self.account.step(want, own / 10**6, self.run, STARTED_LONG_AGO)
        reply = msgspec.msgpack.decode(self.wire.run(self.limits, step, server), type=Reply)
        self.grants += self.account.enter(step, reply, own / 10**6, own / 10**6)
        return reply

    def use_up(self, own: int, server: int) -> Reply:
        """Use the whole minute's quota, three requests."""
        for number in range(3):
            self.step_at(own + number, server + number, 1)
            self.end()
        return self.step_at(own + 3, server + 3)


def test_a_clock_set_forward_brings_no_token_back_early(wire: Wire) -> None:
    party = Elsewhere(wire, limits_of(ONE))
    before = party.use_up(0, START)
    leapt = party.step_at(1000, START + HOUR, 1)
    assert not party.grants
    assert leapt.now == pytest.approx(before.now + 1000, abs=10)
    assert leapt.again == -1 or leapt.again > 2 * SECOND
    party.step_at(2 * SECOND, START + HOUR + 2 * SECOND, 1)
    assert not party.grants
    party.step_at(3 * SECOND + 2000, START + HOUR + 3 * SECOND + 2000, 1)
    assert len(party.grants) == 1


def test_a_clock_set_forward_ends_no_lease(wire: Wire) -> None:
    limits = limits_of(ONE, lease=10 * SECOND)
    holder, heir = Elsewhere(wire, limits), Elsewhere(wire, limits)
    holder.step_at(0, START, 1)
    heir.step_at(500, START + 500, 1)
    holder.step_at(1000, START + HOUR)
    heir.step_at(1500, START + HOUR + 500, 1)
    assert len(holder.grants) == 1
    assert not heir.grants


@pytest.mark.parametrize("leap", [HOUR, 30 * SECOND, SECOND])
def test_a_clock_set_forward_and_back_again_stops_nothing(wire: Wire, leap: int) -> None:
    party = Elsewhere(wire, limits_of(Quota(1, None, 0.0, 60, None, minute=3.0, hour=30.0, drain=1.0)))
    own, last = 0, party.step_at(0, START).now
    for number in range(12):
        own += SECOND
        reply = party.step_at(own, START + own + (leap if number % 2 else 0), 1)
        assert len(party.grants) == 1
        party.end()
        assert 0 < reply.now - last <= 1.3 * SECOND
        last = reply.now


def test_a_step_that_was_long_on_its_way_is_not_taken_for_a_leap(wire: Wire) -> None:
    party = Elsewhere(wire, limits_of(ONE))
    before = party.use_up(0, START)
    later = party.step_at(1000, START + 200_000, 1)
    assert later.now == pytest.approx(before.now + 200_000, abs=1000)


def test_who_knows_of_no_leap_may_still_come_late(wire: Wire) -> None:
    """A process that slept for an hour, or has just come, is told the ledger's own time."""
    limits = limits_of(ONE)
    early, late = Elsewhere(wire, limits), Elsewhere(wire, limits)
    early.use_up(0, START)
    late.step_at(4 * SECOND, START + 4 * SECOND, 1)
    assert len(late.grants) == 1
    late.end()
    late.step_at(4 * SECOND + 1, START + 4 * SECOND + 1)
    early.step_at(5 * SECOND, START + 5 * SECOND, 1)
    assert len(early.grants) == 1
