"""The state of one quota class, shared by all members that spend it, and the changes that it goes through.

Pure: every store runs the same changes on it, wherever it keeps it. A member makes `reporting.enter` or
`enter_alone`; `advance` and `reclaim` end what members held that died, `recovery.py` begins after a loss.
The state has no limits of its own: of those that its members keep to the most careful apply.

Everywhere in this folder `quota` is the limits in force, and `now` the present instant by the store's clock.
"""

from functools import reduce
from itertools import chain
from math import inf

import msgspec
from msgspec.structs import astuple

from kentik_async.quota.limits import PACINGS, Pacing, Quota
from kentik_async.quota.state.circuit_breaker import CircuitBreaker
from kentik_async.quota.state.external_usage import ExternalUsageEstimator
from kentik_async.quota.state.latency import LatencyEstimator
from kentik_async.quota.state.messages import Ending, Limits
from kentik_async.quota.state.sliding_window_log import SlidingWindowLog
from kentik_async.quota.state.turn_order import TurnOrder

__all__ = ["FORMAT", "Declared", "Hold", "Member", "QuotaState", "StateError", "decode", "encode"]

FORMAT = 1
"""Of the encoded state; a store that reads another number must not use what it read."""


class Hold(msgspec.Struct, array_like=True, gc=False):
    """A request in flight.

    `generation` is that of the circuit breaker that it was granted in, `priority` that of its call.
    """

    member: str
    granted_at: float
    generation: int
    priority: int


class Member(msgspec.Struct, array_like=True):
    """Somebody who holds a grant or waits for one.

    Attributes:
        lease_until: When it is taken for dead unless it reports before; infinity if never.
        pacing: The pacing that it wishes for.
        held: How many grants it holds.
        latest_grant: The greatest number of its grants.
    """

    lease_until: float = inf
    pacing: Pacing = "throughput"
    held: int = 0
    latest_grant: int = 0


class Declared(msgspec.Struct, array_like=True):
    """Limits that a member keeps to, and until when all others keep to them too."""

    limits: Limits
    until: float


