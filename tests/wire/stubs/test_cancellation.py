"""Streams that are abandoned at random times and in random ways: no slot is lost, every error is correct."""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from kentik_async import ClientClosedError, KentikClient, Quota
from kentik_async._generated.kmi.v202212 import Market
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import settled
from tests.wire.servers.independent import UNLIMITED, ForeignGrpc
from tests.wire.servers.market_service import MarketService, MarketServiceStub, ids

Client = Callable[..., KentikClient]

STEPS = 60
ONE = Quota(1, None, 0.0, None, None, drain=0.02)


class Listeners:
    """Callers that abandon streams.

    Attributes:
        ended: The number of calls by their end.
    """

    def __init__(self, kentik: KentikClient, chance: random.Random) -> None:
        self.ended: Counter[str] = Counter()
        self._stub = kentik.stub(MarketServiceStub)
        self._chance = chance
        self._ways = (self.patient, self.cancelled, self.scoped, self.timed, self.broken_off, self.dropped)

    async def one(self) -> None:
        way = self._chance.choice(self._ways)
        task = asyncio.current_task()
        assert task is not None
        try:
            self.ended[await way()] += 1
        except ClientClosedError:
            self.ended["closed"] += 1
        assert task.cancelling() == 0

    def stream(self) -> AsyncGenerator[Any, None]:
        return self._stub.Watch(Market()) if self._chance.random() < 0.5 else self._stub.Swap(ids(3))

    async def listen(self) -> None:
        if self._chance.random() < 0.3:
            await self._stub.Load(ids(3))
            return
        async for _ in self.stream():
            pass

    async def moment(self) -> None:
        for _ in range(self._chance.randrange(STEPS)):
            await asyncio.sleep(0)

    async def patient(self) -> str:
        await self.listen()
        return "done"

    async def cancelled(self) -> str:
        task = asyncio.create_task(self.listen())
        await self.moment()
        task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            return "cancelled"
        task.result()
        return "done"

    async def scoped(self) -> str:
        with anyio.move_on_after(self._chance.random() * 0.02) as scope:
            await self.listen()
        return "cancelled" if scope.cancelled_caught else "done"

    async def timed(self) -> str:
        try:
            async with asyncio.timeout(self._chance.random() * 0.02):
                await self.listen()
        except TimeoutError:
            return "timed out"
        return "done"

    async def broken_off(self) -> str:
        async with aclosing(self.stream()) as answers:
            async for _ in answers:
                if self._chance.random() < 0.4:
                    return "broken off"
        return "done"

    async def dropped(self) -> str:
        """Abandoned without closing the generator: the event loop closes it when it is collected."""
        async for _ in self.stream():
            if self._chance.random() < 0.4:
                return "dropped"
        return "done"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("quota", [ONE, UNLIMITED], ids=["one at a time", "all at once"])
async def test_streams_ended_at_any_moment(
    client: Client, grpc_server: ForeignGrpc, quota: Quota, seed: int
) -> None:
    MarketService(grpc_server)
    kentik = client(quota)
    listeners = Listeners(kentik, random.Random(seed))
    for _ in range(4):
        async with asyncio.TaskGroup() as group:
            for _ in range(25):
                group.create_task(listeners.one())
        gc.collect()
        await settled(kentik)
    assert listeners.ended.total() == 100
    assert min(listeners.ended[end] for end in ("done", "cancelled", "broken off", "dropped")) > 0
    assert (await kentik.quota.snapshot()).waiting == 0


@pytest.mark.parametrize("seed", range(4))
async def test_clients_that_are_closed_over_streams(
    client: Client, grpc_server: ForeignGrpc, seed: int
) -> None:
    MarketService(grpc_server)
    chance = random.Random(seed)
    kentik = client(UNLIMITED)
    listeners = Listeners(kentik, chance)
    tasks = [asyncio.create_task(listeners.one()) for _ in range(30)]
    await listeners.moment()
    await kentik.aclose()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    assert listeners.ended.total() == 30
