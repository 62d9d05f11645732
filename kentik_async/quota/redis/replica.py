"""One member's copy of the state that is kept in Redis, and what it makes of what it finds there. Pure.

The copy is of the member's latest commit. While it is fresh the next change is made on it, so a report takes
one round trip; if another has committed since, the server returns the present state instead. When the state
was lost, the copy is what the member puts back.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import Quota
from kentik_async.quota.redis.lease import Reading
from kentik_async.quota.state.encoding import StateError, decode, encode
from kentik_async.quota.state.quota_state import FORMAT, QuotaState
from kentik_async.quota.state.recovery import begin, move, quiet_time, renew, restore

__all__ = ["Draft", "Exchange", "Replica"]

_UNCERTAIN = 0.5  # seconds by which a copy's time may be ahead of the server's


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
        since: An instant of this process's clock at which that clock showed at most `now`.
        shift: How far the clock of the quota is ahead of the server's.
        version: The version that the state was made from; empty if there was none.
        run: The run of the server.
        remade: Why nobody may go for a while, and all others must put back what they know; empty if not so.
    """

    state: QuotaState
    now: float
    since: float
    shift: float
    version: bytes
    run: bytes
    remade: str = ""


class Replica:
    """What one member knows of the state.

    Attributes:
        reading: Of the clock of the quota, at the latest commit; None before.
        lease_from: From when, by this process's clock, the latest lease counts.
        quiet: For how many seconds nobody may go after a loss.
    """

    def __init__(self, member: str, quota: Quota, lease: float) -> None:
        """Start without a copy.

        Args:
            member: The member's name.
            quota: The limits that it keeps to.
            lease: How long the state counts it as alive after a report, in seconds.
        """
        self.reading: Reading | None = None
        self.lease_from = -inf
        self.quiet = quiet_time(quota, lease)
        self._member = member
        self._lease = lease
        self._leapt = False
        self._latest: tuple[bytes, ...] = ()
        self._incarnation = ""
        self._commits = 0

    def fresh(self, instant: float) -> Draft | None:
        """Return the copy as a draft, if nothing speaks against its being the present state.

        Args:
            instant: The present, by this process's clock.
        """
        reading = self.reading
        if reading is None or self._leapt or instant - reading.asked > self._lease:
            return None
        if reading.heard - reading.asked > _UNCERTAIN / 2:
            return None
        _, version, run, shift, copy = self._latest
        return Draft(decode(copy), reading.at_most(instant), instant, float(shift), version, run)

    def read(self, stored: Exchange, *, leap: bool = False) -> Draft:
        """Return what is kept as a draft, put right where that is needed.

        Args:
            stored: What the server returned.
            leap: Whether the server's clock may have been set while this member was not there, though others
                were: then the clock of the quota is taken to have stood still.

        Raises:
            ConfigError: Another version of this package keeps the state.
        """
        version, run, shift, encoded = stored.held
        state = None
        if encoded is not None:
            if (version or b"").partition(b":")[0] != b"%d" % FORMAT:
                raise ConfigError(
                    "the state of the quota was written by another version of kentik-async: "
                    "use one version on all machines"
                )
            with suppress(StateError):  # what others know is put back, as if it had been lost
                state = decode(encoded)
        clock = stored.clock
        draft = Draft(QuotaState(), clock.now, clock.asked, 0.0, version or b"", stored.run)
        if state is None:
            draft.state = begin(secrets.token_hex(8), draft.now, self.quiet)
            draft.remade = "holds no state of this quota"
        else:
            draft.state = state
            draft.now = self._time(replace(clock, now=clock.now + float(shift or 0)), state, leap=leap)
            draft.shift = draft.now - clock.now
            if run != stored.run:
                renew(state, secrets.token_hex(8), draft.now, self.quiet)
                draft.remade = "was restarted or replaced"
        if self.reading is not None and draft.state.incarnation != self._incarnation:
            lost = decode(self._latest[-1])
            if self.reading.corrected(replace(clock, now=draft.now)) != draft.now:  # this is another clock
                move(lost, draft.now - self.reading.at_least(clock.asked))
            restore(draft.state, lost, self._member, draft.now)
        return draft

    def prepare(self, draft: Draft) -> tuple[bytes, ...]:
        """Return what commits a draft that has been changed: the first arguments of the script."""
        self._commits += 1
        version = f"{FORMAT}:{self._member}:{self._commits}".encode()  # unlike any other
        return draft.version, version, draft.run, repr(draft.shift).encode(), encode(draft.state)

    def committed(self, draft: Draft, prepared: tuple[bytes, ...], stored: Exchange) -> float:
        """Enter that a draft was committed.

        Args:
            draft: The draft.
            prepared: What committed it.
            stored: What the server returned.

        Returns:
            For how many seconds what was granted must be held back: the state is so far ahead of the clock.
        """
        new = replace(stored.clock, now=stored.clock.now + draft.shift)
        now = self._corrected(new, draft.state)
        self._leapt = now != new.now  # of a copy it is only known now whether the clock was set since
        self.reading = replace(new, now=now)
        self.lease_from = draft.since
        self._latest, self._incarnation = prepared, draft.state.incarnation
        return max(draft.state.now - now, 0.0)

    def _time(self, reading: Reading, state: QuotaState, *, leap: bool) -> float:
        """Return what the clock of the quota shows."""
        now = state.now if leap else self._corrected(reading, state)
        # It never runs backwards; a little is the other members' uncertainty, which passes.
        return now if now > state.now - _UNCERTAIN else state.now

    def _corrected(self, reading: Reading, state: QuotaState) -> float:
        """Return what a reading shows, or must have shown if this member knows the clock of this state."""
        if self.reading is None or state.incarnation != self._incarnation:
            return reading.now
        return self.reading.corrected(reading)
