"""Claims on a date: several runs, also on other machines, change a date one after the other.

A change spans several tables, and Delta's transactions cover one. So a run first claims the date with a
commit to the table `runs`, and its last commit there ends the claim. Every commit is refused if another run
has changed that date of the table since the claim. So a run that is wrongly considered dead
does no harm: its next commit fails, and it starts again.
"""

import hashlib
import os
import random
import secrets
import socket
import time

from kentik_async.bulk.sinks.delta.table import CommitConflictError, DeltaDateTable

__all__ = ["NO_CLAIM", "Claim"]

NO_CLAIM = 0

_DEAD_AFTER = 60.0
"""Seconds without a heartbeat after which a run of another machine counts as dead."""

_RENEWAL = 15.0
"""Seconds between the heartbeats of a run that holds a claim."""

_POLL_INTERVALS = (0.1, 1.0)
"""Seconds between two checks of another run's claim: at first, and at most."""

_PID_BITS, _RANDOM_BITS = 22, 16


class Claim:
    """The claim of one run on one date; it is held once it is made."""

    def __init__(self, runs: DeltaDateTable, run_date: str) -> None:
        """Wait until no other run holds the date, and claim it.

        Args:
            runs: The table `runs`.
            run_date: The date.

        Raises:
            TargetError: The table cannot be written.
        """
        self._runs = runs
        self._run_date = run_date
        self._me = _holder()
        self._renewed_at = 0.0
        runs.create()
        while True:
            self._wait()
            try:
                self._mark(self._me)
            except CommitConflictError:
                continue
            return

    def renew(self) -> None:
        """Send a heartbeat, if the last one is old enough.

        Raises:
            CommitConflictError: Another run has claimed the date meanwhile.
        """
        if time.monotonic() - self._renewed_at > _RENEWAL:
            self._mark(self._me)

    def end(self) -> None:
        """End the claim.

        Raises:
            CommitConflictError: Another run has claimed the date meanwhile.
        """
        self._mark(NO_CLAIM)

    def _mark(self, holder: int) -> None:
        self._runs.mark(self._run_date, holder)
        self._renewed_at = time.monotonic()

    def _wait(self) -> None:
        """Wait until no other run holds a claim on the date, or its run is dead."""
        seen, since = (NO_CLAIM, 0), 0.0
        pause, longest = _POLL_INTERVALS
        while True:
            self._runs.refresh()
            found = self._runs.claim(self._run_date)
            if found[0] in (NO_CLAIM, self._me) or _has_died(found[0]):
                return
            if found != seen:
                seen, since = found, time.monotonic()
            elif time.monotonic() - since > _DEAD_AFTER:
                return
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, longest)


def _holder() -> int:
    """Return a 62-bit number for a run of this process: Delta stores a number with each transaction."""
    return (_host() << _PID_BITS | os.getpid()) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)


def _host() -> int:
    digest = hashlib.blake2b(socket.gethostname().encode(), digest_size=3).digest()
    return int.from_bytes(digest, "big") | 1  # never 0, so that a holder is not NO_CLAIM


def _has_died(holder: int) -> bool:
    """Return whether the process of a run has ended; not known for other machines."""
    host, pid = divmod(holder >> _RANDOM_BITS, 1 << _PID_BITS)
    if host != _host():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
