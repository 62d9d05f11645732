"""The ledger in Redis decides as the one of a process does: the script, on a clock of the test's."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentik_async.quota import Allowance, Quota
from kentik_async.quota.redis_script import LOG_ENTRY
from tests.multiprocess.redis.model import ONE, QUOTA, START, Model, Party, Wire, limits_of

MOSTLY_ANSWERED = ["answered"] * 6 + ["refused", "not_sent", "unknown"]
ANYTHING = ["answered", "refused", "refused", "not_sent", "unknown"]
Ending = tuple[int, str, float | None, Allowance | None]
WAITS = st.sampled_from([1, 2, 40, 300, 700, 1500, 4000, 16000])


def events(outcomes: list[str]) -> st.SearchStrategy[list[Any]]:
    """Steps: milliseconds since the last, which process, how its requests end, how many calls wait."""
    said = st.builds(Allowance, st.integers(0, 8), st.sampled_from([0.0, 0.9003, 4.0007]))
    ending = st.tuples(
        st.integers(0, 3),
        st.sampled_from(outcomes),
        st.sampled_from([None, None, 0.7002]),
        st.one_of(*[st.none()] * 5, said),
    )
    event = st.tuples(WAITS, st.integers(0, 2), st.lists(ending, max_size=2), st.integers(0, 3))
    return st.lists(event, min_size=1, max_size=60)


@settings(max_examples=200)
@given(pacing=st.sampled_from(["throughput", "courteous", "auto"]), happens=events(MOSTLY_ANSWERED))
def test_the_script_grants_as_one_process_would(wire: Wire, pacing: str, happens: list[Any]) -> None:
    compare(wire, QUOTA, pacing, happens)


@settings(max_examples=200)
@given(happens=events(ANYTHING))
def test_the_script_bears_refusals_as_one_process_would(wire: Wire, happens: list[Any]) -> None:
    compare(wire, replace(QUOTA, soft_per_minute=100, hard_per_minute=None, per_hour=200), "auto", happens)


class Comparison:
    """Three processes on the script, and the model, through the same events."""

    def __init__(self, wire: Wire, quota: Quota, pacing: str) -> None:
        self.wire = wire
        self.limits = msgspec.structs.replace(limits_of(quota, pacing), keep=10**9)
        self.parties = [Party(wire, self.limits, quota) for _ in range(3)]
        self.names = {party.account.process: party for party in self.parties}
        self.model = Model(quota, pacing)
        self.told: dict[str, float] = {}

    def step(self, clock: int, who: int, endings: list[Ending], want: int) -> None:
        now, party, model = (clock - START) / 10**6, self.parties[who], self.model
        for number, outcome, retry_after, said in endings:
            if party.grants:
                which = number % len(party.grants)
                model.end(party.grants[which], outcome, retry_after, said, now)
                party.end(outcome, retry_after, which, said)
        model.want(party.account.process, want)
        issued = sorted(self.issue(party, clock, want, now))
        expected = model.pump(now)
        assert [name for _, name in issued] == [name for name, _ in expected]
        for (grant, _), (_, hold) in zip(issued, expected, strict=True):
            model.holds[grant] = hold
        when = min(model.free_at(now), model.books.congestion.eases_at(now))
        if model.queue and when < inf:
            told = self.told.get(model.queue[0])
            assert told == pytest.approx(when, abs=1e-4), "nobody would step when its turn comes"

    def issue(self, party: Party, clock: int, want: int, now: float) -> Iterator[tuple[int, str]]:
        """Step, and yield every grant with its process, by whichever way it came."""
        before = len(party.grants)
        reply = party.step(clock, want)
        if reply.again >= 0:
            self.told[party.account.process] = now + reply.again / 10**6
        for grant in party.grants[before:]:
            yield grant, party.account.process
        for name, message in self.wire.heard(self.limits):
            if message.kind == "grant":
                assert self.names[name].account.hear(message)
                self.names[name].grants.append(message.id)
                yield message.id, name
            elif message.kind == "turn":
                self.told[name] = now + message.wait / 10**6


def compare(wire: Wire, quota: Quota, pacing: str, happens: list[Any]) -> None:
    both, clock = Comparison(wire, quota, pacing), START
    for wait, *event in happens:
        clock += wait * 1000
        both.step(clock, *event)
    model = both.model
    snapshot = both.parties[0].look(clock).snapshot("non_query", 0)
    minute, hour = model.ledger.used((clock - START) / 10**6)
    others = model.books.congestion.others((clock - START) / 10**6)
    if quota.hard_per_minute is not None:
        assert snapshot.left_hard_minute == max(quota.hard_per_minute - minute - others, 0)
    assert snapshot.left_hour == max((quota.per_hour or 0) - hour, 0)
    assert snapshot.in_flight == model.ledger.in_flight
    assert snapshot.frozen == model.freeze.active
    assert snapshot.others == others
    assert snapshot.latency == pytest.approx(model.books.pace.latency, abs=1e-5)


def test_more_careful_pacing_of_another_process_holds_for_all(wire: Wire) -> None:
    quota = Quota(1, 1, 0.5, 5, None, minute=3.0, hour=30.0, drain=1.0)
    bold = limits_of(quota, "throughput")
    careful = msgspec.structs.replace(bold, pacing=2)
    rash, prudent = Party(wire, bold), Party(wire, careful)
    rash.step(START, 1)
    rash.end()
    prudent.step(START + 1000, 1)
    rash.step(START + 2000, 1)
    assert not rash.grants
    assert not prudent.grants
    prudent.step(START + 3000, 0)
    rash.step(START + 4000, 1)
    assert rash.grants


def test_a_larger_quota_keeps_what_the_log_of_a_smaller_one_holds(wire: Wire) -> None:
    small = limits_of(ONE)
    party = Party(wire, small)
    for number in range(5):
        party.step(START + number * 3_100_000, 1)
        party.end()
    party.step(START + 13_000_000)
    party.limits = msgspec.structs.replace(small, hourly=9, size=9)
    party.step(START + 13_001_000)
    _, log = wire.run(
        party.limits, msgspec.structs.replace(party.account.step(0, 0, "run", 0), look=True), START
    )
    assert [used > 0 for used, _ in struct.iter_unpack(LOG_ENTRY, log)] == [True] * 5 + [False] * 4


def test_the_log_takes_ten_bytes_a_request(wire: Wire) -> None:
    limits = limits_of(Quota.NON_QUERY)
    party = Party(wire, limits)
    for number in range(30):
        party.step(START + number * 10**8, 1)
        party.end()
    party.step(START + 10**10)
    state, log = (wire.redis.memory_usage(key) for key in wire.keys(limits))
    assert log < 41_100
    assert state < 1_000
