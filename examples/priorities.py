"""Make an interactive call during a bulk job: with one quota in one process, it does not wait for the job."""

import asyncio
import sys
import time

from kentik_async import KentikClient, KentikError, priority


async def main() -> None:
    async with KentikClient.from_env() as kentik:
        markets = await kentik.kmi.list_markets()
        with priority("low"):
            bulk_job = [
                asyncio.create_task(kentik.kmi.get_rankings(market.market_id, limit=10))
                for market in markets[:120]
            ]
        await bulk_job[0]
        started = time.perf_counter()
        sites = await kentik.sites.list()
        waited, done = time.perf_counter() - started, sum(task.done() for task in bulk_job)
        print(f"{len(sites)} sites after {waited:.2f} s; {done} of {len(bulk_job)} rankings were done")
        await asyncio.gather(*bulk_job)
        print(f"the other rankings {time.perf_counter() - started - waited:.2f} s later")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KentikError as error:
        sys.exit(f"error: {error}")
