"""A process that makes calls and cancels some: `python impatient_caller.py CALLS SEED`; prints a summary.

The environment has its other settings.
"""

import asyncio
import json
import random
import sys
from collections import Counter

from kentik_async import KentikClient

WORKERS = 8


async def main(calls: int, seed: int) -> None:
    chance, outcomes = random.Random(seed), Counter[str]()
    left = iter(range(calls))

    async def work(kentik: KentikClient) -> None:
        for _ in left:
            call = kentik.sites.list if chance.random() < 0.5 else kentik.kmi.list_markets
            try:
                async with asyncio.timeout(chance.uniform(0.0, 1.0) if chance.random() < 0.4 else None):
                    await call()
            except TimeoutError:
                outcomes["cancelled"] += 1
            else:
                outcomes["answered"] += 1

    async with KentikClient.from_env() as kentik:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(work(kentik))
        await kentik.kmi.list_markets()  # after the cancelled calls: closing would abort their requests
    print(json.dumps(outcomes))


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
