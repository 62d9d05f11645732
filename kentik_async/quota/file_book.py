"""One process's view of a quota file: read, checked, kept in step, written, and mended where it is damaged.

Which locks a step needs is said with it; taking them is the business of `file_store.py`.
"""

import errno
import logging
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from kentik_async._clock import Clock
from kentik_async.errors import ConfigError
from kentik_async.quota.congestion import Congestion
from kentik_async.quota.file_entry import MOST_WAITING, NO_PAUSE, Entry, State, decode, encode
from kentik_async.quota.file_flight import Flight
from kentik_async.quota.file_head import read_congestion, write_congestion
from kentik_async.quota.file_history import after_reboot, at_worst
from kentik_async.quota.file_mirror import Member, Mirror
from kentik_async.quota.file_ring import DamagedError, Loaded, Ring, capacity_for, create_file, image
from kentik_async.quota.limits import Quota
from kentik_async.quota.pace import Pace
from kentik_async.quota.rate_limit_header import Allowance

__all__ = ["MOST_AT_ONCE", "Book"]

MOST_AT_ONCE = 200
"""How many requests may be in flight at once where the quota sets no limit, or a higher one."""

_log = logging.getLogger("kentik_async")


class Book:
    """The entries of one quota class, and what they mean.

    Attributes:
        ring: The file.
        mirror: What the file says; None before it was first read.
        congestion: What others are taken to spend, who do not enter it in the file.
        doubtful: Whether the file was found other than it was left, so that it has to be read again.
    """

    __slots__ = (
        "_boot",
        "_capacity",
        "_fd",
        "_limit",
        "_me",
        "_monotonic",
        "_pace",
        "_path",
        "_quota",
        "_wall",
        "congestion",
        "doubtful",
        "mirror",
        "ring",
    )

    def __init__(self, path: Path, quota: Quota, pace: Pace, clock: Clock) -> None:
        """Make the file if there is none; `open` has to follow.

        Args:
            path: The file.
            quota: The limits that this process keeps to.
            pace: What learns from this process's answers, and says whether to be courteous.
            clock: Where time comes from.

        Raises:
            OSError: It cannot be made.
        """
        self._path = path
        self._quota = quota
        self._pace = pace
        self._monotonic = clock.monotonic
        self._wall = clock.wall
        self._boot = _boot_id()
        self._me = Member(os.getpid(), secrets.randbits(16))
        limits = (quota.per_hour, quota.hard_per_minute, quota.soft_per_minute)
        self._capacity = capacity_for(max((limit for limit in limits if limit is not None), default=0))
        self._limit = min(quota.max_concurrent or MOST_AT_ONCE, MOST_AT_ONCE)
        self._fd = -1
        self.congestion = Congestion(quota)
        self.mirror: Mirror | None = None
        self.doubtful = False
        if not path.exists():
            create_file(path, image(self._capacity, self._boot))

    def open(self, fd: int) -> None:
        """Use a descriptor of the file from now on."""
        self._fd = fd
        self.ring = Ring(fd)

    def load(self) -> Mirror | None:
        """Read the whole file; return None if it has to be written anew. Needs no lock.

        Raises:
            ConfigError: It is too small for this quota.
        """
        try:
            loaded = self.ring.load()
        except DamagedError:
            return None
        return self._adopt(loaded) if loaded.boot == self._boot else None

    def sync(self, mirror: Mirror) -> bool:
        """Bring the mirror up to date; return False if the file is not as it was left. Needs no lock."""
        ring, changed = self.ring, list[Entry]()
        for seq, known in mirror.open.items():
            entry = ring.read(seq)
            if entry is None:
                self.doubtful = True
                return False
            if entry != known:
                changed.append(entry)
        seq = mirror.next
        while not ring.unused(seq):
            entry = ring.read(seq)
            if entry is None:
                self.doubtful = True
                return False
            changed.append(entry)
            seq += 1
        if changed:
            read_congestion(self._fd, self.congestion)
            mirror.apply(changed, self._monotonic())
        return True

    def look(self) -> Mirror:
        """Return what the file says, as far as it can be told without any lock; damage counts as spent."""
        if self.mirror is not None and self.sync(self.mirror):
            return self.mirror
        now, wall = self._monotonic(), self._wall()
        try:
            loaded = self.ring.load()
        except DamagedError:
            return self.mirror or self._reflect(at_worst(self._quota, now, wall), now)
        if loaded.boot == self._boot:
            return self._adopt(loaded)
        return self._reflect(after_reboot(loaded.entries, self._quota, now, wall), now)

    def mend(self, flights: Mapping[int, Flight]) -> Mirror:
        """Write the file anew if that is still necessary. Needs the gate and all slots.

        Args:
            flights: What this process has in flight: it is entered again.

        Raises:
            OSError: The file cannot be read or written.
        """
        now, wall = self._monotonic(), self._wall()
        try:
            loaded = self.ring.load()
            if loaded.boot == self._boot:
                return self._adopt(loaded)
            past = after_reboot(loaded.entries, self._quota, now, wall)
        except DamagedError as damage:
            past = at_worst(self._quota, now, wall)
            text = (
                "the quota file %s was damaged (%s) and is written anew: the quota counts as spent; "
                "if nothing was sent lately, delete it to begin afresh"
            )
            _log.warning(text, self._path, damage)
        capacity = max(self.ring.capacity, self._capacity)
        self.ring.overwrite(image(capacity, self._boot, past[-capacity:]))
        try:
            mirror = self._adopt(self.ring.load())
        except DamagedError as damage:
            raise OSError(errno.EIO, f"it does not keep what is written: {damage}") from damage
        for slot, flight in flights.items():
            new = self.grant(mirror, flight.sent, slot, flight.waiting)
            flight.seq, flight.order, flight.raw = new.seq, new.order, new.raw
            flight.epoch, flight.streak = new.epoch, new.streak
        return mirror

    def put_back(self, mirror: Mirror, stamps: Iterable[float]) -> None:
        """Enter tokens that this process knows to be used and the file does not. Needs the gate."""
        known = set(mirror.stamps())
        now, wall = self._monotonic(), self._wall()
        lost = [stamp for stamp in stamps if stamp not in known]
        entries = [
            Entry(mirror.next + n, sent=stamp, stamp=stamp, wall=wall + (stamp - now), state=State.USED)
            for n, stamp in enumerate(lost)
        ]
        for entry in entries:
            self.ring.write(entry.seq, encode(*entry))
        mirror.apply(entries, now)

    def grant(self, mirror: Mirror, now: float, slot: int, waiting: int) -> Flight:
        """Enter a request as in flight. Needs the gate and the slot."""
        seq = mirror.place() if mirror.open else mirror.next
        order, epoch, streak = mirror.order + 1, mirror.freeze.epoch, mirror.streak
        waiting = min(waiting, MOST_WAITING) if waiting else 0
        pid, member = self._me
        state, limit = State.IN_FLIGHT, self._limit
        raw = encode(
            seq, now, now, 0.0, NO_PAUSE, order, pid, epoch, member, waiting, state, slot, streak, limit
        )
        self.ring.write(seq, raw)
        mirror.granted(seq)
        return Flight(seq, now, order, epoch, waiting, slot, streak, raw)

    def heed(self, flight: Flight, allowance: Allowance, later: int) -> None:
        """Enter what the server says is left, with the answer to a request. Needs its slot.

        Args:
            flight: The request.
            allowance: What it says.
            later: How many of this process's requests under way were sent after it.
        """
        mirror = self.mirror
        if mirror is not None and self.sync(mirror):
            mirror.told(flight.sent, self._monotonic(), later, allowance)
            self._spread()

    def weigh(self, flight: Flight, state: State, now: float, later: int) -> None:
        """Look whether a request's end tells of others outside; before `end`. Needs its slot.

        Args:
            flight: The request.
            state: How it ended.
            now: The present instant.
            later: See `heed`.
        """
        mirror = self.mirror
        # What other processes spend is not spent by others: first their entries.
        if mirror is None or not mirror.telling(flight.sent, state, now) or not self.sync(mirror):
            return
        if mirror.weigh(flight.sent, flight.epoch, state, now, later):
            self._spread()

    def end(self, flight: Flight, state: State, now: float, pause: float) -> None:
        """Enter the end of a request. Needs its slot."""
        stamp = now + self._quota.drain if state is State.DRAINING else now
        pid, member = self._me
        raw = encode(
            flight.seq,
            flight.sent,
            stamp,
            self._wall() + (stamp - now),
            pause,
            flight.order,
            pid,
            flight.epoch,
            member,
            flight.waiting,
            state,
            flight.slot,
            flight.streak,
            self._limit,
        )
        try:
            self.ring.write(flight.seq, raw)
        except OSError as error:
            self._not_written(error)
        mirror = self.mirror
        if mirror is not None and state is State.USED:
            mirror.answered(flight.sent, now, flight.epoch)
        elif mirror is not None and (entry := decode(raw)) is not None:
            mirror.landed(entry, now)

    def bury(self, mirror: Mirror, entry: Entry, now: float) -> None:
        """Let a request drain whose process died. Needs its slot."""
        drain = self._quota.drain
        stamp, wall = now + drain, self._wall() + drain
        dead = entry._replace(state=State.DRAINING, stamp=stamp, wall=wall)
        self.ring.write(dead.seq, encode(*dead))
        mirror.apply((dead,), now)
        text = "process %d ended with a request under way: its slot stays taken for %g s"
        _log.warning(text, entry.pid, drain)

    def holds(self, flight: Flight) -> bool:
        """Tell whether the file still says that a request is in flight."""
        try:
            return self.ring.read_raw(flight.seq) == flight.raw
        except OSError:
            return False

    def _spread(self) -> None:
        """Let the other processes know, before they see the end that told it."""
        try:
            write_congestion(self._fd, self.congestion)
        except OSError as error:
            self._not_written(error)

    def _not_written(self, error: OSError) -> None:
        # It stays in flight there, so whoever takes the slot next lets it drain: the safe side.
        _log.warning("the quota file %s cannot be written: %s", self._path, error.strerror)

    def _adopt(self, loaded: Loaded) -> Mirror:
        if self.ring.capacity < self._capacity:
            raise ConfigError(
                f"the quota file {self._path} has room for {self.ring.capacity} requests, and this quota "
                f"needs {self._capacity}: delete it while nobody uses it, or name another"
            )
        read_congestion(self._fd, self.congestion)
        self.mirror = self._reflect(loaded.entries, self._monotonic())
        self.doubtful = False
        return self.mirror

    def _reflect(self, entries: Iterable[Entry], now: float) -> Mirror:
        return Mirror(self._quota, self._pace, self._me, entries, now, self.congestion)


def _boot_id() -> str:
    """Return which run of the machine this is; empty where the system does not tell.

    Without it no harm is done: the monotonic clock begins anew with the machine, so an earlier run's stamps
    look younger than they are, or as if they lay ahead, and those count as present.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:36]
    except (OSError, UnicodeDecodeError):
        return ""
