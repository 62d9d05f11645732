"""Measure the shared quota file: its cost, and the throughput and fairness of four processes.

    python -m benchmarks.limiter.file_backend [--speed 10] [--calls 160] [--rounds 7]

Cost: acquire and close without competition, compared with the limiter of one process in the same run, the
best of several rounds. Hand-over: two and four processes that pull without pause from a server that answers
immediately, compared with one. Sharing: four processes, started together, at a server that applies the
vendor's limits on a compressed clock; the share is relative to the fastest possible schedule.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from benchmarks.limiter.peers import Peer
from benchmarks.limiter.processes import by_file, seconds, served_by_file
from benchmarks.limiter.runs import bytes_a_waiter
from kentik_async.quota import Limiter, LocalLimiter, Quota
from kentik_async.quota.file.opening import open_file_limiter

UNHURRIED = Quota(1, None, 0.0, 3750, None, minute=0.005)
"""As many tokens as the vendor's longest window has, so that they never run out."""

PLENTY = Quota(1, None, 0.0, 100_000, None, minute=0.05)
"""The same for the limiter of one process, which is faster by more than a tenth."""


async def cost(limiter: Limiter, count: int, rounds: int) -> float:
    """Return the seconds that one acquire and close take, in the best round."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(count):
            (await limiter.acquire("non_query")).close("answered")
        best = min(best, (time.perf_counter() - started) / count)
    return best


async def waiting(limiter: Limiter, count: int) -> float:
    """Return the seconds of each of many calls that wait at the same time."""

    async def call() -> None:
        (await limiter.acquire("non_query")).close("answered")

    started = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(count)))
    return (time.perf_counter() - started) / count


def open_in(folder: str, name: str) -> Limiter:
    """Open a limiter on a file of that name."""
    return open_file_limiter(
        f"{folder}/{name}",
        endpoints=(),
        customer="",
        quota=UNHURRIED,
        query_quota=UNHURRIED,
        pacing="throughput",
    )


async def uncontended(folder: str, rounds: int) -> None:
    """Measure the cost without competition."""
    local, shared = LocalLimiter(PLENTY, PLENTY), open_in(folder, "cost")
    ratios, alone, among = [], [], []
    for _ in range(rounds):
        alone.append(await cost(local, 20_000, 3))
        among.append(await cost(shared, 5_000, 3))
        ratios.append(among[-1] / alone[-1])
    print(f"| acquire and close, one process | {min(alone) * 1e6:.2f} µs |")
    print(
        f"| acquire and close, file | {min(among) * 1e6:.2f} µs, {sorted(ratios)[len(ratios) // 2]:.1f} x |"
    )
    peer = Peer(partial(open_in(folder, "held").acquire, "non_query"), lambda grant: grant.close("answered"))
    print(f"| bytes of each of 10 000 waiters, file | {await bytes_a_waiter(lambda: peer, 10_000):.0f} |")
    for name, limiter in (("one process", local), ("file", shared)):
        print(f"| each of 10 000 waiters, {name} | {await waiting(limiter, 10_000) * 1e6:.1f} µs |")


async def hand_over(folder: str) -> None:
    """Measure the cost of a hand-over between processes."""
    quota = Quota(1, None, 0.0, None, 3750)
    spans = {}
    for n in (1, 2, 4):
        server = await served_by_file(Path(folder, f"{n} processes"), quota, 0.0, 1000, n)
        spans[n] = seconds(server) / 1000
    print(f"| a call at a server that answers at once, 1 process | {spans[1] * 1e6:.0f} µs |")
    for n in (2, 4):
        print(f"| the same, {n} processes: a hand-over each | {spans[n] * 1e6:.0f} µs |")


async def sharing(folder: str, speed: float, calls: int) -> None:
    """Measure refusals, the share of the optimum, and the turns of four processes."""
    for name, quota, latency in (
        ("non-query", Quota.NON_QUERY.scaled(speed), 0.05 / speed),
        ("query", Quota.QUERY.scaled(speed), 0.05 / speed),
    ):
        shared = await by_file(Path(folder, name), quota, latency, calls)
        turns = "/".join(map(str, shared.turns))
        print(
            f"| 4 processes, {name} | {shared.refused} refused, at most {shared.most_flying} in "
            f"flight, {shared.share:.1%} of the optimum, turns from the 21st on {turns} |"
        )


def start_up(folder: str) -> None:
    """Measure opening and reading the file."""
    code = (
        "import asyncio, time; from kentik_async.quota import Quota\n"
        "from kentik_async.quota.file.opening import open_file_limiter\n"
        "started = time.perf_counter()\n"
        f"limiter = open_file_limiter({folder + '/cost'!r}, endpoints=(), customer='',\n"
        "    quota=Quota.NON_QUERY, query_quota=Quota.QUERY, pacing='auto')\n"
        "asyncio.run(limiter.snapshot())\n"
        "print(f'{(time.perf_counter() - started) * 1e3:.1f}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(f"| opening and reading the file | {done.stdout.strip()} ms |")


def main() -> None:
    """Run all, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=10.0, help="clock speed-up factor")
    parser.add_argument("--calls", type=int, default=160, help="calls of the four processes together")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the cost measurement")
    arguments = parser.parse_args()
    print("| what | measured |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: uncontended(folder, arguments.rounds),
            lambda: hand_over(folder),
            lambda: sharing(folder, arguments.speed, arguments.calls),
        ]
        for step in steps:
            asyncio.run(_await(step))
        start_up(folder)


async def _await(step: Callable[[], Awaitable[None]]) -> None:
    await step()


if __name__ == "__main__":
    main()
