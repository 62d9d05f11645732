"""Call an API without methods in the client, with a generated stub and the same quota, retries and errors.

    kentik-async codegen --schema api-schema-public --api kmi/v202212 --out kentik_apis
    PYTHONPATH=. python custom_stub.py

Any API of the vendor's schema repository works: device/v202504beta2, synthetics/v202309, ...
"""

import asyncio
import sys

try:
    from kentik_apis.kmi import v202212 as kmi
except ModuleNotFoundError:
    sys.exit(__doc__)

from kentik_async import KentikClient, KentikError


async def main() -> None:
    async with KentikClient.from_env() as kentik:
        stub = kentik.stub(kmi.KmiServiceStub)
        answer = await stub.ListMarkets(kmi.ListMarketsRequest(), timeout=30.0)
        print(len(answer.markets), "markets; the first is", answer.markets[0].market_id)
        print(await kentik.quota.snapshot())


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KentikError as error:
        sys.exit(f"error: {error}")
