"""Measure the client CPU of a call, as a multiple of a bare grpc.aio stub with the same metadata.

    python benchmarks/overhead.py [CALLS] [PAIRS]

ListMarkets of ten rows, 64 calls in flight, unlimited quota, against a server in another process. The bare
stub and the facade (the client) run in turn in one process and one event loop, under the same load. The
figures are medians over the pairs, which are many and short, because the speed of a shared machine changes
within seconds. The bare stub parses its answers like the facade, but does not convert them to models.
"""

import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import grpc
import grpc.aio

from kentik_async import KentikClient, Quota
from kentik_async._generated.kmi import v202212 as wire

IN_FLIGHT = 64
ROWS = 10
EMAIL, TOKEN = "ada@example.com", "0123456789abcdef0123456789abcdef"
UNLIMITED = Quota(None, None, 0, None, None)


class Markets(wire.KmiServiceServicer):
    """Answers ListMarkets as fast as possible."""

    def __init__(self) -> None:
        markets = [wire.Market(market_id=f"cc${row:02}", name=f"Market {row}") for row in range(ROWS)]
        self._answer = wire.ListMarketsResponse(markets=markets)

    async def ListMarkets(self, request: object, context: object) -> wire.ListMarketsResponse:  # noqa: N802 (the schema's)
        """Answer ten markets."""
        return self._answer


def serve(pipe: Connection) -> None:
    """Serve until the other end of the pipe closes; send the port first."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    server = grpc.aio.server()
    wire.add_KmiServiceServicer_to_server(Markets(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    pipe.send(port)
    await asyncio.to_thread(pipe.poll, None)
    await server.stop(None)


async def cpu_a_call(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """Return the client's CPU seconds for each call, with 64 in flight."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await call()

    start = time.process_time()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return (time.process_time() - start) / calls


async def compare(port: int, calls: int, pairs: int) -> list[tuple[float, float]]:
    """Return the CPU seconds for each call of the bare stub and of the facade, pair by pair."""
    metadata = (("x-ch-auth-email", EMAIL), ("x-ch-auth-api-token", TOKEN))
    request = wire.ListMarketsRequest()
    url = f"http://127.0.0.1:{port}"
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        KentikClient(EMAIL, TOKEN, grpc_endpoint=url, rest_endpoint=url, quota=UNLIMITED) as kentik,
    ):
        stub = wire.KmiServiceStub(channel)

        async def bare() -> object:
            return await stub.ListMarkets(request, metadata=metadata, timeout=60.0)

        found = []
        for number in range(pairs + 1):
            pair = await cpu_a_call(bare, calls), await cpu_a_call(kentik.kmi.list_markets, calls)
            if number:  # the first pair warms up
                found.append(pair)
        return found


@contextmanager
def serving() -> Iterator[int]:
    """Serve in another process; yield the port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        server.join(10)


def main() -> None:
    """Measure, and print one line."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    with serving() as port:
        found = asyncio.run(compare(port, calls, pairs))
    bare, facade = (statistics.median(column) * 1e6 for column in zip(*found, strict=True))
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    print(f"client CPU a call, median of {pairs} pairs of {calls} calls, {IN_FLIGHT} in flight:")
    print(f"bare stub {bare:6.1f} µs   facade {facade:6.1f} µs   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
