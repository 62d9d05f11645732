"""All processes that read one file come to one state, and what it allows is within the limits."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kentik_async._clock import Clock
from kentik_async.quota import Quota
from kentik_async.quota.file_book import Book
from kentik_async.quota.file_entry import NO_PAUSE, State
from kentik_async.quota.file_flight import Flight
from kentik_async.quota.file_mirror import Mirror
from kentik_async.quota.pace import Pace
from tests.support.quota_oracle import Visit, overruns
from tests.support.quota_server import limits_of

QUOTA = Quota(3, 4, 0.0, 6, 15, minute=10.0, hour=40.0, drain=3.0)
MEMBERS = 3


class Process:
    """One process's book, with a descriptor of its own; the locks are the machine's, below."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.book = Book(path, QUOTA, Pace(QUOTA, "throughput"), clock)
        self.fd = os.open(path, os.O_RDWR)
        self.book.open(self.fd)
        mirror = self.book.load()
        assert mirror is not None
        self.mirror: Mirror = mirror
        self.flights: dict[int, Flight] = {}


class SharedBook(RuleBasedStateMachine):
    """Processes take turns at a file: grants, ends of every kind, deaths, time."""

    @initialize()
    def begin(self) -> None:
        self.now = 1000.0
        self.clock = Clock(monotonic=lambda: self.now, wall=lambda: self.now + 1e9)
        self.folder = tempfile.mkdtemp()
        self.path = Path(self.folder) / "q"
        self.processes = [Process(self.path, self.clock) for _ in range(MEMBERS)]
        self.visits: dict[int, Visit] = {}
        self.busy: dict[int, Process] = {}

    def teardown(self) -> None:
        for process in self.processes:
            os.close(process.fd)
        shutil.rmtree(self.folder)

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 3.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(who=st.integers(0, MEMBERS - 1), waiting=st.integers(0, 3))
    def ask(self, who: int, waiting: int) -> None:
        process = self.processes[who]
        free = [slot for slot in range(3) if slot not in self.busy]
        if not free:
            return
        assert process.book.sync(process.mirror)
        for entry in process.mirror.others():
            if entry.slot == free[0]:
                process.book.bury(process.mirror, entry, self.now)
        if process.mirror.free_at(self.now) > self.now:
            return
        flight = process.book.grant(process.mirror, self.now, free[0], waiting)
        process.flights[free[0]] = flight
        self.busy[free[0]] = process
        self.visits[flight.order] = Visit(self.now)
        assert process.book.holds(flight)

    @precondition(lambda self: self.busy)
    @rule(
        data=st.data(),
        state=st.sampled_from([State.USED, State.USED, State.REFUSED, State.RETURNED, State.DRAINING]),
        pause=st.sampled_from([NO_PAUSE, 0.0, 2.0]),
    )
    def end(self, data: st.DataObject, state: State, pause: float) -> None:
        self.now += 0.001  # two ends at one instant have no order, and of two refusals the first counts
        slot = data.draw(st.sampled_from(sorted(self.busy)))
        process = self.busy.pop(slot)
        flight = process.flights.pop(slot)
        process.book.end(flight, state, self.now, pause if state is State.REFUSED else NO_PAUSE)
        if state is State.RETURNED:
            del self.visits[flight.order]
        else:
            drain = QUOTA.drain if state is State.DRAINING else 0.0
            self.visits[flight.order].finished = self.now + drain

    @rule(who=st.integers(0, MEMBERS - 1))
    def die(self, who: int) -> None:
        """End like a process that is killed: what it had in flight ends at the server within `drain`."""
        process = self.processes[who]
        for slot, flight in process.flights.items():
            del self.busy[slot]
            self.visits[flight.order].finished = self.now + QUOTA.drain
        os.close(process.fd)
        self.processes[who] = Process(self.path, self.clock)

    @invariant()
    def all_agree(self) -> None:
        if not hasattr(self, "processes"):
            return
        newcomer = Process(self.path, self.clock)
        os.close(newcomer.fd)
        expected = state_of(newcomer.mirror, self.now)
        for process in self.processes:
            assert process.book.sync(process.mirror)
            assert state_of(process.mirror, self.now) == expected

    @invariant()
    def within_the_limits(self) -> None:
        if hasattr(self, "visits"):
            found = overruns(list(self.visits.values()), limits_of(QUOTA))
            note(f"{self.visits}")
            assert found == []


def state_of(mirror: Mirror, now: float) -> object:
    freeze, when = mirror.freeze, mirror.free_at(now)
    until = freeze.until if freeze.active and not freeze.probing and freeze.until > now else None
    return {
        "in flight": mirror.ledger.in_flight,
        "used": mirror.ledger.used(now),
        "stamps": mirror.stamps(),
        "draining": list(mirror.ledger.draining),
        "freeze": (freeze.epoch, freeze.active, freeze.probing, until, mirror.streak),
        "free": when,
        "next": (mirror.next, mirror.order),
    }


TestSharedBook = SharedBook.TestCase
TestSharedBook.settings = settings(max_examples=60, stateful_step_count=40)
