"""The state of one quota class, shared by all members that use it, and its changes.

Pure: every store runs the same changes, `apply_report` and `grant_alone` in `reporting.py`. `advance` and
`reclaim` end the requests of dead members; `recovery.py` starts a new state after a loss.
The state has no limits of its own: the strictest limits of its members apply.

In this folder `quota` means the limits in force, and `now` the present instant by the store's clock.
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
"""The format of the encoded state; a store must not use a state with another number."""


class Hold(msgspec.Struct, array_like=True, gc=False):
    """A request in flight.

    `generation` is the generation of the circuit breaker at the grant, `priority` the priority of the call.
    """

    member: str
    granted_at: float
    generation: int
    priority: int


class Member(msgspec.Struct, array_like=True):
    """A member that holds a grant or waits for one.

    Attributes:
        lease_until: When its lease expires unless it reports before; infinity if never.
        pacing: The pacing that it requests.
        held: The number of grants that it holds.
        latest_grant: The greatest number of its grants.
    """

    lease_until: float = inf
    pacing: Pacing = "throughput"
    held: int = 0
    latest_grant: int = 0


class Declared(msgspec.Struct, array_like=True):
    """Limits that a member has reported, and until when they apply to all members."""

    limits: Limits
    until: float


class QuotaState(msgspec.Struct, array_like=True):
    """The used tokens, the requests in flight, the waiting members, and the estimates.

    Attributes:
        format: See `FORMAT`.
        incarnation: A random id, set when the state is created; it changes if the state was lost.
        revision: Counts the reports: of two copies of one incarnation, the greater one is the later one.
        now: The latest instant seen; time never runs backwards in a state.
        blocked_until: No request may be sent before: the usage before this state is not known.
        restored_until: The usage up to this instant was restored after a loss; see `recovery.py`.
        recorded: Grants up to this number that members held before a loss are in this state, or have ended.
        issued: The number of the latest grant.
        log: The used tokens and the number of requests in flight.
        breaker: The pause after refusals.
        external: The estimate of the usage by other programs.
        latency: How long answers take.
        turns: The waiting members.
        members: The members that hold a grant or wait, by name.
        holds: The requests in flight of live members, by grant number.
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
        """Set the state's time to an instant, unless it has seen a later one, and return its time.

        Members whose lease has expired are reclaimed.
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
        """Remove a dead member; its requests drain, because they may still be running at the server."""
        self.members.pop(name, None)
        self.turns.announce(name, {})
        quota = self.strictest_quota()
        for number in [number for number, hold in self.holds.items() if hold.member == name]:
            hold = self.holds.pop(number)
            self.log.drain(quota, now)
            self.breaker.probe_lost(hold.generation)

    def quota_in_force(self, quota: Quota, limits: Limits, now: float) -> Quota:
        """Return the strictest of a member's limits, also given as a tuple, and others' of the last hour."""
        declared = self.declared
        if len(declared) == 1 and declared[0].limits == limits:
            declared[0].until = now + quota.hour
            return quota
        others = [other for other in declared if other.until > now and other.limits != limits]
        declared[:] = [*others, Declared(limits, now + quota.hour)]
        return self.strictest_quota()

    def strictest_quota(self) -> Quota:
        """Return the strictest of the declared limits; the vendor's limits if there are none."""
        quotas = [Quota(*declared.limits) for declared in self.declared]
        return reduce(Quota.combined, quotas) if quotas else Quota.NON_QUERY

    def courteous(self, quota: Quota, pacing: Pacing) -> bool:
        """Return whether requests must stay within the soft limit; the strictest pacing of all applies."""
        for member in self.members.values():
            if PACINGS[member.pacing] > PACINGS[pacing]:
                pacing = member.pacing
        return self.latency.courteous(quota, pacing)

    def per_minute(self, quota: Quota, pacing: Pacing, now: float) -> int | None:
        """Return the present limit of the rolling minute; None if there is no limit."""
        limit, soft = quota.hard_per_minute, quota.soft_per_minute
        if soft is not None and (limit is None or soft < limit) and self.courteous(quota, pacing):
            limit = soft
        if limit is None or not self.external.spent:
            return limit
        return max(limit - self.external.estimate(quota, now), 1)

    def room(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return how many requests may be sent now; below 1 if none."""
        if self.blocked_until > now or self.external.blocked_until > now:
            return 0
        if self.breaker.is_open:
            return min(self.log.room(quota, per_minute, now), 1) if self.breaker.free_at(now) <= now else 0
        return self.log.room(quota, per_minute, now)

    def free_at(self, quota: Quota, per_minute: int | None, now: float) -> float:
        """Return when one request may be sent if no request ends and no estimate is lowered before."""
        blocked_until = max(self.blocked_until, self.external.blocked_until)
        return max(self.breaker.free_at(now), self.log.free_at(quota, per_minute, now), blocked_until)

    def grant(self, name: str, member: Member, priority: int, now: float) -> int:
        """Grant a member one request; return the grant's number."""
        breaker = self.breaker
        if breaker.is_open:
            breaker.half_open = True  # the request is the probe
        self.log.in_flight += 1
        number = self.issued = self.issued + 1
        self.holds[number] = Hold(name, now, breaker.generation, priority)
        member.held += 1
        member.latest_grant = number
        return number

    def end(self, ending: Ending, quota: Quota, now: float) -> None:
        """Record how a granted request ended; an unknown grant, or one that has ended before, is ignored."""
        hold = self.holds.pop(ending.grant, None)
        if hold is None:
            return
        member = self.members.get(hold.member)
        if member is not None:
            member.held -= 1
        at = ending.ended_at
        if at is None or at > now:
            at = now
        # The member's clock is not trusted: the duration is between 0 and this.
        took, longest = ending.took, at - hold.granted_at
        if not 0.0 <= took <= longest:
            took = 0.0 if took < 0.0 else longest  # also if `took` is NaN
        if ending.hint is not None:
            load = self._load(hold, quota, now)
            self.external.reported(quota, now, load, ending.hint.left, ending.hint.reset)
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
        """Record all requests in flight as answered and remove all waiters: the parent keeps both."""
        self.log.end_all(self.strictest_quota(), self.advance(now))
        self.holds.clear()
        self.members.clear()
        self.turns = TurnOrder()
        self.breaker.half_open = False

    def idle(self) -> bool:
        """Return whether no call waits, no request is in flight and every token has returned."""
        used = self.log.used(self.strictest_quota(), self.now)
        return used == (0, 0) and not (self.turns.levels or self.breaker.is_open)

    def _answered(self, hold: Hold, quota: Quota, took: float, now: float) -> None:
        log, latency, external, delayed = self.log, self.latency, self.external, False
        # A faster answer was not delayed; it is evidence only if usage by others is already suspected.
        if took + took >= quota.soft_delay > 0.0 or external.spent or external.late:
            delayed = self._delayed(quota, took, now)
        latency.learn(quota, took, delayed)
        log.use(quota, now - took, now)
        if self.breaker.is_open:
            self.breaker.answered(hold.generation)

    def _delayed(self, quota: Quota, took: float, now: float) -> bool:
        """Return whether the server delayed an answer; update the estimate of usage by others."""
        log, external, usual = self.log, self.external, self.latency.latency
        delayed = log.delayed(quota, now - took, self.external.estimate(quota, now))
        if usual is not None:
            log.advance(quota, now)
            external.answered(quota, now, took, usual, log.minute.total + log.in_flight)
        return delayed or external.late > 0

    def _load(self, hold: Hold, quota: Quota, now: float) -> int:
        """Return how many requests were in the minute when a request in flight was sent, including it."""
        self.log.advance(quota, now)
        later = sum(other.granted_at > hold.granted_at for other in self.holds.values())
        return self.log.minute.total + self.log.in_flight - later


class StateError(ValueError):
    """The stored state is damaged or has another format: it must not be used."""


# MessagePack without field names: an idle state takes some hundred bytes, one with a full hour 10 kB.
encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(QuotaState)


def decode(encoded: bytes) -> QuotaState:
    """Return the decoded state; raise StateError if it is damaged or has another format."""
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
