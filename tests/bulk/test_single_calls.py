"""Single calls take markets as people write them."""

import pytest

from kentik_async.emulator import Emulator


@pytest.mark.parametrize("market", ["US", "us", "cc:US", "cc$US"])
async def test_a_spelling_of_a_market_is_enough(market: str) -> None:
    async with Emulator(speed=600) as emulator, emulator.client() as kentik:
        found = await kentik.kmi.get_rankings(market, limit=3)
        assert (found.market_id, len(found)) == ("cc$US", 3)
        details = await kentik.kmi.get_asn_details(market, found[0].asn or 0)
        assert details.market_id == "cc$US"
        assert await kentik.kmi.get_global_insights(market_id=market, limit=1)
