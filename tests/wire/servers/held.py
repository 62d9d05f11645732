"""Shared by the tests of waiting and cancellation: delayed answers, and checks of the quota."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import aiohttp.web
import pytest

from kentik_async import KentikClient, LocalLimiter, Quota
from tests.support.frozen_time import PATIENCE, FrozenTime
from tests.wire.servers.independent import ONE_AT_A_TIME, UNLIMITED, ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]

Call = Callable[[KentikClient], Coroutine[Any, Any, Any]]

CALLS: dict[str, Call] = {
    "grpc": lambda kentik: kentik.kmi.list_markets(),
    "rest": lambda kentik: kentik.sites.list(),
}

PATIENT = replace(UNLIMITED, drain=PATIENCE)
PATIENT_ONE_AT_A_TIME = replace(ONE_AT_A_TIME, drain=PATIENCE)
"""The libraries' own deadline is later than the client's by the drain, so they end no attempt before it."""

over_both = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))


async def in_flight(kentik: KentikClient) -> int:
    return (await kentik.quota.snapshot()).in_flight


async def settled(kentik: KentikClient) -> None:
    """Wait until nothing is in flight."""
    async with asyncio.timeout(PATIENCE):
        while await in_flight(kentik):
            await asyncio.sleep(0.002)


async def assert_drains(kentik: KentikClient, time: FrozenTime, drain: float) -> None:
    """Check that the only slot is occupied for some seconds of the limiter's time, which stands still."""
    assert await in_flight(kentik) == 1
    time.now += 0.9 * drain
    assert await in_flight(kentik) == 1
    time.now += 0.2 * drain
    assert await in_flight(kentik) == 0


def at_standstill(client: Client, quota: Quota, **options: Any) -> tuple[KentikClient, FrozenTime]:
    """Create a client whose limiter's time stands still, so that no slot drains early on a slow machine."""
    time = FrozenTime(asyncio.get_running_loop().time())
    return client(quota, limiter=LocalLimiter(quota, quota, clock=time.clock), **options), time


async def loss_noticed(kentik: KentikClient) -> None:
    """Wait until gRPC has noticed that its connection is lost: requests sent before that fail."""
    connector = kentik._pipeline.session().connector("grpc")
    async with asyncio.timeout(PATIENCE):
        while connector.transport.ready():
            await asyncio.sleep(0.001)


class Held:
    """Both servers; their answers are delayed until they are released."""

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
