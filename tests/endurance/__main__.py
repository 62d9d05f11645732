"""`python -m tests.endurance`: 100,000 calls that are abandoned at any time, and their memory use."""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from kentik_async import KentikClient, LocalLimiter, Quota, Retry
from kentik_async.cli.demo.process import EmulatorProcess, emulator_process
from tests.endurance.random_cancellation import Leavers, at_rest

_AT_ONCE = 200
_FLAT_MB = 5.0
"""Allowed growth of resident memory between the second and the last quarter of the calls (medians)."""

_QUOTAS = {
    "one at a time": Quota(1, None, 0.0, None, None, drain=0.1),
    "all at once": Quota(None, None, 0.0, None, None, drain=0.1),
}
_FAULTS: tuple[dict[str, Any], ...] = ({"n": 3, "status": 503}, {"drop": True})


def resident() -> float:
    """Return this process's resident memory, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def leave_many(
    emulator: EmulatorProcess, calls: int, chance: random.Random
) -> tuple[list[float], Counter[str]]:
    """Abandon calls, half with each quota; return the memory after each round, and how calls ended."""
    ended: Counter[str] = Counter()
    memory: list[float] = []
    for number in range(max(calls // _AT_ONCE, 4)):
        quota = _QUOTAS["one at a time" if number % 2 else "all at once"]
        async with _client(emulator, quota) as kentik:
            leavers = Leavers(kentik, chance)
            for fault in _FAULTS:
                await asyncio.to_thread(_steer, emulator, "fail", fault)
            await leavers.leave(_AT_ONCE)
            await at_rest(kentik)
        ended += leavers.ended
        await asyncio.to_thread(_steer, emulator, "reset", {})
        memory.append(resident())
    return memory, ended


def main() -> int:
    """Run it and return 0 if memory stayed flat."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="of all lots; drawn if not given")
    given = parser.parse_args()
    seed = time.time_ns() % 1_000_000 if given.seed is None else given.seed
    began = time.monotonic()
    memory, ended = asyncio.run(_run(given.calls, seed))
    quarter = len(memory) // 4
    grown = statistics.median(memory[-quarter:]) - statistics.median(memory[quarter : 2 * quarter])
    flat = grown <= _FLAT_MB
    ways = ", ".join(f"{count} {end}" for end, count in ended.most_common())
    print(
        f"{'PASSED' if flat else 'FAILED'}: {ended.total()} calls left in {time.monotonic() - began:.0f} s "
        f"({ways}), no slot lost, memory {memory[0]:.1f} to {memory[-1]:.1f} MB, "
        f"{grown:+.2f} from the second quarter to the last, --seed {seed}"
    )
    return 0 if flat else 1


async def _run(calls: int, seed: int) -> tuple[list[float], Counter[str]]:
    async with emulator_process(speed=1e6, seed=0) as emulator:
        return await leave_many(emulator, calls, random.Random(seed))


def _client(emulator: EmulatorProcess, quota: Quota) -> KentikClient:
    ready = emulator.ready
    return KentikClient(
        ready["email"],
        ready["token"],
        grpc_endpoint=ready["grpc_endpoint"],
        rest_endpoint=ready["rest_endpoint"],
        quota=quota,
        limiter=LocalLimiter(quota, quota),
        retry=Retry(base=0.001, cap=0.002),
    )


def _steer(emulator: EmulatorProcess, verb: str, arguments: dict[str, Any]) -> None:
    request = urllib.request.Request(f"{emulator.ready['control']}/{verb}", json.dumps(arguments).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


if __name__ == "__main__":
    sys.exit(main())
