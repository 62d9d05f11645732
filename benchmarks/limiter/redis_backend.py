"""Measure the quota in Redis: its cost, and the throughput and fairness of four processes.

    python -m benchmarks.limiter.redis_backend [SPEED] [REQUESTS]

Starts its own redis-server. Four processes then pull from a server that applies the vendor's rules exactly,
on a clock SPEED times as fast (5) with answers after 50 ms of that clock, REQUESTS in total (160).
Hand-overs are not compressed, so the share of the optimum is higher at real speed. Prints Markdown.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import uuid
from itertools import pairwise
from pathlib import Path

from benchmarks.limiter.processes import PROCESSES, by_redis
from kentik_async.quota import Limiter, LocalLimiter, Quota
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import RedisServer, running_redis

ONE_AT_A_TIME = Quota(1, None, 0.0, None, None, minute=1.0, hour=60.0, drain=0.1)


def open_limiter(url: str, customer: str, quota: Quota = ONE_AT_A_TIME) -> Limiter:
    """Open a limiter of a customer."""
    return open_redis_limiter(url, endpoints=("a",), customer=customer, quota=quota, pacing="throughput")


async def uncontended(limiter: Limiter, calls: int) -> float:
    """Return the seconds of an acquire and a close, one after the other."""
    (await limiter.acquire("non_query")).close("answered")
    began = time.perf_counter()
    for _ in range(calls):
        (await limiter.acquire("non_query")).close("answered")
    taken = (time.perf_counter() - began) / calls
    await limiter.aclose()
    return taken


async def waiting(url: str, count: int) -> tuple[float, float]:
    """Return the bytes and the seconds of a waiting call, from its request until the end of its turn."""
    limiter = open_limiter(url, uuid.uuid4().hex, Quota(None, None, 0.0, None, None))
    held = open_limiter(url, uuid.uuid4().hex)
    grant = await held.acquire("non_query")
    tracemalloc.start()
    calls = [asyncio.create_task(held.acquire("non_query")) for _ in range(count)]
    await asyncio.sleep(0.5)
    size = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    began = time.perf_counter()
    grant.close("answered")
    for call in calls:
        (await call).close("answered")
    taken = (time.perf_counter() - began) / count
    await limiter.aclose()
    await held.aclose()
    return size, taken


async def baton(url: str, customer: str, turns: int, hold: float) -> None:
    """Run one process that shares a single slot with others; print when it held the slot."""
    limiter, had = open_limiter(url, customer), []

    async def runner() -> None:
        for _ in range(turns // 3):
            grant = await limiter.acquire("non_query")
            got = time.monotonic()
            if hold:
                await asyncio.sleep(hold)
            had.append((got, time.monotonic()))
            grant.close("answered")

    await limiter.snapshot()
    await asyncio.gather(*(runner() for _ in range(3)))
    await limiter.aclose()
    print(json.dumps(had))


def hand_over(url: str, turns: int, hold: float) -> tuple[float, float]:
    """Return the median and the 99th percentile of the seconds from a close to the next process's grant."""
    customer = uuid.uuid4().hex
    command = [
        sys.executable,
        "-m",
        "benchmarks.limiter.redis_backend",
        "--baton",
        url,
        customer,
        str(turns),
        str(hold),
    ]
    runners = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    had = sorted(
        (got, gone, number)
        for number, runner in enumerate(runners)
        for got, gone in json.loads(runner.communicate()[0])
    )
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(had) if earlier[2] != later[2]]
    cuts = statistics.quantiles(gaps, n=100)
    return cuts[49], cuts[98]


def script_cost(server: RedisServer) -> tuple[int, float]:
    """Return the steps since the last reset, and the server's microseconds for each."""
    stats = server.admin.info("commandstats")["cmdstat_eval"]
    return stats["calls"], stats["usec_per_call"]


def main(speed: float, requests: int) -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as server:
        rows: dict[str, str] = {}
        local = asyncio.run(uncontended(LocalLimiter(ONE_AT_A_TIME), 20_000))
        shared = asyncio.run(uncontended(open_limiter(server.url, uuid.uuid4().hex), 3000))
        rows["acquire and close, in-process"] = f"{local * 1e6:.2f} us"
        rows["acquire and close, Redis"] = f"{shared * 1e6:.0f} us"
        size, each = asyncio.run(waiting(server.url, 10_000))
        rows["10 000 waiting calls"] = f"{size / 1000:.2f} kB each with its task, {each * 1e6:.0f} us a turn"
        for hold, name in ((0.0, "back to back"), (0.05, "requests of 50 ms")):
            server.admin.config_resetstat()
            median, worst = hand_over(server.url, 300, hold)
            steps, cost = script_cost(server)
            rows[f"hand-over, {PROCESSES} processes, {name}"] = (
                f"{median * 1e3:.2f} ms (99 %: {worst * 1e3:.2f} ms), "
                f"{steps / (300 * PROCESSES):.2f} steps a grant, {cost:.0f} us each in Redis"
            )
        shared = asyncio.run(by_redis(server.url, Quota.NON_QUERY.scaled(speed), 0.05 / speed, requests))
        rows["share of the optimum"] = f"{shared.share:.1%}"
        rows["refused"], rows["most in flight"] = str(shared.refused), str(shared.most_flying)
        rows["turns from the 21st on"] = ", ".join(map(str, shared.turns))
        size = max(server.admin.memory_usage(key) for key in server.admin.keys("*:state"))
        rows["memory in Redis, one class"] = f"{size / 1000:.1f} kB"
    print("| | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--baton"]:
        asyncio.run(baton(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
    else:
        given = sys.argv[1:]
        main(float(given[0]) if given else 5.0, int(given[1]) if given[1:] else 160)
