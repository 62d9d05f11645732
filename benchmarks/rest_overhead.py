"""Measure the client CPU of a call of API v6 over REST, as a multiple of bare aiohttp with the same headers.

    python benchmarks/rest_overhead.py [CALLS] [PAIRS]

ListMarkets of ten rows, and GetRankings of 600, 64 calls in flight, unlimited quota, against a server in
another process. Bare aiohttp and the facade (the client) run in turn in one process and one event loop, under
the same load; the figures are medians over the pairs. Bare aiohttp reads the bytes of its answers and decodes
the JSON with the standard library; the facade converts them to models.
"""

import asyncio
import multiprocessing
import statistics
import sys
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
from aiohttp import web
from google.protobuf import json_format
from overhead import EMAIL, IN_FLIGHT, TOKEN, UNLIMITED, cpu_a_call

from kentik_async import KentikClient
from kentik_async._generated.kmi import v202212 as wire

MARKETS = "/kmi/v202212/markets"
RANKINGS = "/kmi/v202212/market/cc$US/rankings/customer_base/ip/v4"


def serve(pipe: Connection) -> None:
    """Serve until the other end of the pipe closes; send the port first."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    markets = [wire.Market(market_id=f"cc${row:02}", name=f"Market {row}") for row in range(10)]
    rankings = [
        wire.Ranking(
            asn=64512 + row, name=f"Network {row}", rank=row, rank_change=0, score=row, score_change=1
        )
        for row in range(600)
    ]
    answers = {
        MARKETS: json_format.MessageToJson(wire.ListMarketsResponse(markets=markets), indent=None),
        RANKINGS: json_format.MessageToJson(wire.GetRankingsResponse(rankings=rankings), indent=None),
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        return web.Response(text=answers[request.path], content_type="application/json")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(runner.addresses[0][1])
    await asyncio.to_thread(pipe.poll, None)
    await runner.cleanup()


async def compare(port: int, calls: int, pairs: int) -> dict[str, list[tuple[float, float]]]:
    """Return the CPU seconds for each call of bare aiohttp and of the facade, pair by pair."""
    headers = {"x-ch-auth-email": EMAIL, "x-ch-auth-api-token": TOKEN}
    url = f"http://127.0.0.1:{port}"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        KentikClient(
            EMAIL, TOKEN, grpc_endpoint=url, rest_endpoint=url, quota=UNLIMITED, transport="rest"
        ) as kentik,
    ):

        async def bare_markets() -> object:
            async with session.get(url + MARKETS, headers=headers) as response:
                return await response.json()

        async def bare_rankings() -> object:
            async with session.post(url + RANKINGS, headers=headers, json={}) as response:
                return await response.json()

        contests: dict[str, tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]] = {
            "10 markets": (bare_markets, kentik.kmi.list_markets),
            "600 rankings": (bare_rankings, lambda: kentik.kmi.get_rankings("cc$US")),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in contests}
        for number in range(pairs + 1):
            for name, (bare, facade) in contests.items():
                pair = await cpu_a_call(bare, calls), await cpu_a_call(facade, calls)
                if number:  # the first pair warms up
                    found[name].append(pair)
        return found


def main() -> None:
    """Measure, and print one line for each answer."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    found = asyncio.run(compare(ours.recv(), calls, pairs))
    ours.send(None)
    server.join(10)
    print(f"client CPU a call, median of {pairs} pairs of {calls} calls, {IN_FLIGHT} in flight:")
    for name, columns in found.items():
        bare, facade = (statistics.median(column) * 1e6 for column in zip(*columns, strict=True))
        ratio = statistics.median(ours / theirs for theirs, ours in columns)
        print(f"{name:13} bare aiohttp {bare:7.1f} µs   facade {facade:7.1f} µs   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
