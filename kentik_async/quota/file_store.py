"""Whose turn it is among the processes of a machine: locks that the kernel frees when their holder dies.

    gate    whoever is next in line: it alone looks for a slot and enters a grant, and keeps the gate while
            it waits for a slot or for time. Behind it the kernel queues the others, so turns are fair.
    slot    one for each request that may be in flight, held from the grant to the answer. Having taken one
            proves that its last holder has ended or died; waiting for one is how a process learns of it.
    line    held by whoever waits for the gate. A lock that has just been freed goes to the process that
            runs, not to the one that has to wake up first; so who has passed the gate, and queues again
            at once if its calls want more, must not find it free as long as others wait.

Where nobody competes both are taken at once, without waiting. A process that is stopped keeps what it
holds: the others wait, nothing is exceeded, and its grant is still good when it wakes. Each process keeps
to its own numbers over what all have used, and who waits at the gate holds the others back; of different
quotas for one file the more careful therefore holds as long as anybody waits by it.
"""

import os
import stat
from collections.abc import Callable, Iterable
from math import inf

from kentik_async._clock import Clock
from kentik_async.quota.file_book import MOST_AT_ONCE, Book
from kentik_async.quota.file_entry import NO_PAUSE, State
from kentik_async.quota.file_flight import Flight
from kentik_async.quota.file_lock import Flock
from kentik_async.quota.file_mirror import Mirror
from kentik_async.quota.file_place import Place
from kentik_async.quota.file_slots import Slots
from kentik_async.quota.limits import Quota, QuotaClass
from kentik_async.quota.pace import Pace
from kentik_async.quota.rate_limit_header import Allowance

__all__ = ["Store"]

_LOOK_AGAIN = 1.0


