"""A process that pulls: `python puller.py LIMITER CALLS`; the environment has the other settings."""

import asyncio
import json
import sys
from collections import Counter

from kentik_async import KentikClient, KentikError


async def pull(limiter: str, calls: int) -> Counter[str]:
    """Make concurrent calls over both transports; return how they ended."""
    ended: Counter[str] = Counter()
    async with KentikClient.from_env(limiter=limiter) as kentik:

        async def one(number: int) -> None:
            try:
                await (kentik.plans.list() if number % 2 else kentik.kmi.list_markets())
                ended["done"] += 1
            except KentikError as error:
                ended[type(error).__name__] += 1

        await asyncio.gather(*(one(number) for number in range(calls)))
    return ended


if __name__ == "__main__":
    print(json.dumps(asyncio.run(pull(sys.argv[1], int(sys.argv[2])))))
