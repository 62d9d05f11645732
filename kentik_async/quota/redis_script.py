"""The one script that keeps the quota in Redis, and what goes into it and comes out of it.

Instants and spans are whole microseconds here, as in the script: instants by the ledger's clock, which is
the server's. A process never compares them with its own clock but through `redis_lease.py`.
"""

from hashlib import sha1
from importlib.resources import files

import msgspec

from kentik_async.quota.limits import PACINGS, Outcome, Pacing, Quota

__all__ = [
    "LOG_ENTRY",
    "NOTHING_SAID",
    "NO_PAUSE",
    "SCRIPT",
    "SCRIPT_SHA",
    "Back",
    "Limits",
    "Look",
    "Message",
    "Reply",
    "Step",
    "microseconds",
]

_PARTS = ("redis_ledger.lua", "redis_congestion.lua", "redis_ends.lua", "redis_step.lua")

SCRIPT = "\n".join(files("kentik_async.quota").joinpath(part).read_text(encoding="utf-8") for part in _PARTS)
SCRIPT_SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

LOG_ENTRY = "<dH"
"""One entry of the log: when a token was used, and how long before that its request had been sent."""

NO_PAUSE = -1
"""In place of the pause that the server asked for, where it named none."""

NOTHING_SAID = -1
"""In place of the number of requests that the server says are left, where it says nothing."""

_LEASE = 1 / 6  # of a minute: 10 s
_SHORTEST_LEASE = 1_000_000  # of a compressed minute too, or a busy machine would let it lapse


