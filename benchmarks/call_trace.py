"""Trace a call through the package: the files that it enters and the Python calls that it makes.

    python benchmarks/call_trace.py [--list]

Each line is one warm call, counted by `sys.setprofile` in all threads, against a server in another
process. `files` are the package's modules that ran any code; `calls` are the calls of their functions. A
coroutine that resumes after a wait counts again. `--list` names the files, and the calls in each.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

import grpc.aio

import kentik_async
from kentik_async import KentikClient, Quota
from kentik_async._generated.kmi import v202212 as messages

PACKAGE = str(Path(kentik_async.__file__).parent)
EMAIL, TOKEN = "ada@example.com", "0123456789abcdef0123456789abcdef"
ROWS = 100
WARM_UP = 3
UNLIMITED = Quota(None, None, 0, None, None)
MARKET = "planet$earth"


class Markets(messages.KmiServiceServicer):
    """Returns one market, and always the same ranking."""

    def __init__(self) -> None:
        rows = [messages.Ranking(asn=64512 + row, name=f"Network {row}", rank=row + 1) for row in range(ROWS)]
        self._rankings = messages.GetRankingsResponse(rankings=rows)
        self._markets = messages.ListMarketsResponse(markets=[messages.Market(market_id=MARKET)])

    async def GetRankings(self, request: object, context: object) -> messages.GetRankingsResponse:  # noqa: N802 (the schema's)
        """Return the ranking."""
        return self._rankings

    async def ListMarkets(self, request: object, context: object) -> messages.ListMarketsResponse:  # noqa: N802 (the schema's)
        """Return the market."""
        return self._markets


def serve(pipe: Connection) -> None:
    """Serve until the other end of the pipe closes; send the port first."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    server = grpc.aio.server()
    messages.add_KmiServiceServicer_to_server(Markets(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    pipe.send(port)
    await asyncio.to_thread(pipe.poll, None)
    await server.stop(None)


@contextmanager
def traced() -> Iterator[Counter[str]]:
    """Count the package's calls in the block by file, in this thread and in threads started in the block."""
    counts: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(PACKAGE):
            counts[name] += 1

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield counts
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]  # typeshed misses None


async def trace(call: Callable[[], Awaitable[object]]) -> Counter[str]:
    """Return the calls of one warm call, by file."""
    for _ in range(WARM_UP):
        await call()
    with traced() as counts:
        await call()
    return counts


async def measure(port: int, folder: Path) -> dict[str, Counter[str]]:
    """Return the calls of each case, by file."""
    url = f"http://127.0.0.1:{port}"

    def client(limiter: str) -> KentikClient:
        return KentikClient(
            EMAIL, TOKEN, grpc_endpoint=url, rest_endpoint=url, quota=UNLIMITED, limiter=limiter
        )

    found = {}
    async with client("process:") as kentik:
        found["get_rankings, limiter of the process"] = await trace(lambda: kentik.kmi.get_rankings(MARKET))
    async with client(f"file:{folder / 'quota'}") as kentik:
        found["get_rankings, default limiter"] = await trace(lambda: kentik.kmi.get_rankings(MARKET))
    async with client("process:") as kentik:
        targets = (folder / f"target{number}" for number in range(WARM_UP + 1))
        found["pull_rankings().save(), one page"] = await trace(
            lambda: kentik.kmi.pull_rankings(MARKET, "customer_base", "v4").save(next(targets))
        )
    return found


def main() -> None:
    """Measure, and print one line for each case."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(ours.recv(), Path(folder)))
    ours.send(None)
    server.join(10)
    for case, counts in found.items():
        print(f"{case:38} {len(counts):3} files {counts.total():5} calls")
        if "--list" in sys.argv[1:]:
            for name, count in counts.most_common():
                print(f"    {count:5}  {name.removeprefix(PACKAGE)[1:]}")


if __name__ == "__main__":
    main()
