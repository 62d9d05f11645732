"""A Redis with the clock of the test, reduced to the one script, and members that report to it."""

from dataclasses import astuple, dataclass, field

from kentik_async.quota import Quota
from kentik_async.quota.redis.replica import Draft, Reading, RedisReply, Replica
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import QuotaState, decode
from kentik_async.quota.state.reporting import apply_report

START = 1_800_000_000.0

ONE = Quota(1, None, 0.0, 3, 5, minute=3.0, hour=30.0, drain=1.0)


@dataclass
class Server:
    """The server of all members.

    Attributes:
        true: The true time; the members' own clocks show it too.
        ahead: How many seconds the server's clock is ahead.
        run: The id of the server's run.
        stored: The stored fields.
        trip: How long a message takes, in each direction.
    """

    true: float = 0.0
    ahead: float = START
    run: bytes = b"run"
    stored: tuple[bytes | None, ...] = ()
    trip: float = 0.0

    def run_script(
        self, expected: bytes, version: bytes, run: bytes, shift: bytes, state: bytes
    ) -> RedisReply:
        """Run the script: compare and set."""
        sent_at = self.true
        self.true += self.trip
        time, stored = self.true + self.ahead, self.stored or (None,) * 4
        committed = expected == (stored[0] or b"") and run == self.run
        if committed:
            self.stored = version, run, shift, state
        self.true += self.trip
        return RedisReply(Reading(sent_at, self.true, time), self.run, () if committed else stored)

    def read(self) -> RedisReply:
        """Return the stored fields."""
        return self.run_script(b"?", b"", b"", b"", b"")

    def restart(self, *, kept: bool, ahead: float | None = None) -> None:
        """Start another run, maybe on another machine."""
        self.run += b"+"
        if not kept:
            self.stored = ()
        if ahead is not None:
            self.ahead = ahead


@dataclass
class Member:
    """A process that uses the quota; its own clock shows `server.true`."""

    server: Server
    name: str
    quota: Quota = ONE
    lease: float = 1.0
    held: dict[int, float] = field(default_factory=dict)
    ended: list[Ending] = field(default_factory=list)
    last_seen: int = 0
    trips: int = 0

    def __post_init__(self) -> None:
        self.replica = Replica(self.name, self.quota, self.lease)

    def read(self) -> Draft:
        self.trips += 1
        return self.replica.read(self.server.read())

    def report(self, wanted: int = 0, *, lose_reply: bool = False) -> StoreReply:
        """Report, and hold the grants."""
        terms = Terms(self.name, self.quota, astuple(self.quota), "throughput", self.lease)
        ended = list(self.ended)
        report = MemberReport(
            terms, {0: wanted} if wanted else {}, ended, self.last_seen, len(self.held) + len(ended)
        )
        server, replica = self.server, self.replica
        draft = replica.fresh(server.true) or self.read()
        while True:
            reply = apply_report(report, draft.state, draft.now)
            prepared = replica.prepare(draft)
            answer = server.run_script(*prepared)
            self.trips += 1
            if not answer.stored:
                break
            draft = replica.read(answer)
        if lose_reply:
            return reply
        server.true += replica.committed(draft, prepared, answer)
        self.ended = []
        if reply.reclaimed:
            self.held.clear()
        for number, _ in reply.grants:
            self.held[number] = server.true
            self.last_seen = max(self.last_seen, number)
        return reply

    def end(self, outcome: str = "answered", retry_after: float | None = None) -> None:
        """End the held grants; the next report contains their endings."""
        for number, since in self.held.items():
            took = self.server.true - since
            self.ended.append(Ending(number, outcome, took, retry_after))  # type: ignore[arg-type]  # a literal
        self.held.clear()

    def use(self, count: int = 1) -> None:
        """Send `count` requests; each is answered at once."""
        for _ in range(count):
            self.report(1)
            assert self.held, "no request was granted"
            self.end()
            self.report()

    def holds(self) -> bool:
        """Return whether the lease has certainly not expired."""
        return self.server.true < self.replica.lease_from + self.lease

    def usage(self) -> tuple[int, int]:
        """Return how many requests count in the minute and in the hour."""
        draft = self.read()
        now = draft.state.advance(draft.now)
        return draft.state.log.used(self.quota, now)


def kept_by(server: Server) -> QuotaState:
    """Return the state."""
    return decode(server.stored[3] or b"")


def known_as_unused(**options: float) -> Server:
    """Return a server whose state is old enough to allow requests."""
    server = Server(**options)  # type: ignore[arg-type]  # of any type
    Member(server, "first").report()
    server.true += 100.0
    return server
