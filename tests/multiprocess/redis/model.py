"""The script of the shared ledger on a clock of the test's, and the model that it is held against."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kentik_async.quota import Allowance, Quota
from kentik_async.quota.books import Books
from kentik_async.quota.redis_account import Account
from kentik_async.quota.redis_script import SCRIPT, Limits, Look, Message, Reply, Step
from kentik_async.quota.redis_view import View
from tests.multiprocess.redis.harness import RedisServer

START = 1_800_000_000_000_000
STARTED_LONG_AGO = START - 10**12

# Instants of the test are whole milliseconds and spans are not: nothing ever falls due at the very instant
# of a step, where the microsecond that keeps stamps apart would decide.
QUOTA = Quota(
    max_concurrent=2,
    soft_per_minute=4,
    soft_delay=0.5137,
    hard_per_minute=7,
    per_hour=20,
    minute=3.0004,
    hour=15.0004,
    drain=1.0003,
)

TIMED_SCRIPT = SCRIPT.replace("redis.call('TIME')", "cmsgpack.unpack(ARGV[3])")


class Wire:
    """One connection that steps, and one that hears all that any process would hear."""

    def __init__(self, server: RedisServer) -> None:
        self._redis = server.admin
        self._script = self._redis.register_script(TIMED_SCRIPT)
        self._ears = self._redis.pubsub()
        self._ears.psubscribe("*")
        self._ears.get_message(timeout=5)

    def close(self) -> None:
        self._ears.close()

    def run(self, limits: Limits, step: Step, clock: int) -> Any:
        time = msgspec.msgpack.encode([str(clock // 10**6), str(clock % 10**6)])
        keys = [f"{limits.channel}:state", f"{limits.channel}:log"]
        arguments = [msgspec.msgpack.encode(limits), msgspec.msgpack.encode(step), time]
        return self._script(keys=keys, args=arguments)

    def heard(self, limits: Limits) -> list[tuple[str, Message]]:
        """Who was told what since the last look."""
        self._redis.publish("end", "")
        told: list[tuple[str, Message]] = []
        while True:
            message = self._ears.get_message(timeout=5)
            assert message is not None
            channel = message["channel"].decode()
            if channel == "end":
                return told
            if channel.startswith(limits.channel + ":"):
                name = channel.removeprefix(limits.channel + ":")
                told.append((name, msgspec.msgpack.decode(message["data"], type=Message)))

    def keys(self, limits: Limits) -> list[str]:
        return [f"{limits.channel}:state", f"{limits.channel}:log"]

    def lose(self, limits: Limits) -> None:
        self._redis.delete(*self.keys(limits))

    def lives(self, limits: Limits) -> list[float]:
        return [self._redis.pttl(key) / 1000 for key in self.keys(limits)]

    @property
    def redis(self) -> Any:
        return self._redis


class Party:
    """A process that takes part, on the test's clock, with the real account."""

    def __init__(self, wire: Wire, limits: Limits, quota: Quota | None = None) -> None:
        self.wire = wire
        self.quota = quota or ONE
        self.limits = limits
        self.account = Account(limits)
        self.run = "run"
        self.grants: list[int] = []
        self.reply: Reply | None = None

    def step(
        self,
        clock: int,
        want: int = 0,
        *,
        back: bool = False,
        leave: bool = False,
        started: int = STARTED_LONG_AGO,
    ) -> Reply:
        """Step, as the courier does, and keep the grants."""
        step = self.account.step(want, clock / 10**6, self.run, started, back=back)
        step.leave = leave
        reply = msgspec.msgpack.decode(self.wire.run(self.limits, step, clock), type=Reply)
        self.reply = reply
        if reply.lost:
            assert not back
            return self.step(clock, want, back=True, leave=leave, started=started)
        self.grants += self.account.enter(step, reply, clock / 10**6, clock / 10**6)
        return reply

    def look(self, clock: int) -> View:
        step = self.account.step(0, clock / 10**6, self.run, STARTED_LONG_AGO)
        step.look = True
        look, log = self.wire.run(self.limits, step, clock)
        return View(msgspec.msgpack.decode(look, type=Look), log, self.quota, "throughput")

    def end(
        self,
        outcome: str = "answered",
        retry_after: float | None = None,
        which: int = 0,
        said: Allowance | None = None,
    ) -> None:
        if said is not None:
            self.account.heed(self.grants[which], said)
        self.account.end(self.grants.pop(which), outcome, retry_after)


def limits_of(quota: Quota = QUOTA, pacing: str = "throughput", *, lease: int = 10**12) -> Limits:
    limits = Limits.of(quota, pacing, f"kentik-async:{{{uuid.uuid4().hex}}}:non_query")
    return msgspec.structs.replace(limits, lease=lease)


@dataclass
class Model:
    """What one process with the same history would do, by the pure parts of the in-process limiter."""

    quota: Quota
    pacing: str
    queue: deque[str] = field(default_factory=deque)
    wants: dict[str, int] = field(default_factory=dict)
    holds: dict[int, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.books = Books(self.quota, self.pacing)
        self.ledger, self.freeze = self.books.ledger, self.books.freeze

    def end(
        self, grant: int, outcome: str, retry_after: float | None, said: Allowance | None, now: float
    ) -> None:
        self.books.heed(now)
        self.ledger.room(now)  # what has drained by now was used before
        sent, epoch = self.holds.pop(grant)
        later = sum(other > sent for other, _ in self.holds.values())
        if said is not None and outcome in ("answered", "refused"):
            self.books.told(now, later, said)
        self.books.end(outcome, sent, epoch, now, retry_after=retry_after, later=later)

    def want(self, name: str, count: int) -> None:
        if count > 0 and not self.wants.get(name):
            self.queue.append(name)
        elif count == 0 and self.wants.get(name):
            self.queue.remove(name)
        self.wants[name] = count

    def free_at(self, now: float) -> float:
        self.books.heed(now)
        return self.books.free_at(now)

    def pump(self, now: float) -> list[tuple[str, tuple[float, int]]]:
        granted = []
        while self.queue and self.free_at(now) <= now:
            name = self.queue.popleft()
            self.wants[name] -= 1
            if self.wants[name]:
                self.queue.append(name)
            granted.append((name, (now, self.freeze.epoch)))
            self.freeze.granted()
            self.ledger.take()
        return granted


def hold_one(wire: Wire, limits: Limits, clock: int = START) -> Party:
    party = Party(wire, limits)
    party.step(clock, 1)
    assert len(party.grants) == 1
    return party


ONE = Quota(1, None, 0.0, 3, 5, minute=3.0, hour=30.0, drain=1.0)