class Store:
    """One quota class in the files of a customer, as one process uses them.

    Not safe for threads: its lane holds a lock around every call.

    Attributes:
        book: The entries.
        flights: What this process has in flight, by slot.
        retired: Whether it is only kept for what is still in flight.
    """

    def __init__(
        self,
        place: Place,
        quota_class: QuotaClass,
        quota: Quota,
        pace: Pace,
        clock: Clock,
        arrived: Callable[["Store", Flock, OSError | None], None],
        heritage: Iterable[float] = (),
    ) -> None:
        """Open the files, or make them.

        Args:
            place: Where the files are.
            quota_class: Which class's.
            quota: The limits that this process keeps to.
            pace: What learns from this process's answers, and says whether to be courteous.
            clock: Where time comes from.
            arrived: Called, in a thread, when a lock that was waited for has been obtained.
            heritage: When tokens were used, as known from a file that this one replaces.

        Raises:
            OSError: They can be neither opened nor made.
        """
        self._monotonic = clock.monotonic
        self._arrived = arrived
        self._heritage = tuple(heritage)
        self._width = min(quota.max_concurrent or MOST_AT_ONCE, MOST_AT_ONCE)
        self._look_at = clock.monotonic() + _LOOK_AGAIN
        path = place.ring(quota_class)
        self.book = Book(path, quota, pace, clock)
        self._gate = Flock(path, self._announce, create=False)
        self.book.open(self._gate.fd)
        self._line = Flock(path.with_name(f"{path.name}.line"), self._announce, create=True)
        self.flights: dict[int, Flight] = {}
        rotate = quota.max_concurrent is not None
        self._slots = Slots(path, self._width, self.flights, self._announce, rotate=rotate)
        self.retired = False
        self._alarmed = False

    def quick(self) -> Flight | None:
        """Return a grant if that takes no waiting and no reckoning; else `step` goes on from here.

        Measured: 4 µs, five of its system calls included, where `step` takes twice that.
        """
        book, gate = self.book, self._gate
        mirror = book.mirror
        if mirror is None or mirror.sure < 1 or mirror.open or book.doubtful or gate.held or gate.pending:
            return None
        number = mirror.order % self._width
        if number in self.flights or not mirror.alone():
            return None
        if not gate.try_lock() or not self._slots.take_at_once(number):
            return None
        now = self._monotonic()
        if now >= self._look_at or not book.ring.unused(mirror.next):
            return None
        flight = self.flights[number] = book.grant(mirror, now, number, 0)
        gate.unlock()
        return flight

    def step(self, waiting: int, *, again: bool) -> Flight | float:
        """Go on with what lies between this process and its next grant, without ever blocking.

        Args:
            waiting: How many will still wait in this process after this grant.
            again: Whether a grant has just been made: then this process goes to the end of the line.

        Returns:
            The grant; or the instant at which to come again; or infinity: `arrived` will be called, or a
            request of this process must end first.

        Raises:
            OSError: The file cannot be read or written.
            ConfigError: The file cannot hold this quota.
        """
        try:
            return self._step(waiting, again=again)
        finally:
            if not self._gate.held:
                self._slots.free_unused()

    def holds(self, flight: Flight) -> bool:
        """Tell whether a request has not ended, and has not been ended on its behalf."""
        return self.flights.get(flight.slot) is flight

    def heed(self, flight: Flight, allowance: Allowance) -> None:
        """Enter what the server says is left, with the answer to a request."""
        self.book.heed(flight, allowance, self._later(flight))

    def settle(self, flight: Flight, state: State, now: float, pause: float | None, *, keep: bool) -> None:
        """Enter how a request ended, and let go of its slot, or keep it until `step` or `leave`."""
        slot = flight.slot
        self.book.weigh(flight, state, now, self._later(flight) if state is State.REFUSED else 0)
        del self.flights[slot]
        self.book.end(flight, state, now, NO_PAUSE if pause is None else pause)
        if self.retired:
            self._slots.close_unused()
            self._close_gate()
        elif not keep:
            self._slots.free(slot)

    def leave(self) -> None:
        """Let go of all that is held for a next grant."""
        if self._alarmed:
            self._gate.forget()
            self._alarmed = False
        if self._gate.held:
            self._gate.unlock()
        self._leave_line()
        self._slots.free_unused()

    def arrived(self, lock: Flock, error: OSError | None) -> None:
        """Enter that a lock which was waited for has been obtained, or cannot be."""
        if lock.obtained(error) and lock.held and self.retired:
            lock.unlock()
        if lock is self._gate:
            self._leave_line()

    def replaced(self) -> bool:
        """Tell whether the files were deleted or exchanged; looks at most once a second."""
        now = self._monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + _LOOK_AGAIN
        return any(_is_other(lock) for lock in (self._gate, self._line, *self._slots.locks()))

    def call_back(self, job: Callable[[], None], delay: float) -> None:
        """Run a job in the gate's thread after so many seconds, unless the gate is let go before."""
        if self._gate.held:
            self._gate.post(job, delay)
            self._alarmed = True

    def retire(self) -> None:
        """Close all but what requests in flight still need; that is closed when they end."""
        if self.retired:
            return
        self.leave()
        self.retired = True
        self._line.close()
        self._slots.close_unused()
        self._close_gate()

    def _step(self, waiting: int, *, again: bool) -> Flight | float:
        book = self.book
        while self._pass_gate(again=again) and (mirror := self._read()) is not None:
            slot = self._slots.take(mirror.order)
            if slot is None:
                break
            if not book.sync(mirror):
                continue
            now = self._monotonic()
            if mirror.open:
                self._bury(mirror, now)
            when = mirror.free_at(now)
            if when <= now:
                flight = self.flights[slot] = book.grant(mirror, now, slot, waiting)
                self.leave()
                return flight
            # The end of another's request helps where no time does, and may come before a drain's.
            if (when < inf and not mirror.ledger.draining) or not self._listen(mirror):
                return min(when, book.congestion.eases_at(now))
        return inf

    def _later(self, flight: Flight) -> int:
        return sum(other.sent > flight.sent for other in self.flights.values())

    def _pass_gate(self, *, again: bool) -> bool:
        gate, line, mirror = self._gate, self._line, self.book.mirror
        if gate.held:
            return True
        if gate.pending or line.pending:
            return False
        if mirror is None or mirror.alone():
            if len(self.flights) >= self._width:
                return False  # the next to go is of this process, and the end of another lets it go
        elif not line.held and (again or not line.try_lock()):
            line.request()
            return False
        if not gate.try_lock():
            gate.request()
            return False
        self._leave_line()
        return True

    def _leave_line(self) -> None:
        if self._line.held and not self._gate.pending:
            self._line.unlock()

    def _read(self) -> Mirror | None:
        """Return the mirror; or None if the file must be written anew and others hold what that takes."""
        book = self.book
        mirror = None if book.doubtful else book.mirror
        if mirror is None:
            mirror = book.load() or self._mend()
        if mirror is not None and self._heritage:
            book.put_back(mirror, self._heritage)
            self._heritage = ()
        return mirror

    def _mend(self) -> Mirror | None:
        """Have the file written anew once nobody else has a request in flight, or writes to it."""
        if not self._slots.take_all():
            return None
        return self.book.mend(self.flights)

    def _bury(self, mirror: Mirror, now: float) -> None:
        """Let the requests drain whose process died: their slots could be taken."""
        for entry in mirror.others():
            if self._slots.holds(entry.slot):
                self.book.bury(mirror, entry, now)

    def _listen(self, mirror: Mirror) -> bool:
        """Wait for the ends of other processes' requests; return whether one has ended already."""
        ended = [self._slots.take_or_wait(entry.slot) for entry in mirror.others()]
        return any(ended)

    def _announce(self, lock: Flock, error: OSError | None) -> None:
        self._arrived(self, lock, error)

    def _close_gate(self) -> None:
        if not self.flights:
            self._gate.close()


def _is_other(lock: Flock) -> bool:
    """Tell whether a lock's file is no longer the one under its name."""
    try:
        named = lock.path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return True
    opened = os.fstat(lock.fd)
    return not stat.S_ISREG(named.st_mode) or not os.path.samestat(named, opened)
