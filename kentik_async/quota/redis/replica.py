"""One member's copy of the state in Redis and of its clock, and how a state that was read is corrected. Pure.

A replica has a *copy* of its latest commit. While the copy is fresh, the next change is made on it, so a
report takes one round trip. If another member has committed since, the server returns the present state
instead. If the state was lost, the member restores its copy.

A replica has a *reading* of the server's clock. That clock and the member's clock are never compared, only
the time that has passed on each. The server's clock may be set, or another machine may take over. So the
clock of the quota is the server's clock plus a *shift*, which is stored with the state. A member with an
earlier reading detects that the server's clock has jumped, and corrects the shift.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import Quota
from kentik_async.quota.state.quota_state import FORMAT, QuotaState, StateError, decode, encode
from kentik_async.quota.state.recovery import begin, move, quiet_time, renew, restore

__all__ = ["Draft", "Reading", "RedisReply", "Replica"]

_UNCERTAIN = 0.5  # seconds by which a copy's time may be ahead of the server's
_SLACK = 0.02  # seconds; smaller jumps of a clock are ignored
_DRIFT = 0.0005  # the greatest difference in speed of two clocks, also while one is slewed


@dataclass(frozen=True, slots=True)
class Reading:
    """The time of another clock, and the interval of this process's clock when it was read; in seconds.

    The request was sent at `sent_at`, its answer arrived at `received_at`: the clock was read in between. So
    its time is at most `now` plus the time since `sent_at`, and at least `now` plus that since the answer.
    """

    sent_at: float
    received_at: float
    now: float

    def at_least(self, instant: float) -> float:
        """Return the least time that the clock can show at an instant."""
        return self.now + max(instant - self.received_at, 0.0)

    def at_most(self, instant: float) -> float:
        """Return the greatest time that the clock can show at an instant."""
        return self.now + instant - self.sent_at

    def corrected(self, later: "Reading") -> float:
        """Return the time of a later reading with the same shift, corrected if the server's clock was set."""
        slack = _SLACK + _DRIFT * (later.received_at - self.sent_at)
        earliest, latest = self.at_least(later.sent_at), self.at_most(later.received_at)
        if later.now > latest + slack:
            return latest
        return earliest if later.now < earliest - slack else later.now


@dataclass(frozen=True, slots=True)
class RedisReply:
    """The reply of the server.

    Attributes:
        clock: A reading of the server's clock.
        run: The id of the server's run; a restart or another node has another id.
        stored: Version, run, shift and state, each None if there is none; empty after a commit.
    """

    clock: Reading
    run: bytes
    stored: tuple[bytes | None, ...] = ()


@dataclass(slots=True)
class Draft:
    """A state to be changed and committed.

    Attributes:
        state: The state.
        now: The present instant by the clock of the quota; never before an event that is reported.
        shift: How many seconds the clock of the quota is ahead of the server's.
        version: The version that the state was made from; empty if there was none.
        run: The id of the server's run.
        reset_reason: Why requests must wait, and all members must restore what they know; empty if not.
    """

    state: QuotaState
    now: float
    shift: float
    version: bytes
    run: bytes
    reset_reason: str = ""


class Replica:
    """One member's copy of the state.

    Attributes:
        reading: The reading of the clock of the quota at the latest commit; None before the first.
        lease_from: When the latest lease began, by this process's clock.
        possible_clock_jump: Whether the server's clock may have been set before this member joined others:
            then the clock of the quota is assumed to have stopped.
    """

    def __init__(self, member: str, quota: Quota, lease: float) -> None:
        """Start without a copy; see `Terms` for the arguments."""
        self.reading: Reading | None = None
        self.lease_from = -inf
        self.possible_clock_jump = False
        self._quiet = quiet_time(quota, lease)
        self._member = member
        self._lease = lease
        self._clock_jumped = False
        self._latest: tuple[bytes, ...] = ()
        self._incarnation = ""

    def fresh(self, instant: float) -> Draft | None:
        """Return the copy as a draft if it may still be the present state at `instant`, otherwise None."""
        reading = self.reading
        if reading is None or self._clock_jumped or reading.received_at - reading.sent_at > _UNCERTAIN / 2:
            return None
        if instant - reading.sent_at > self._lease:
            return None
        _, version, run, shift, copy = self._latest
        return Draft(decode(copy), reading.at_most(instant), float(shift), version, run)

    def read(self, reply: RedisReply) -> Draft:
        """Return the stored state as a draft, corrected if necessary.

        Raises:
            ConfigError: The state was written by another version of this package.
        """
        version, run, shift, encoded = reply.stored
        state, now, reason = None, reply.clock.now, ""
        if encoded is not None:
            if (version or b"").partition(b":")[0] != b"%d" % FORMAT:
                raise ConfigError(
                    "the state of the quota was written by another version of kentik-async: "
                    "use one version on all machines"
                )
            with suppress(StateError):  # a damaged state counts as lost: the members restore it
                state = decode(encoded)
        if state is None:
            state, reason = begin(secrets.token_hex(8), now, self._quiet), "holds no state of this quota"
        else:
            now = self._corrected(replace(reply.clock, now=now + float(shift or 0)), state)
            # The clock never runs backwards. A small difference is the uncertainty of the members' readings.
            if self.possible_clock_jump or now <= state.now - _UNCERTAIN:
                now = state.now
            if run != reply.run:
                renew(state, secrets.token_hex(8), now, self._quiet)
                reason = "was restarted or replaced, so the latest usage may be missing"
        reason = reason and f"{reason}: requests wait for {self._quiet:.1f} s"
        if self.reading is not None and state.incarnation != self._incarnation:
            lost = decode(self._latest[-1])
            if self.reading.corrected(replace(reply.clock, now=now)) != now:  # the clock is another one
                move(lost, now - self.reading.at_least(reply.clock.sent_at))
            restore(state, lost, self._member, now)
        return Draft(state, now, now - reply.clock.now, version or b"", reply.run, reason)

    def prepare(self, draft: Draft) -> tuple[bytes, ...]:
        """Return the first arguments of the script, to commit a changed draft."""
        version = f"{FORMAT}:{secrets.token_hex(8)}".encode()
        return draft.version, version, draft.run, repr(draft.shift).encode(), encode(draft.state)

    def committed(self, draft: Draft, prepared: tuple[bytes, ...], reply: RedisReply) -> float:
        """Record the commit of a prepared draft; return how many seconds its state is ahead of the clock.

        The grants must wait that long.
        """
        new = replace(reply.clock, now=reply.clock.now + draft.shift)
        now = self._corrected(new, draft.state)
        self._clock_jumped = now != new.now  # only now it is known whether the clock was set since the copy
        self.reading, self.possible_clock_jump = replace(new, now=now), False
        self.lease_from = new.sent_at + draft.now - now  # the clock showed at most `draft.now` then
        self._latest, self._incarnation = prepared, draft.state.incarnation
        return max(draft.state.now - now, 0.0)

    def _corrected(self, reading: Reading, state: QuotaState) -> float:
        """Return the time of a reading, corrected if this member knows the clock of this state."""
        if self.reading is None or state.incarnation != self._incarnation:
            return reading.now
        return self.reading.corrected(reading)
