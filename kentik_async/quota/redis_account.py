"""One process's account with the ledger in Redis: what it holds, what it has to report. Pure.

Whatever it tells it may tell twice, and whatever it hears it may hear twice, late or never: an account says
what is, not what changed, and an id that it knows is no news.
"""

import secrets
from collections import deque
from dataclasses import dataclass

from kentik_async.quota.limits import Outcome
from kentik_async.quota.rate_limit_header import Allowance
from kentik_async.quota.redis_lease import Lease
from kentik_async.quota.redis_script import (
    NO_PAUSE,
    NOTHING_SAID,
    Back,
    Limits,
    Message,
    Reply,
    Step,
    microseconds,
)

__all__ = ["Account"]


@dataclass(slots=True)
class _Holding:
    """A grant that has not ended: when the ledger gave it, and under which birth it stands there.

    Attributes:
        allowance: What the server said is left, with the answer to its request.
    """

    at: int
    birth: int
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class _Ending:
    """A grant that has ended, which the ledger does not know yet."""

    at: int
    outcome: Outcome
    pause: int
    left: int
    reset: int


class Account:
    """What a process knows of one class's ledger.

    Attributes:
        process: The process's name there.
        told: How many waiting calls the ledger knows of.
        entered: Whether the ledger keeps a lease, which must be renewed.
        roll: The generation whose roll call is to be answered; empty if none.
    """

    def __init__(self, limits: Limits, past: "Account | None" = None) -> None:
        """Start as a newcomer.

        Args:
            limits: What the script is given.
            past: An account of this process under an earlier event loop, whose used tokens to remember.
        """
        self.process = secrets.token_hex(8)
        self.told = 0
        self.entered = False
        self.roll = ""
        self._limits = limits
        self._open: dict[int, _Holding] = {}
        self._ended: dict[int, _Ending] = {}
        self._birth = 0
        self._mark = 0
        self._steps = 0
        self._generation: str = past._generation if past else ""
        self._lease: Lease | None = past._lease if past else None
        self._stamps: deque[int] = deque(past._stamps if past else (), maxlen=limits.size)
        self._draining: dict[int, int] = dict(past._draining) if past else {}
        self._frozen_till: int = past._frozen_till if past else 0

    def __len__(self) -> int:
        """Return how many grants have not ended."""
        return len(self._open)

    def owes(self) -> bool:
        """Tell whether the ledger must hear of something: what ended, or the answer to a roll call."""
        return bool(self._ended or self.roll)

    def remembers(self, instant: float) -> bool:
        """Tell whether it knows of used tokens that a ledger would have to be told if it were lost."""
        self._forget_if_expired(instant)
        return bool(self._stamps or self._draining)

    def valid(self, grant: int, instant: float) -> bool:
        """Tell whether at that instant the ledger certainly still counts a grant as in flight."""
        holding, lease = self._open.get(grant), self._lease
        if holding is None or lease is None or holding.birth != self._birth:
            return False
        return lease.holds(instant)

    def heed(self, grant: int, allowance: Allowance) -> None:
        """Note what the server says is left, to be reported with the grant's end."""
        holding = self._open.get(grant)
        if holding is not None:
            holding.allowance = allowance

    def end(self, grant: int, outcome: Outcome, retry_after: float | None) -> None:
        """Note how a granted request ended, to be reported with the next step."""
        holding = self._open.pop(grant, None)
        if holding is not None:
            pause = NO_PAUSE if retry_after is None else microseconds(max(retry_after, 0.0))
            said = holding.allowance
            left, reset = (NOTHING_SAID, 0) if said is None else (said.left, microseconds(said.reset))
            self._ended[grant] = _Ending(holding.at, outcome, pause, left, reset)

    def end_all(self) -> None:
        """Note that nobody will tell how the requests in flight end."""
        for grant in list(self._open):
            self.end(grant, "unknown", None)

    def step(self, want: int, instant: float, run: str, started: int, *, back: bool = False) -> Step:
        """Return what to tell and ask next.

        Args:
            want: How many calls wait.
            instant: The present, just before the step is sent.
            run: The run of the server.
            started: When it began.
            back: Whether to put back what is known of the ledger, because it was lost.
        """
        self._forget_if_expired(instant)
        self._steps += 1
        return Step(
            process=self.process,
            nonce=f"{self.process}.{self._steps}",
            run=run,
            started=started,
            generation=self._generation,
            birth=self._birth,
            mark=0 if back else self._mark,
            open=sum(holding.birth == self._birth for holding in self._open.values()),
            want=want,
            endings=[
                (grant, ending.outcome, ending.pause, ending.left, ending.reset)
                for grant, ending in self._ended.items()
            ],
            roll=self.roll,
            at_most=self._lease.at_most(instant) if self._lease else 0,
            back=self._back(instant) if back else None,
        )

    def enter(self, step: Step, reply: Reply, asked: float, heard: float) -> list[int]:
        """Enter what a step led to.

        Args:
            step: The step.
            reply: What came of it; not one of a lost ledger.
            asked: The instant just before the step was sent.
            heard: The instant at which the reply came.

        Returns:
            The new grants.
        """
        if step.back is not None:
            self._resettle(reply, asked)
        self._generation, self._mark, self._birth = reply.generation, reply.mark, reply.birth
        self._lease = Lease(asked, heard, reply.now, self._limits.lease)
        self.told, self.entered = reply.want, reply.entered
        if self.roll == step.roll:
            self.roll = ""
        self._frozen_till = reply.now + reply.frozen if reply.frozen else 0
        self._remember(step, reply)
        new = [(grant, at) for grant, at in reply.grants if not self._knows(grant)]
        for grant, at in new:
            self._open[grant] = _Holding(at, reply.birth)
        return [grant for grant, _ in new]

    def hear(self, message: Message) -> bool:
        """Enter a message about a grant; return whether it is a new one.

        What comes from before the last reply, or does not fit it, is let be: the next step tells.
        """
        fits = message.generation == self._generation and message.birth == self._birth
        if not fits or message.id <= self._mark or self._knows(message.id):
            return False
        self._open[message.id] = _Holding(message.at, message.birth)
        self.told = max(self.told - 1, 0)
        return True

    def stale(self, message: Message) -> bool:
        """Tell whether a message about a grant is of a ledger or a birth that is yet to be met."""
        return message.generation != self._generation or message.birth > self._birth

    def called(self, generation: str) -> None:
        """Note a roll call of a new ledger, unless it was this process that called."""
        if not generation.startswith(self.process):
            self.roll = generation

    def _knows(self, grant: int) -> bool:
        return grant in self._open or grant in self._ended

    def _forget_if_expired(self, instant: float) -> None:
        """Be a newcomer again when the ledger may be gone for no other reason than that nobody used it."""
        lease = self._lease
        if lease is not None and (instant - lease.heard) * 1000 > self._limits.keep:
            self._generation, self._birth, self._mark = "", 0, 0
            self._lease = None
            self._stamps.clear()
            self._draining.clear()

    def _back(self, instant: float) -> Back:
        now = self._lease.at_least(instant) if self._lease else 0
        self._age(now)
        # Those that have ended are in flight as far as the ledger knows: the same step ends them.
        known = [(grant, holding.at) for grant, holding in self._open.items()]
        known += [(grant, ending.at) for grant, ending in self._ended.items()]
        return Back(
            now=now,
            stamps=list(self._stamps),
            holds=known,
            draining=list(self._draining.items()),
            frozen=max(self._frozen_till - now, 0),
        )

    def _resettle(self, reply: Reply, asked: float) -> None:
        """Move what was put back to the new ledger's clock, and to the name that this process has there."""
        shift, lease = reply.shift, self._lease
        self._stamps = deque((stamp + shift for stamp in self._stamps), maxlen=self._stamps.maxlen)
        self._draining = {grant: till + shift for grant, till in self._draining.items()}
        for holding in self._open.values():
            holding.at += shift
            # What had lapsed before may have been given to another then, and stays lapsed.
            lapsed = lease is None or holding.birth != self._birth or not lease.holds(asked)
            holding.birth = 0 if lapsed else reply.birth

    def _remember(self, step: Step, reply: Reply) -> None:
        for (grant, outcome, *_), stamp in zip(step.endings, reply.stamps, strict=True):
            self._ended.pop(grant, None)
            if outcome == "unknown":
                if stamp:
                    self._draining[grant] = stamp
            elif outcome != "not_sent":
                # It was entered before if a reply got lost: then not later than now.
                self._stamps.append(stamp or reply.now)
        self._age(reply.now)

    def _age(self, now: int) -> None:
        if self._draining:
            over = [grant for grant, till in self._draining.items() if till <= now]
            self._stamps.extend(self._draining.pop(grant) for grant in over)
