"""Pulls with the quota in Redis: what they leave to other programs."""

from kentik_async.emulator import Emulator
from tests.multiprocess.redis.harness import RedisServer


async def test_pages_requested_at_once_share_one_limit(server: RedisServer) -> None:
    """Earlier, each of the first requests opened its own limiter, while Redis returned the pacing."""
    async with (
        Emulator(speed=600) as emulator,
        emulator.client(limiter=server.url, pacing="courteous") as kentik,
    ):
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE", "cc$FR"], "customer_base", leave=19)
        pages = [page async for page in pull]
    assert [page.error for page in pages] == [None] * 6
    assert max(call.in_minute for call in emulator.calls) == 1
