"""The same calls, made in four ways: what each does is all that differs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import grpc
import grpc.aio

import kentik_async
from kentik_async import KentikClient, Quota, Rankings
from kentik_async._generated.kmi.v202212 import GetRankingsRequest, KmiServiceStub, ListMarketsRequest
from kentik_async.cli.demo.process import EmulatorProcess

__all__ = [
    "INTERACTIVE_CALLS",
    "Outcome",
    "Question",
    "Way",
    "measured",
    "naive",
    "one_by_one",
    "ours",
    "questions",
    "warmed_up",
    "with_pauses",
]

INTERACTIVE_CALLS = 10

_ADMITTED_AT_ONCE = 60
"""Requests that an emulator which has just forgotten all others refuses none of."""


@dataclass(frozen=True, slots=True)
class Question:
    """One GetRankings call."""

    market_id: str
    rank_type: str
    ip: str

    def message(self) -> GetRankingsRequest:
        """The request as the generated stub takes it."""
        return GetRankingsRequest(market_id=self.market_id, rank_type=self.rank_type, ip=self.ip)


@dataclass(slots=True)
class Outcome:
    """What a run brought.

    Attributes:
        calls: Requests that the emulator received.
        refused: Those that it refused.
        seconds: How long the run took.
        busy: The sum of answered minus received over all requests, by the emulator's own record.
        failed: Calls that ended without a result.
        waits: How long each interactive call took, from asking to the result.
        sample: One of the rankings.
    """

    calls: int = 0
    refused: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    failed: int = 0
    waits: list[float] = field(default_factory=list)
    sample: Rankings | None = None


Tick: TypeAlias = Callable[[], None]
"""Called once for each call that has ended."""

Way: TypeAlias = Callable[[EmulatorProcess, Sequence[Question], Outcome, Tick], Awaitable[None]]


async def questions(emulator: EmulatorProcess, count: int) -> list[Question]:
    """Return so many calls: the ranking of each market by customer base, v4 and v6 in turn.

    Args:
        emulator: Whom to ask for the markets.
        count: How many; beyond what there is they repeat.
    """
    async with _channel(emulator) as channel:
        answer = await KmiServiceStub(channel).ListMarkets(
            ListMarketsRequest(), metadata=emulator.credentials
        )
    every = [
        Question(market.market_id, "customer_base", ip) for market in answer.markets for ip in ("v4", "v6")
    ]
    return [every[number % len(every)] for number in range(count)]


async def warmed_up(emulator: EmulatorProcess, asked: Sequence[Question], tick: Tick) -> None:
    """Let the emulator make up all answers once: it takes 10 ms for one, and the runs would measure that.

    Args:
        emulator: Whom to ask.
        asked: The calls, each once.
        tick: Called once for each call that has ended.
    """
    for first in range(0, len(asked), _ADMITTED_AT_ONCE):
        await emulator.reset()
        await naive(emulator, asked[first : first + _ADMITTED_AT_ONCE], Outcome(), tick)


async def measured(emulator: EmulatorProcess, way: Way, asked: Sequence[Question], tick: Tick) -> Outcome:
    """Make the calls in one way, on an emulator that has forgotten all others.

    Args:
        emulator: Whom to ask.
        way: How.
        asked: The calls.
        tick: Called once for each call that has ended.
    """
    await emulator.reset()
    outcome = Outcome()
    began = time.monotonic()
    await way(emulator, asked, outcome, tick)
    outcome.seconds = time.monotonic() - began
    report = await emulator.report()
    outcome.calls, outcome.refused = report["requests"], report["refused"]
    outcome.busy = report["busy_seconds"]
    return outcome


async def naive(emulator: EmulatorProcess, asked: Sequence[Question], outcome: Outcome, tick: Tick) -> None:
    """Start all calls at once on the bare stub."""
    async with _channel(emulator) as channel:
        ask = _asking(KmiServiceStub(channel), emulator, outcome, tick)
        await asyncio.gather(*map(ask, asked))


async def with_pauses(
    emulator: EmulatorProcess, asked: Sequence[Question], outcome: Outcome, tick: Tick
) -> None:
    """Await one bare call after the other, each followed by the pause that keeps under the soft limit."""
    pause = 60.0 / 20 / emulator.speed
    async with _channel(emulator) as channel:
        ask = _asking(KmiServiceStub(channel), emulator, outcome, tick)
        for question in asked:
            await ask(question)
            await asyncio.sleep(pause)


async def one_by_one(
    emulator: EmulatorProcess, asked: Sequence[Question], outcome: Outcome, tick: Tick
) -> None:
    """Await one bare call after the other."""
    async with _channel(emulator) as channel:
        ask = _asking(KmiServiceStub(channel), emulator, outcome, tick)
        for question in asked:
            await ask(question)


async def ours(emulator: EmulatorProcess, asked: Sequence[Question], outcome: Outcome, tick: Tick) -> None:
    """Start all calls at once through the client, and make interactive calls while they run."""

    async def ask(question: Question) -> None:
        try:
            answer = await kentik.kmi.get_rankings(question.market_id, question.rank_type, question.ip)
        except kentik_async.KentikError:
            outcome.failed += 1
        else:
            outcome.sample = outcome.sample or answer  # one is enough: to free a thousand at once takes time
        finally:
            tick()

    ready = emulator.ready
    async with KentikClient(
        ready["email"],
        ready["token"],
        grpc_endpoint=ready["grpc_endpoint"],
        rest_endpoint=ready["rest_endpoint"],
        quota=Quota.NON_QUERY.scaled(emulator.speed),
        query_quota=Quota.QUERY.scaled(emulator.speed),
        # "auto" weighs the latency, and on a compressed clock a hiccup of this machine counts manifold.
        pacing="throughput",
    ) as kentik:
        visitor = asyncio.create_task(_visit(kentik, len(asked), outcome))
        await asyncio.gather(*map(ask, asked))
        await visitor


async def _visit(kentik: KentikClient, calls: int, outcome: Outcome) -> None:
    """Make ten calls for someone who waits at a screen, evenly spread over the pull."""
    between = await kentik.quota.estimate(calls) / (INTERACTIVE_CALLS + 1)
    wanted: tuple[Callable[[], Awaitable[Any]], ...] = (
        kentik.as_groups.list,
        kentik.sites.list,
        kentik.kmi.list_markets,
        kentik.plans.list,
        partial(kentik.kmi.get_rankings, "planet$earth"),
        partial(kentik.rest.request, "GET", "/sites"),
    )
    for number in range(INTERACTIVE_CALLS):
        await asyncio.sleep(between)
        asked = time.monotonic()
        with kentik_async.priority("high"):
            await wanted[number % len(wanted)]()
        outcome.waits.append(time.monotonic() - asked)


def _channel(emulator: EmulatorProcess) -> grpc.aio.Channel:
    # The emulator is on this machine, and a proxy that the environment names is not for it.
    return grpc.aio.insecure_channel(emulator.grpc_target, options=[("grpc.enable_http_proxy", 0)])


def _asking(
    stub: KmiServiceStub, emulator: EmulatorProcess, outcome: Outcome, tick: Tick
) -> Callable[[Question], Awaitable[None]]:
    """Return what makes one bare call; a failed one is lost, as it is for whoever writes such a loop."""

    async def ask(question: Question) -> None:
        try:
            await stub.GetRankings(question.message(), metadata=emulator.credentials)
        except grpc.RpcError:
            outcome.failed += 1
        finally:
            tick()

    return ask
