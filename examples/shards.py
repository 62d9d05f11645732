"""Pull with four processes, on one machine or on four, which share a quota in Redis.

    KENTIK_LIMITER=redis://localhost:6379 python shards.py parts

Each process pulls a quarter of the pages. Without KENTIK_LIMITER, the Redis on this machine is used.
"""

import asyncio
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import kentik_async
from kentik_async import KentikClient, KentikError

PARTS = 4
REDIS = os.environ.get("KENTIK_LIMITER", "redis://localhost:6379")


async def pull(part: int, target: str) -> str:
    async with KentikClient.from_env(limiter=REDIS) as kentik:
        mine = kentik.kmi.pull_rankings(["US", "DE", "FR"]).shard(part, PARTS)
        report = await mine.save(target)
    return f"{target}: {report.pages} pages, {report.rows} rows, {report.failed} failed"


def work(part: int, target: str) -> str:
    return asyncio.run(pull(part, target))


def main(folder: str) -> None:
    targets = [f"{folder}/{part}" for part in range(PARTS)]
    with ProcessPoolExecutor(PARTS, mp_context=multiprocessing.get_context("spawn")) as processes:
        for line in processes.map(work, range(PARTS), targets):
            print(line)
    print("together:", kentik_async.open(targets).rankings.count_rows(), "rows of rankings")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except KentikError as error:
        sys.exit(f"error: {error}")
