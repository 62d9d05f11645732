"""What one member knows of the state that is kept in Redis, and what it makes of what it finds there. Pure.

It has a *copy* of its latest commit. While that is fresh the next change is made on it, so a report takes one
round trip; if another has committed since, the server returns the present state instead. When the state was
lost, the copy is what the member puts back.

It has a *reading* of the server's clock. That clock and the member's own are never compared, only how far
each has run. The server's clock may be set, or another machine may take over. So what the quota goes by is
that clock plus a *shift*, which is kept with the state: who was here before notices that the clock has leapt,
and moves the shift against it.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import Quota
from kentik_async.quota.state.quota_state import FORMAT, QuotaState, StateError, decode, encode
from kentik_async.quota.state.recovery import begin, move, quiet_time, renew, restore

__all__ = ["Draft", "Exchange", "Reading", "Replica"]

_UNCERTAIN = 0.5  # seconds by which a copy's time may be ahead of the server's
_SLACK = 0.02  # seconds; no clock is set for as little
_DRIFT = 0.0005  # by how much clocks may differ in speed, at the most while one is set right slowly


@dataclass(frozen=True, slots=True)
class Reading:
    """What another clock showed, and between which instants of this process's clock; all in seconds.

    The answer was written after the question was sent, `asked`, and before it came, `heard`. So the clock
    shows now at most what it showed then plus the time since the question, and at least that plus the time
    since the answer.
    """

    asked: float
    heard: float
    now: float

    def at_least(self, instant: float) -> float:
        """Return what the clock shows at an instant at the least."""
        return self.now + max(instant - self.heard, 0.0)

    def at_most(self, instant: float) -> float:
        """Return what the clock shows at an instant at the most."""
        return self.now + instant - self.asked

    def corrected(self, later: "Reading") -> float:
        """Return what a later reading of the same shift must have shown unless the server's clock was set."""
        slack = _SLACK + _DRIFT * (later.heard - self.asked)
        earliest, latest = self.at_least(later.asked), self.at_most(later.heard)
        if later.now > latest + slack:
            return latest
        return earliest if later.now < earliest - slack else later.now


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the server returned.

    Attributes:
        clock: A reading of the server's clock.
        run: The run of the server: it ends with the server, and another node has another.
        held: Version, run, shift and state, each None if there is none; empty after a commit.
    """

    clock: Reading
    run: bytes
    held: tuple[bytes | None, ...] = ()


@dataclass(slots=True)
class Draft:
    """A state to be changed and committed.

    Attributes:
        state: The state.
        now: The present instant, not before what is reported to it, by the clock of the quota.
        shift: How far the clock of the quota is ahead of the server's.
        version: The version that the state was made from; empty if there was none.
        run: The run of the server.
        remade: Why nobody may go for a while, and all others must put back what they know; empty if not so.
    """

    state: QuotaState
    now: float
    shift: float
    version: bytes
    run: bytes
    remade: str = ""


class Replica:
    """What one member knows of the state.

    Attributes:
        reading: Of the clock of the quota, at the latest commit; None before.
        lease_from: From when, by this process's clock, the latest lease counts.
        leap: Whether the server's clock may have been set before this member came, though others were there:
            then the clock of the quota is taken to have stood still.
    """

    def __init__(self, member: str, quota: Quota, lease: float) -> None:
        """Start without a copy; see `Terms` for the arguments."""
        self.reading: Reading | None = None
        self.lease_from = -inf
        self.leap = False
        self._quiet = quiet_time(quota, lease)
        self._member = member
        self._lease = lease
        self._leapt = False
        self._latest: tuple[bytes, ...] = ()
        self._incarnation = ""

    def fresh(self, instant: float) -> Draft | None:
        """Return the copy as a draft, if nothing speaks against its being the state at present, `instant`."""
        reading = self.reading
        if reading is None or self._leapt or reading.heard - reading.asked > _UNCERTAIN / 2:
            return None
        if instant - reading.asked > self._lease:
            return None
        _, version, run, shift, copy = self._latest
        return Draft(decode(copy), reading.at_most(instant), float(shift), version, run)

    def read(self, stored: Exchange) -> Draft:
        """Return what is kept as a draft, put right where that is needed.

        Raises:
            ConfigError: Another version of this package keeps the state.
        """
        version, run, shift, encoded = stored.held
        state, now, remade = None, stored.clock.now, ""
        if encoded is not None:
            if (version or b"").partition(b":")[0] != b"%d" % FORMAT:
                raise ConfigError(
                    "the state of the quota was written by another version of kentik-async: "
                    "use one version on all machines"
                )
            with suppress(StateError):  # what others know is put back, as if it had been lost
                state = decode(encoded)
        if state is None:
            state, remade = begin(secrets.token_hex(8), now, self._quiet), "holds no state of this quota"
        else:
            now = self._corrected(replace(stored.clock, now=now + float(shift or 0)), state)
            # It never runs backwards; a little is the other members' uncertainty, which passes.
            if self.leap or now <= state.now - _UNCERTAIN:
                now = state.now
            if run != stored.run:
                renew(state, secrets.token_hex(8), now, self._quiet)
                remade = "was restarted or replaced, so it may lack what was used latest"
        remade = remade and f"{remade}: requests wait for {self._quiet:.1f} s"
        if self.reading is not None and state.incarnation != self._incarnation:
            lost = decode(self._latest[-1])
            if self.reading.corrected(replace(stored.clock, now=now)) != now:  # this is another clock
                move(lost, now - self.reading.at_least(stored.clock.asked))
            restore(state, lost, self._member, now)
        return Draft(state, now, now - stored.clock.now, version or b"", stored.run, remade)

    def prepare(self, draft: Draft) -> tuple[bytes, ...]:
        """Return what commits a draft that has been changed: the first arguments of the script."""
        version = f"{FORMAT}:{secrets.token_hex(8)}".encode()
        return draft.version, version, draft.run, repr(draft.shift).encode(), encode(draft.state)

    def committed(self, draft: Draft, prepared: tuple[bytes, ...], stored: Exchange) -> float:
        """Enter that a draft was committed as prepared; return how far its state is ahead of the clock.

        For so many seconds what was granted must be held back.
        """
        new = replace(stored.clock, now=stored.clock.now + draft.shift)
        now = self._corrected(new, draft.state)
        self._leapt = now != new.now  # of a copy it is only known now whether the clock was set since
        self.reading, self.leap = replace(new, now=now), False
        self.lease_from = new.asked + draft.now - now  # the clock showed at most `draft.now` then
        self._latest, self._incarnation = prepared, draft.state.incarnation
        return max(draft.state.now - now, 0.0)

    def _corrected(self, reading: Reading, state: QuotaState) -> float:
        """Return what a reading shows, or must have shown if this member knows the clock of this state."""
        if self.reading is None or state.incarnation != self._incarnation:
            return reading.now
        return self.reading.corrected(reading)