class QuotaState(msgspec.Struct, array_like=True):
    """What was used, what is in flight, who waits, and what refusals and others outside have led to.

    Attributes:
        format: See `FORMAT`.
        incarnation: A name drawn by lot by whoever made this state; it changes if the state was lost.
        revision: Counts the reports: of two copies of one incarnation the greater is the later one.
        now: The latest instant seen; time never runs backwards in a state.
        blocked_until: Until when nobody may go, since it is not known what was spent before this state.
        restored_until: Up to when what was used before a loss has been put back; see `recovery.py`.
        recorded: Up to which number the grants that members held before a loss are in this state, or ended.
        issued: The number of the latest grant.
        log: What was used and how much is in flight.
        breaker: What refusals have led to.
        external: What others outside are taken to spend.
        latency: How long answers take.
        turns: Who waits.
        members: Those who hold a grant or wait, by name.
        holds: The requests in flight whose holder is alive, by grant number.
        declared: The limits that were reported within the last hour.
    """

    format: int = FORMAT
    incarnation: str = ""
    revision: int = 0
    now: float = -inf
    blocked_until: float = -inf
    restored_until: float = -inf
    recorded: int = 0
    issued: int = 0
    log: SlidingWindowLog = msgspec.field(default_factory=SlidingWindowLog)
    breaker: CircuitBreaker = msgspec.field(default_factory=CircuitBreaker)
    external: ExternalUsageEstimator = msgspec.field(default_factory=ExternalUsageEstimator)
    latency: LatencyEstimator = msgspec.field(default_factory=LatencyEstimator)
    turns: TurnOrder = msgspec.field(default_factory=TurnOrder)
    members: dict[str, Member] = {}
    holds: dict[int, Hold] = {}
    declared: list[Declared] = []

    def advance(self, now: float) -> float:
        """Bring the state to an instant, or to a later one that it has seen, and return that.

        Members whose lease is over are taken for dead.
        """
        if now > self.now:
            self.now = now
        else:
            now = self.now
        for member in self.members.values():
            if member.lease_until <= now:
                lapsed = [name for name, member in self.members.items() if member.lease_until <= now]
                for name in lapsed:
                    self.reclaim(name, now)
                break
        return now

    def reclaim(self, name: str, now: float) -> None:
        """Enter that a member is dead: its requests may still be working at the server, so they drain."""
        self.members.pop(name, None)
        self.turns.announce(name, {})
        quota = self.most_careful()
        for number in [number for number, hold in self.holds.items() if hold.member == name]:
            hold = self.holds.pop(number)
            self.log.drain(quota, now)
            self.breaker.probe_lost(hold.generation)

    def quota_in_force(self, quota: Quota, limits: Limits, now: float) -> Quota:
        """Return the most careful of a member's limits, also as a tuple, and others' of the last hour."""
        declared = self.declared
        if len(declared) == 1 and declared[0].limits == limits:
            declared[0].until = now + quota.hour
            return quota
        others = [other for other in declared if other.until > now and other.limits != limits]
        declared[:] = [*others, Declared(limits, now + quota.hour)]
        return self.most_careful()

    def most_careful(self) -> Quota:
        """Return the most careful of the limits that were declared; the vendor's if none were."""
        quotas = [Quota(*declared.limits) for declared in self.declared]
        return reduce(Quota.combined, quotas) if quotas else Quota.NON_QUERY

    def courteous(self, quota: Quota, pacing: Pacing) -> bool:
        """Tell whether the soft limit is kept like a hard one: the most careful pacing of all applies."""
        for member in self.members.values():
            if PACINGS[member.pacing] > PACINGS[pacing]:
                pacing = member.pacing
        return self.latency.courteous(quota, pacing)

    def per_minute(self, quota: Quota, pacing: Pacing, now: float) -> int | None:
        """Return how many requests the rolling minute may hold at present; None for any number."""
        limit, soft = quota.hard_per_minute, quota.soft_per_minute
        if soft is not None and (limit is None or soft < limit) and self.courteous(quota, pacing):
            limit = soft
        if limit is None or not self.external.spent:
            return limit
        return max(limit - self.external.estimate(quota, now), 1)

    def room(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return how many requests may go this instant; below 1 if none."""
        if self.blocked_until > now or self.external.blocked_until > now:
            return 0
        if self.breaker.is_open:
            return min(self.log.room(quota, per_minute, now), 1) if self.breaker.free_at(now) <= now else 0
        return self.log.room(quota, per_minute, now)

    def free_at(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return when one request may go if nothing ends, and nothing is eased, before."""
        blocked_until = max(self.blocked_until, self.external.blocked_until)
        return max(self.breaker.free_at(now), self.log.free_at(quota, per_minute, now), blocked_until)

    def grant(self, name: str, member: Member, priority: int, now: float) -> int:
        """Enter that a request of a member may go; return the grant's number."""
        breaker = self.breaker
        if breaker.is_open:
            breaker.half_open = True  # it is the probe
        self.log.in_flight += 1
        number = self.issued = self.issued + 1
        self.holds[number] = Hold(name, now, breaker.generation, priority)
        member.held += 1
        member.latest_grant = number
        return number

    def end(self, ending: Ending, quota: Quota, now: float) -> None:
        """Enter how a granted request ended; an unknown one, or one that has ended before, is ignored."""
        hold = self.holds.pop(ending.grant, None)
        if hold is None:
            return
        member = self.members.get(hold.member)
        if member is not None:
            member.held -= 1
        at = ending.ended_at
        if at is None or at > now:
            at = now
        # A member's clock may show anything; how long it took is known to be from 0 to this.
        took, longest = ending.took, at - hold.granted_at
        if not 0.0 <= took <= longest:
            took = 0.0 if took < 0.0 else longest  # also for what is not a number
        if ending.hint is not None:
            load = self._load(hold, quota, now)
            self.external.told(quota, now, load, ending.hint.left, ending.hint.reset)
        if ending.outcome == "answered":
            self._answered(hold, quota, took, at)
        elif ending.outcome == "refused":
            load = self._load(hold, quota, now)
            self.log.use(quota, at - took, at)
            if self.breaker.refused(quota, now, hold.generation, ending.retry_after):
                self.external.refused(quota, now, load)
        else:
            if ending.outcome == "not_sent":
                self.log.in_flight -= 1
            else:
                self.log.drain(quota, now)
            self.breaker.probe_lost(hold.generation)

    def end_all(self, now: float) -> None:
        """Enter all requests in flight as answered, and nobody as waiting: the parent keeps both."""
        self.log.end_all(self.most_careful(), self.advance(now))
        self.holds.clear()
        self.members.clear()
        self.turns = TurnOrder()
        self.breaker.half_open = False

    def idle(self) -> bool:
        """Tell whether nobody waits, nothing is in flight and every token has returned."""
        used = self.log.used(self.most_careful(), self.now)
        return used == (0, 0) and not (self.turns.levels or self.breaker.is_open)

    def _answered(self, hold: Hold, quota: Quota, took: float, now: float) -> None:
        log, latency, external, delayed = self.log, self.latency, self.external, False
        # A quicker answer was not delayed; it says something about others only if they are suspected already.
        if took + took >= quota.soft_delay > 0.0 or external.spent or external.late:
            delayed = self._delayed(quota, took, now)
        latency.learn(quota, took, delayed)
        log.use(quota, now - took, now)
        if self.breaker.is_open:
            self.breaker.answered(hold.generation)

    def _delayed(self, quota: Quota, took: float, now: float) -> bool:
        """Tell whether the server delayed an answer; enter what that says about others."""
        log, external, usual = self.log, self.external, self.latency.latency
        delayed = log.delayed(quota, now - took, self.external.estimate(quota, now))
        if usual is not None:
            log.settle(quota, now)
            external.answered(quota, now, took, usual, log.minute.total + log.in_flight)
        return delayed or external.late > 0

    def _load(self, hold: Hold, quota: Quota, now: float) -> int:
        """Return how many requests counted in the minute when a request in flight was sent, it included."""
        self.log.settle(quota, now)
        later = sum(other.granted_at > hold.granted_at for other in self.holds.values())
        return self.log.minute.total + self.log.in_flight - later


class StateError(ValueError):
    """What was kept is damaged, or of another version: it must not be used."""


# MessagePack, without names: a state at rest takes some hundred bytes, and 10 kB with a full hour in it.
encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(QuotaState)


def decode(encoded: bytes) -> QuotaState:
    """Return the state that was encoded; raise StateError if it is damaged, or of another version."""
    try:
        state = _decoder.decode(encoded)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateError(f"the state of the quota cannot be read: {error}") from error
    log = state.log
    if state.format != FORMAT:
        raise StateError(f"the state of the quota has format {state.format}; this version reads {FORMAT}")
    parts = map(astuple, (state.breaker, state.external, state.latency))
    numbers = filter(None, chain((state.now, state.blocked_until), *parts))
    sound = log.minute.is_sound() and log.hour.is_sound() and all(number < inf for number in numbers)
    if not sound or log.in_flight != len(state.holds) + len(log.draining):
        raise StateError("the state of the quota is damaged")
    return state