def microseconds(seconds: float) -> int:
    """Return a span in whole microseconds, rounded up."""
    return -int(-seconds * 1_000_000 // 1)


class Limits(msgspec.Struct):
    """What stays the same from step to step. 0 means no limit.

    Attributes:
        rules: The limits as one text, to find out whether another process goes by others.
        channel: The prefix of the channels on which processes hear of grants.
        slots: Requests in flight at once.
        soft: Requests in a rolling minute beyond which answers are delayed.
        soft_delay: By how much.
        hard: Requests in a rolling minute.
        hourly: Requests in a rolling hour.
        minute: How long a minute lasts.
        hour: How long an hour lasts.
        drain: How long an abandoned request may go on working.
        pacing: The wish, by its rank in `PACINGS`; the most careful one of all who wait or hold decides.
        courtesy: The latency from which the soft limit is best kept; -1 if at none.
        size: How many stamps the log holds.
        lease: How long a process counts as alive after its last step.
        quiet: How long nobody is granted after a ledger was lost, so that no window can hold too much.
        keep: For how many milliseconds an idle ledger is remembered.
    """

    rules: str
    channel: str
    slots: int
    soft: int
    soft_delay: int
    hard: int
    hourly: int
    minute: int
    hour: int
    drain: int
    pacing: int
    courtesy: int
    size: int
    lease: int
    quiet: int
    keep: int

    @classmethod
    def of(cls, quota: Quota, pacing: Pacing, channel: str) -> "Limits":
        """Lay a quota out for the script.

        Args:
            quota: The limits; a lease lasts a sixth of its minute, at least a second.
            pacing: The pacing wished for.
            channel: The prefix of the channels.
        """
        soft, slots = quota.soft_per_minute or 0, quota.max_concurrent or 0
        courtesy = microseconds(quota.minute * slots / soft - quota.soft_delay) if soft and slots else -1
        lease = max(microseconds(quota.minute * _LEASE), _SHORTEST_LEASE)
        drain, minute, hour = (microseconds(span) for span in (quota.drain, quota.minute, quota.hour))
        quiet = max(minute, lease + drain)
        return cls(
            rules=str(quota),
            channel=channel,
            slots=slots,
            soft=soft,
            soft_delay=microseconds(quota.soft_delay),
            hard=quota.hard_per_minute or 0,
            hourly=quota.per_hour or 0,
            minute=minute,
            hour=hour,
            drain=drain,
            pacing=PACINGS[pacing],
            courtesy=max(courtesy, 0) if soft and slots else -1,
            size=max(soft, quota.hard_per_minute or 0, quota.per_hour or 0),
            lease=lease,
            quiet=quiet,
            keep=(hour + quiet) // 1000 + 1,
        )


class Back(msgspec.Struct):
    """What a process knows of a ledger that was lost.

    Attributes:
        now: At least what the lost ledger's clock would show now.
        stamps: When the process used its tokens.
        holds: Its grants that have not ended, as (id, when granted).
        draining: Its requests of unknown end, as (id, until when they count).
        frozen: For how much longer a refusal held everyone back; 0 if none did.
    """

    now: int
    stamps: list[int]
    holds: list[tuple[int, int]]
    draining: list[tuple[int, int]]
    frozen: int


class Step(msgspec.Struct):
    """What a process tells and asks.

    Attributes:
        process: Its name, drawn by lot.
        nonce: A name for the generation that begins if there is no ledger.
        run: The server's run, which ends with the server.
        started: When that run began.
        generation: The ledger's generation that the process knows; empty if none.
        birth: The number under which the ledger knew the process; 0 if it did not.
        mark: The latest id of which the process has seen every grant of its own.
        open: How many grants of that birth it holds.
        want: How many calls wait in it.
        endings: Its requests that ended, as (id, outcome, pause asked for, and of what the server
            said is left: the number, `NOTHING_SAID` if it said nothing, and when that is renewed).
        roll: The generation whose roll call this answers; empty if none.
        at_most: What the ledger's clock can show now at the most, by the process's own; 0 if unknown.
        leave: Whether it lets go of everything.
        look: Whether it only wants to see the ledger.
        back: What it knows of a lost ledger, once the script has asked for it.
    """

    process: str
    nonce: str
    run: str
    started: int
    generation: str
    birth: int
    mark: int
    open: int
    want: int
    endings: list[tuple[int, Outcome, int, int, int]]
    roll: str = ""
    at_most: int = 0
    leave: bool = False
    look: bool = False
    back: Back | None = None


class Reply(msgspec.Struct):
    """What a step leads to.

    Attributes:
        lost: Whether the ledger that the process knew is gone: it is to step again with what it knows.
            Nothing else is set then.
        generation: The ledger's generation.
        now: The ledger's clock.
        mark: The latest id of all grants.
        birth: The number under which the ledger knows the process.
        want: How many calls of the process are still waiting for a turn.
        shift: By how much what the process put back was moved, to fit the ledger's clock.
        stamps: For each ending from when its token ages, or 0.
        grants: The process's grants after `Step.mark`, as (id, when granted).
        again: In how long the process should step again, though nobody tells it to; -1 if never.
        frozen: For how much longer a refusal holds everyone back; 0 if none does.
        gate: For how much longer nobody is granted because a ledger may have been lost.
        calling: Whether that may turn out to be needless, once all who listen have answered.
        entered: Whether the ledger keeps a lease of the process, so that it must be renewed.
        differs: Whether the process that stepped before goes by other limits.
    """

    lost: bool
    generation: str
    now: int = 0
    mark: int = 0
    birth: int = 0
    want: int = 0
    shift: int = 0
    stamps: list[int] = []
    grants: list[tuple[int, int]] = []
    again: int = -1
    frozen: int = 0
    gate: int = 0
    calling: bool = False
    entered: bool = False
    differs: bool = False


class Draining(msgspec.Struct):
    """A request of unknown end.

    Attributes:
        till: Until when it counts as in flight.
    """

    till: int


class Look(msgspec.Struct):
    """The ledger as a process sees it; its stamps come beside it.

    Attributes:
        known: Whether there is a ledger. Nothing else is set if not.
        now: Its clock.
        used: How many stamps were ever written to the log.
        size: How many of them it holds: it is a ring.
        holds: When each request in flight was granted.
        waiting: How many calls wait in each other process.
        draining: The requests of unknown end, soonest first.
        courteous: Whether the soft limit is kept at present.
        latency: From grant to answer, without delay; -1 before the first.
        gate: Until when nobody is granted because a ledger may have been lost.
        frozen: Whether a refusal holds everyone back.
        probing: Whether a probe is under way.
        till: Until when the freeze lasts.
        others: Requests of the rolling minute that others outside are taken to spend.
        eases: When that will be less; of no meaning if it is nothing.
        hold: Until when nobody is granted because the server has said that nothing is left.
    """

    known: bool
    now: int = 0
    used: int = 0
    size: int = 0
    holds: list[int] = []
    waiting: list[int] = []
    draining: list[Draining] = []
    courteous: bool = False
    latency: float = -1
    gate: int = 0
    frozen: bool = False
    probing: bool = False
    till: int = 0
    others: int = 0
    eases: float = 0
    hold: float = 0


class Message(msgspec.Struct):
    """What a process hears from the others' steps.

    Attributes:
        kind: "grant": a grant of its own; "turn": its turn comes when `wait` has passed; "roll": there is
            a new ledger, and every process is to say whether it knew another.
        generation: The ledger's generation; empty with "turn".
        birth: With "grant": the number under which the ledger knows the process.
        id: With "grant": the grant.
        at: With "grant": when it was given.
        wait: With "turn": how long.
    """

    kind: str
    generation: str = ""
    birth: int = 0
    id: int = 0
    at: int = 0
    wait: int = 0
