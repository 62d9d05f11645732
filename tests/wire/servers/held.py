"""What the tests of waiting and letting go share: answers that are held back, and looks at the quota."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp.web
import pytest

from kentik_async import KentikClient
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.independent import ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]

Call = Callable[[KentikClient], Coroutine[Any, Any, Any]]

CALLS: dict[str, Call] = {
    "grpc": lambda kentik: kentik.kmi.list_markets(),
    "rest": lambda kentik: kentik.sites.list(),
}

over_both = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))


async def in_flight(kentik: KentikClient) -> int:
    return (await kentik.quota.snapshot()).in_flight


async def settled(kentik: KentikClient) -> None:
    """Wait until nothing is in flight."""
    async with asyncio.timeout(PATIENCE):
        while await in_flight(kentik):
            await asyncio.sleep(0.002)


class Held:
    """Both servers, whose answers are held back until they are let loose."""

    def __init__(self, grpc_server: ForeignGrpc, rest_server: ForeignRest) -> None:
        self.loose = asyncio.Event()
        self.grpc, self.rest = grpc_server, rest_server
        grpc_server.usual = self._grpc
        rest_server.usual = self._rest

    async def _grpc(self, _: object) -> bytes:
        await self.loose.wait()
        return b""

    async def _rest(self, _: object) -> aiohttp.web.StreamResponse:
        await self.loose.wait()
        return aiohttp.web.json_response({"sites": []})

    @property
    def received(self) -> int:
        return len(self.grpc.received) + len(self.rest.received)

    async def has_received(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.received < count:
                await asyncio.sleep(0.001)

    async def expire(self, timeout: asyncio.Timeout) -> None:
        """Let a timeout expire as soon as a request was received."""
        await self.has_received(1)
        timeout.reschedule(asyncio.get_running_loop().time())
