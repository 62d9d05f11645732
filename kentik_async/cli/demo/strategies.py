"""Four strategies to make the same calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import grpc
import grpc.aio

import kentik_async
from kentik_async import IPFamily, KentikClient, Quota, Rankings
from kentik_async._generated.kmi.v202212 import GetRankingsRequest, KmiServiceStub, ListMarketsRequest
from kentik_async.cli.demo.process import EmulatorProcess
from kentik_async.models.enums import IPFamilyName, RankTypeName

__all__ = [
    "INTERACTIVE_CALLS",
    "RankingQuery",
    "RunResult",
    "Strategy",
    "all_at_once",
    "measure",
    "one_by_one",
    "one_by_one_with_pauses",
    "ranking_queries",
    "warm_up",
    "with_client",
]

INTERACTIVE_CALLS = 10

_REQUESTS_AFTER_RESET = 60
"""Number of requests that the emulator accepts at once after a reset."""


@dataclass(frozen=True, slots=True)
class RankingQuery:
    """The arguments of one GetRankings call."""

    market_id: str
    rank_type: RankTypeName
    ip: IPFamilyName

    def message(self) -> GetRankingsRequest:
        """The request message."""
        return GetRankingsRequest(market_id=self.market_id, rank_type=self.rank_type, ip=self.ip)


@dataclass(slots=True)
class RunResult:
    """The result of a run.

    Attributes:
        calls: Requests that the emulator received.
        refused: Requests that it refused.
        seconds: Duration of the run.
        busy: The sum of answered minus received over all requests, from the emulator's log, in seconds.
        failed: Calls that ended without a result.
        latencies: The latency of each interactive call, in seconds.
        sample: One of the rankings.
    """

    calls: int = 0
    refused: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    failed: int = 0
    latencies: list[float] = field(default_factory=list)
    sample: Rankings | None = None


Tick: TypeAlias = Callable[[], None]
"""Called once after each call."""

Strategy: TypeAlias = Callable[[EmulatorProcess, Sequence[RankingQuery], RunResult, Tick], Awaitable[None]]


async def ranking_queries(emulator: EmulatorProcess, count: int) -> list[RankingQuery]:
    """Return queries for the customer base ranking of each market, v4 and v6 in turn.

    Args:
        emulator: The emulator, for its list of markets.
        count: The number of queries; they repeat if there are fewer markets.
    """
    async with _channel(emulator) as channel:
        answer = await KmiServiceStub(channel).ListMarkets(
            ListMarketsRequest(), metadata=emulator.credentials
        )
    distinct = [
        RankingQuery(market.market_id, "customer_base", ip) for market in answer.markets for ip in IPFamily
    ]
    return [distinct[number % len(distinct)] for number in range(count)]


async def warm_up(emulator: EmulatorProcess, queries: Sequence[RankingQuery], tick: Tick) -> None:
    """Fill the emulator's cache, because computing an answer takes 10 ms, which the runs must not measure.

    Args:
        emulator: The emulator.
        queries: The queries, each once.
        tick: Called once after each call.
    """
    for first in range(0, len(queries), _REQUESTS_AFTER_RESET):
        await emulator.reset()
        await all_at_once(emulator, queries[first : first + _REQUESTS_AFTER_RESET], RunResult(), tick)


async def measure(
    emulator: EmulatorProcess, strategy: Strategy, queries: Sequence[RankingQuery], tick: Tick
) -> RunResult:
    """Reset the emulator and make the calls with a strategy.

    Args:
        emulator: The emulator.
        strategy: The strategy.
        queries: The queries.
        tick: Called once after each call.
    """
    await emulator.reset()
    result = RunResult()
    started = time.monotonic()
    await strategy(emulator, queries, result, tick)
    result.seconds = time.monotonic() - started
    report = await emulator.report()
    result.calls, result.refused = report["requests"], report["refused"]
    result.busy = report["busy_seconds"]
    return result


async def all_at_once(
    emulator: EmulatorProcess, queries: Sequence[RankingQuery], result: RunResult, tick: Tick
) -> None:
    """Start all calls at the same time with plain stubs."""
    async with _channel(emulator) as channel:
        call = _plain_call(KmiServiceStub(channel), emulator, result, tick)
        await asyncio.gather(*map(call, queries))


async def one_by_one_with_pauses(
    emulator: EmulatorProcess, queries: Sequence[RankingQuery], result: RunResult, tick: Tick
) -> None:
    """Make one plain call after the other, with pauses that avoid the soft limit."""
    pause = 60.0 / 20 / emulator.speed
    async with _channel(emulator) as channel:
        call = _plain_call(KmiServiceStub(channel), emulator, result, tick)
        for query in queries:
            await call(query)
            await asyncio.sleep(pause)


async def one_by_one(
    emulator: EmulatorProcess, queries: Sequence[RankingQuery], result: RunResult, tick: Tick
) -> None:
    """Make one plain call after the other."""
    async with _channel(emulator) as channel:
        call = _plain_call(KmiServiceStub(channel), emulator, result, tick)
        for query in queries:
            await call(query)


async def with_client(
    emulator: EmulatorProcess, queries: Sequence[RankingQuery], result: RunResult, tick: Tick
) -> None:
    """Start all calls at the same time with the client, and make interactive calls while they run."""

    async def call(query: RankingQuery) -> None:
        try:
            answer = await kentik.kmi.get_rankings(query.market_id, query.rank_type, query.ip)
        except kentik_async.KentikError:
            result.failed += 1
        else:
            result.sample = result.sample or answer  # keep only one: freeing a thousand at once takes time
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
        # "auto" depends on the measured latency, which compressed time exaggerates.
        pacing="throughput",
    ) as kentik:
        interactive = asyncio.create_task(_interactive_calls(kentik, len(queries), result))
        await asyncio.gather(*map(call, queries))
        await interactive


async def _interactive_calls(kentik: KentikClient, calls: int, result: RunResult) -> None:
    """Make interactive calls at high priority, evenly spread over the run."""
    interval = await kentik.quota.estimate(calls) / (INTERACTIVE_CALLS + 1)
    methods: tuple[Callable[[], Awaitable[Any]], ...] = (
        kentik.as_groups.list,
        kentik.sites.list,
        kentik.kmi.list_markets,
        kentik.plans.list,
        partial(kentik.kmi.get_rankings, "planet$earth"),
        partial(kentik.rest.request, "GET", "/sites"),
    )
    for number in range(INTERACTIVE_CALLS):
        await asyncio.sleep(interval)
        started = time.monotonic()
        with kentik_async.priority("high"):
            await methods[number % len(methods)]()
        result.latencies.append(time.monotonic() - started)


def _channel(emulator: EmulatorProcess) -> grpc.aio.Channel:
    # The emulator is local, so a proxy from the environment must not be used.
    return grpc.aio.insecure_channel(emulator.grpc_target, options=[("grpc.enable_http_proxy", 0)])


def _plain_call(
    stub: KmiServiceStub, emulator: EmulatorProcess, result: RunResult, tick: Tick
) -> Callable[[RankingQuery], Awaitable[None]]:
    """Return a function that makes one plain call without retries."""

    async def call(query: RankingQuery) -> None:
        try:
            await stub.GetRankings(query.message(), metadata=emulator.credentials)
        except grpc.RpcError:
            result.failed += 1
        finally:
            tick()

    return call
