"""Compare a bulk pull with the fastest schedule that the vendor's limits allow.

    python benchmarks/optimum.py [--speed 20] [--calls 600] [--rounds 3]

An emulator in another process applies the vendor's rules on a compressed clock. All calls start at the same
time. The optimum comes from the emulator's own log: the sum over all requests of answered minus received.
With one request allowed at a time, no client can be faster. It is compared with a peer that is optimal by
construction: one loop that awaits one bare call after the other. Both run in turn, after a warm-up.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio

from kentik_async import KentikClient, Quota
from kentik_async._generated.kmi.v202212 import GetRankingsRequest, KmiServiceStub

MARKETS = ("planet$earth", "cc$US", "cc$DE", "cc$BR", "cc$JP", "cc$ZA")


def emulator(speed: float) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start an emulator; return its process and the JSON that it printed when it was ready."""
    command = [sys.executable, "-m", "kentik_async.cli", "emulator", "--speed", str(speed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def control(ready: dict[str, Any], verb: str, method: str) -> dict[str, Any]:
    """Get a report from the emulator, or reset it."""
    base = ready["rest_endpoint"].rsplit("/api/", 1)[0]
    request = urllib.request.Request(f"{base}/_emulator/{verb}", method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


async def sequential(ready: dict[str, Any], calls: int, speed: float) -> None:
    """Await one bare call after the other."""
    metadata = (("x-ch-auth-email", ready["email"]), ("x-ch-auth-api-token", ready["token"]))
    async with grpc.aio.insecure_channel(ready["grpc_endpoint"].removeprefix("http://")) as channel:
        stub = KmiServiceStub(channel)
        for number in range(calls):
            market = MARKETS[number % len(MARKETS)]
            await stub.GetRankings(GetRankingsRequest(market_id=market), metadata=metadata)


def client(ready: dict[str, Any], speed: float) -> KentikClient:
    """Return a client of the emulator with a new quota state, because the emulator was reset."""
    return KentikClient(
        ready["email"],
        ready["token"],
        grpc_endpoint=ready["grpc_endpoint"],
        rest_endpoint=ready["rest_endpoint"],
        quota=Quota.NON_QUERY.scaled(speed),
        pacing="throughput",
        customer=f"run at {time.monotonic()}",
    )


async def ours(ready: dict[str, Any], calls: int, speed: float) -> None:
    """Start all calls at the same time through the client."""
    async with client(ready, speed) as kentik:
        await asyncio.gather(*(kentik.kmi.get_rankings(MARKETS[n % len(MARKETS)]) for n in range(calls)))


def measure(
    run: Callable[[dict[str, Any], int, float], Awaitable[None]],
    ready: dict[str, Any],
    calls: int,
    speed: float,
) -> tuple[float, int]:
    """Return the share of the optimum and the number of refusals of one run."""
    control(ready, "reset", "POST")
    begun = time.monotonic()
    asyncio.run(run(ready, calls, speed))
    took = time.monotonic() - begun
    report = control(ready, "report", "GET")
    return report["busy_seconds"] / took, report["refused"]


def main() -> None:
    """Run both in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    process, ready = emulator(options.speed)
    try:
        for run in (sequential, ours):
            measure(run, ready, 60, options.speed)
        shares: dict[str, list[float]] = {"sequential": [], "ours": []}
        refusals = dict.fromkeys(shares, 0)
        for _ in range(options.rounds):
            for run in (sequential, ours):
                share, refused = measure(run, ready, options.calls, options.speed)
                shares[run.__name__].append(share)
                refusals[run.__name__] += refused
    finally:
        process.terminate()
        process.wait()
    print(f"speed {options.speed:g}, {options.calls} calls, {options.rounds} rounds")
    print("| | share of the optimum (median) | refused |\n|---|---|---|")
    for name, values in shares.items():
        print(f"| {name} | {statistics.median(values):.1%} | {refusals[name]} |")


if __name__ == "__main__":
    main()
