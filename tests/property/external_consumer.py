"""A server that enforces limits on a virtual clock, and another program that uses the same quota.

The server follows the vendor's rules and does not use the package. Each request counts for a rolling minute
from its receipt, also if it is refused. Beyond the soft limit, answers are delayed. Beyond the hard limit,
requests are refused.
"""

import asyncio
import bisect
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from kentik_async.quota import Allowance, Grant, HintAwareGrant, Limiter, Quota

Hint = Literal["", "retry_after", "details"]


@dataclass(frozen=True)
class Asked:
    """One of our requests: when the server received it, and whether it was refused."""

    at: float
    refused: bool


@dataclass
class SharedServer:
    """Counts the requests of all programs together.

    Attributes:
        quota: The limits of the minute; other limits are not used.
        hint: What it adds to an answer: nothing, `Retry-After` of a refusal, or the remaining requests.
        asked: Our requests.
        delayed: How many of them were delayed.
        outsiders_refused: How many requests of others were refused.
    """

    quota: Quota
    hint: Hint = ""
    asked: list[Asked] = field(default_factory=list)
    delayed: int = 0
    outsiders_refused: int = 0
    _received: list[float] = field(default_factory=list)

    def count(self, now: float) -> int:
        """Return how many requests are in the rolling minute."""
        return len(self._received) - bisect.bisect_right(self._received, now - self.quota.minute)

    def spend(self, now: float) -> None:
        """Record a request of another program."""
        self._received.append(now)
        self.outsiders_refused += self.count(now) > (self.quota.hard_per_minute or 0)

    def ask(self, now: float) -> tuple[bool, float]:
        """Record a request of ours; return whether it is refused, and by how much its answer is delayed."""
        self._received.append(now)
        count = self.count(now)
        refused = count > (self.quota.hard_per_minute or 0)
        self.asked.append(Asked(now, refused))
        delayed = not refused and count > (self.quota.soft_per_minute or 0)
        self.delayed += delayed
        return refused, self.quota.soft_delay if delayed else 0.0

    def room_in(self, now: float) -> float:
        """Return the seconds until one more request would be accepted, if no other is sent meanwhile."""
        hard = self.quota.hard_per_minute or 0
        if len(self._received) < hard:
            return 0.0
        return max(self._received[-hard] + self.quota.minute - now, 0.0)

    def allowance(self, now: float) -> Allowance:
        """Return the remaining requests, and when there will be room again."""
        left = max((self.quota.hard_per_minute or 0) - self.count(now), 0)
        return Allowance(left, self.room_in(now))


@dataclass
class Greedy:
    """A job of ours with constant demand: each task sends the next request after its answer."""

    limiter: Limiter
    server: SharedServer
    latency: float = 0.05
    tasks: int = 20

    async def run(self) -> None:
        """Send requests until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.tasks):
                group.create_task(self._ask_on())

    async def _ask_on(self) -> None:
        while True:
            await self.ask(await self.limiter.acquire("query"))

    async def ask(self, grant: Grant) -> None:
        """Send one request, and record its end."""
        clock, server = asyncio.get_running_loop().time, self.server
        await asyncio.sleep(self.latency * 0.4)
        refused, delay = server.ask(clock())
        pause = server.room_in(clock()) if refused and server.hint == "retry_after" else None
        left = server.allowance(clock()) if server.hint == "details" else None
        await asyncio.sleep(self.latency * 0.6 + delay)
        if left is not None and isinstance(grant, HintAwareGrant):
            grant.apply_hint(left)
            pause = left.reset if refused and not left.left else None
        grant.close("refused" if refused else "answered", retry_after=pause)


def steady(rate: float, until: float) -> Iterator[float]:
    """Instants of a consumer that sends `rate` requests a minute, evenly."""
    instant = 0.0
    while instant < until:
        yield instant
        instant += 60 / rate


def bursts(size: int, every: float, until: float) -> Iterator[float]:
    """Instants of a consumer that sends bursts within a second, at a fixed interval."""
    start = 0.0
    while start < until:
        yield from (start + number / size for number in range(size))
        start += every


def by_chance(rate: float, until: float, seed: int = 0) -> Iterator[float]:
    """Instants of many independent users that send `rate` requests a minute together."""
    chance, instant = random.Random(seed), 0.0
    while (instant := instant + chance.expovariate(rate / 60)) < until:
        yield instant


def between(instants: Iterable[float], start: float, end: float) -> Iterator[float]:
    """Return the instants from `start` to `end`."""
    return (instant for instant in instants if start <= instant < end)


async def play(job: Greedy, outside: Iterable[float], seconds: float) -> None:
    """Run a job of ours beside another program for so many seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    running = asyncio.create_task(job.run())
    try:
        for instant in outside:
            await asyncio.sleep(max(began + instant - loop.time(), 0.0))
            job.server.spend(loop.time())
        await asyncio.sleep(max(began + seconds - loop.time(), 0.0))
    finally:
        running.cancel()
        await asyncio.wait([running])
