"""Print the top networks of some markets: all calls are started at once and sent as the quota allows."""

import asyncio
import sys

from kentik_async import KentikClient, KentikError


async def main() -> None:
    async with KentikClient.from_env() as kentik:
        markets = await kentik.kmi.list_markets()
        rankings = await asyncio.gather(
            *(kentik.kmi.get_rankings(market.market_id, limit=3) for market in markets[:10])
        )
        for market, ranking in zip(markets, rankings, strict=False):
            print(market.name, "-", ", ".join(f"{row.rank}. AS{row.asn} {row.name}" for row in ranking))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KentikError as error:
        sys.exit(f"error: {error}")
