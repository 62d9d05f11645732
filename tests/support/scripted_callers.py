"""Callers of a limiter, each with its own script, and the log of their results."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from kentik_async.errors import ClientClosedError, QuotaWaitError
from kentik_async.quota import Grant, Limiter, QuotaClass
from tests.support.quota.oracle import Ask
from tests.support.quota.server import Journey, SimulatedServer
from tests.support.virtual_time import VirtualTime

Fate = Literal["answered", "refused", "not_sent", "unknown"]


@dataclass(frozen=True)
class Script:
    """The script of one caller.

    Attributes:
        arrives: Seconds from the start until it asks for quota.
        priority: Its priority.
        age: Seconds by which its turn counts from before its request: a retry.
        max_wait: Maximum wait for quota.
        dawdles: Seconds between its grant and its request.
        journey: The times of its request.
        fate: How its request ends. A request of unknown fate is given up at `gives_up` and continues at the
            server, for at most `drain` more seconds.
        gives_up: Seconds from sending, for a request of unknown fate.
        retry_after: With a refusal, the pause that the server requests.
        cancelled: Seconds after it asks for quota at which its task is cancelled.
        drains: Whether its request continues when it is cancelled in flight, and the grant is closed with
            the answer, as in the pipeline; otherwise it is closed immediately as "unknown".
    """

    arrives: float
    journey: Journey
    priority: int = 0
    age: float = 0.0
    max_wait: float | None = None
    dawdles: float = 0.0
    fate: Fate = "answered"
    gives_up: float = 0.0
    retry_after: float | None = None
    cancelled: float | None = None
    drains: bool = True


@dataclass
class Send:
    """One grant: when it was given and how it ended, as seen by the caller; times with their positions."""

    granted: tuple[float, int]
    closed: tuple[float, int] | None = None
    outcome: Fate | None = None
    retry_after: float | None = None


@dataclass
class Log:
    """The log of a run.

    Attributes:
        asks: One per caller, in the order of the scripts; None if it was cancelled before it asked.
        sends: One per grant.
        too_long: The number of callers whose wait, estimated or real, exceeded their `max_wait`.
    """

    asks: list[Ask | None] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    too_long: int = 0
    closed: int = 0
    _events: int = 0

    def moment(self, now: float) -> tuple[float, int]:
        """Return the current time as a moment: equal times keep their order."""
        self._events += 1
        return now, self._events

    def asked(self) -> list[Ask]:
        """Return all callers that requested quota."""
        return [ask for ask in self.asks if ask is not None]


@dataclass
class Callers:
    """Runs scripts against a limiter and a simulated server."""

    limiter: Limiter
    server: SimulatedServer
    time: VirtualTime
    quota_class: QuotaClass
    log: Log = field(default_factory=Log)
    _in_flight: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def play(self, scripts: Sequence[Script]) -> Log:
        """Run all scripts to their ends, including requests without a waiting caller."""
        first = len(self.log.asks)
        self.log.asks += [None] * len(scripts)
        tasks = [
            asyncio.create_task(self._call(script, first + place)) for place, script in enumerate(scripts)
        ]
        for task, script in zip(tasks, scripts, strict=True):
            if script.cancelled is not None:
                asyncio.get_running_loop().call_later(script.arrives + script.cancelled, task.cancel)
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        return self.log

    async def _call(self, script: Script, place: int) -> None:
        await asyncio.sleep(script.arrives)
        now = self.time.now
        ask = self.log.asks[place] = Ask(script.priority, now - script.age, self.log.moment(now))
        try:
            grant = await self.limiter.acquire(
                self.quota_class,
                priority=script.priority,
                queued_since=ask.since if script.age else None,
                max_wait=script.max_wait,
            )
        except BaseException as error:
            ask.left = self.log.moment(self.time.now)
            if isinstance(error, QuotaWaitError):
                self.log.too_long += 1
                return
            if isinstance(error, ClientClosedError):
                self.log.closed += 1
                return
            raise
        ask.granted = self.log.moment(self.time.now)
        send = Send(ask.granted)
        self.log.sends.append(send)
        try:
            if script.dawdles:
                await asyncio.sleep(script.dawdles)
        except asyncio.CancelledError:
            self._close(grant, send, "not_sent")
            raise
        if script.fate == "not_sent":
            self._close(grant, send, "not_sent")
            return
        await self._send(script, grant, send)

    async def _send(self, script: Script, grant: Grant, send: Send) -> None:
        assert grant.valid()
        # Counted from here, like `gives_up`: a caller that is stopped before it sends does not give up later.
        flight = asyncio.create_task(self._fly(script, grant, send, self._over(script)))
        self._in_flight.add(flight)
        flight.add_done_callback(self._in_flight.discard)
        try:
            if script.fate == "unknown":
                done, _ = await asyncio.wait([flight], timeout=script.gives_up)
                if not done:
                    self._close(grant, send, "unknown")
            else:
                await asyncio.shield(flight)
        except asyncio.CancelledError:
            if not script.drains:
                self._close(grant, send, "unknown")
            raise

    async def _fly(self, script: Script, grant: Grant, send: Send, over: float) -> None:
        await self.server.serve(script.journey, over)
        if script.fate == "refused":
            self._close(grant, send, "refused", script.retry_after)
        else:
            self._close(grant, send, "answered")

    def _over(self, script: Script) -> float:
        """Return the time until which the server may work on a request that is sent now."""
        now, drain = self.time.now, self.server.quota.drain
        if script.cancelled is not None and not script.drains:
            return now + drain
        return now + script.gives_up + drain if script.fate == "unknown" else inf

    def _close(self, grant: Grant, send: Send, outcome: Fate, retry_after: float | None = None) -> None:
        if send.closed is None:
            send.closed = self.log.moment(self.time.now)
            send.outcome = outcome
            send.retry_after = retry_after
        # A second close, with whatever outcome, must not count.
        grant.close(outcome, retry_after=retry_after)
