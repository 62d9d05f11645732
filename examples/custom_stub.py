"""An API that the client has no methods for, through a stub of your own: same quota, retries and errors.

    python -m codegen --schema api-schema-public --api kmi/v202212 --out kentik_apis
    PYTHONPATH=. python custom_stub.py

The KMI stands for any API of the vendor's schema repository: device/v202504beta2, synthetics/v202309, ...
"""

import asyncio

from kentik_apis.kmi import v202212 as kmi

from kentik_async import KentikClient


async def main() -> None:
    async with KentikClient.from_env() as kentik:
        stub = kentik.stub(kmi.KmiServiceStub)
        answer = await stub.ListMarkets(kmi.ListMarketsRequest(), timeout=30.0)
        print(len(answer.markets), "markets, the first of them", answer.markets[0].market_id)
        print(await kentik.quota.snapshot())


if __name__ == "__main__":
    asyncio.run(main())
