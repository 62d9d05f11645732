"""An interactive call beside a sweep, in one process and under one quota: it does not queue behind it."""

import asyncio
import time

from kentik_async import KentikClient, priority


async def main() -> None:
    async with KentikClient.from_env() as kentik:
        markets = await kentik.kmi.list_markets()
        with priority("low"):
            sweep = [
                asyncio.create_task(kentik.kmi.get_rankings(market.market_id, limit=10))
                for market in markets[:120]
            ]
        await sweep[0]
        asked = time.perf_counter()
        sites = await kentik.sites.list()
        waited, done = time.perf_counter() - asked, sum(task.done() for task in sweep)
        print(f"{len(sites)} sites after {waited:.2f} s, when {done} of {len(sweep)} rankings were there")
        await asyncio.gather(*sweep)
        print(f"the others {time.perf_counter() - asked - waited:.2f} s later")


if __name__ == "__main__":
    asyncio.run(main())
