"""One member's copy of the state that is kept in Redis, and what it makes of what it finds there. Pure.

The copy is of the member's latest commit. While it is fresh the next change is made on it, so a report takes
one round trip; if another has committed since, the server returns the present state instead. When the state
was lost, the copy is what the member puts back.
"""

import secrets
from dataclasses import dataclass
from math import inf

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import Quota
from kentik_async.quota.redis.lease import Reading
from kentik_async.quota.state.encoding import StateError, decode
from kentik_async.quota.state.quota_state import FORMAT, QuotaState
from kentik_async.quota.state.recovery import begin, move, quiet_time, renew, restore

__all__ = ["Draft", "Exchange", "Replica"]

_UNCERTAIN = 0.5  # seconds by which a copy's time may be ahead of the server's


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the server returned.

    Attributes:
        asked: When it was asked, by this process's clock.
        heard: When the answer came.
        time: What the server's clock showed in between, in seconds.
        held: Version, format, run, shift and state, each None if there is none; empty after a commit.
    """

    asked: float
    heard: float
    time: float
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
        remade: Why nobody may go for a while, and all others must put back what they know; empty if not so.
    """

    state: QuotaState
    now: float
    since: float
    shift: float
    version: bytes
    remade: str = ""


class Replica:
    """What one member knows of the state.

    Attributes:
        reading: Of the clock of the quota, at the latest commit; None before.
        lease_from: From when, by this process's clock, the latest lease counts.
        member: The member's name.
        lease: How long the state counts it as alive after a report, in seconds.
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
        self.member = member
        self.lease = lease
        self.quiet = quiet_time(quota, lease)
        self._leapt = False
        self._version = b""
        self._run = ""
        self._copy = b""
        self._incarnation = ""
        self._revision = 0
        self._shift = 0.0
        self._commits = 0

    def fresh(self, instant: float, run: str) -> Draft | None:
        """Return the copy as a draft, if nothing speaks against its being the present state.

        Args:
            instant: The present, by this process's clock.
            run: The run of the server.
        """
        reading = self.reading
        if reading is None or self._leapt or run != self._run or instant - reading.asked > self.lease:
            return None
        if reading.heard - reading.asked > _UNCERTAIN / 2:
            return None
        return Draft(decode(self._copy), reading.at_most(instant), instant, self._shift, self._version)

    def read(self, stored: Exchange, run: str, *, leap: bool = False) -> Draft:
        """Return what is kept as a draft, put right where that is needed.

        Args:
            stored: What the server returned.
            run: The run of the server.
            leap: Whether the server's clock may have been set while this member was not there, though others
                were: then the clock of the quota is taken to have stood still.

        Raises:
            ConfigError: Another version of this package keeps the state.
        """
        version, form, old_run, shift, encoded = stored.held or (None,) * 5
        state = None
        if encoded is not None:
            if form != b"%d" % FORMAT:
                raise ConfigError(
                    "the state of the quota was written by another version of kentik-async: "
                    "use one version on all machines"
                )
            try:
                state = decode(encoded)
            except StateError:
                state = None  # what others know is put back, as if it had been lost
        draft = Draft(QuotaState(), stored.time, stored.asked, 0.0, version or b"")
        if state is None:
            draft.state = begin(secrets.token_hex(8), draft.now, self.quiet)
            draft.remade = "holds no state of this quota"
        else:
            draft.state = state
            draft.now = self._time(stored, float(shift or 0), state, leap=leap)
            draft.shift = draft.now - stored.time
            back = state.incarnation == self._incarnation and state.revision < self._revision
            if back or old_run != run.encode():
                renew(state, secrets.token_hex(8), draft.now, self.quiet)
                draft.remade = "was restarted or replaced"
        if self.reading is not None and draft.state.incarnation != self._incarnation:
            lost, here = decode(self._copy), Reading(stored.asked, stored.heard, draft.now)
            if self.reading.corrected(here) != draft.now:  # this is another clock
                move(lost, draft.now - self.reading.at_least(stored.asked))
            restore(draft.state, lost, self.member, draft.now)
        return draft

    def next_version(self) -> bytes:
        """Return a name for the next version, unlike any other."""
        self._commits += 1
        return f"{self.member}.{self._commits}".encode()

    def committed(self, draft: Draft, version: bytes, encoded: bytes, run: str, stored: Exchange) -> float:
        """Enter that a draft was committed.

        Args:
            draft: The draft, changed.
            version: Its new version.
            encoded: The state.
            run: The run of the server.
            stored: What the server returned.

        Returns:
            For how many seconds what was granted must be held back: the state is so far ahead of the clock.
        """
        new = Reading(stored.asked, stored.heard, stored.time + draft.shift)
        if self.reading is not None and draft.state.incarnation == self._incarnation:
            # Of a copy it is only known now whether the clock was set since.
            now = self.reading.corrected(new)
            self._leapt = now != new.now
            new = Reading(new.asked, new.heard, now) if self._leapt else new.tightened(self.reading)
        self.reading = new
        self.lease_from = draft.since
        self._version, self._run, self._copy, self._shift = version, run, encoded, draft.shift
        self._incarnation, self._revision = draft.state.incarnation, draft.state.revision
        return max(draft.state.now - new.now, 0.0)

    def on_time(self, stored: Exchange) -> bool:
        """Tell whether the server's clock goes on as this member knows it to; False if it cannot tell."""
        if self.reading is None or stored.held[4] is None:
            return False
        now = stored.time + float(stored.held[3] or 0)
        return self.reading.corrected(Reading(stored.asked, stored.heard, now)) == now

    def _time(self, stored: Exchange, shift: float, state: QuotaState, *, leap: bool) -> float:
        """Return what the clock of the quota shows."""
        now = stored.time + shift
        if leap:
            now = state.now
        elif self.reading is not None and state.incarnation == self._incarnation:
            now = self.reading.corrected(Reading(stored.asked, stored.heard, now))
        # It never runs backwards; a little is the other members' uncertainty, which passes.
        return now if now > state.now - _UNCERTAIN else state.now
