"""Bare tools for an emulator: generated stubs, metadata, an HTTP session; without our client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc.aio

from kentik_async._generated.as_group.v202212 import ASGroupServiceStub
from kentik_async._generated.kmi.v202212 import KmiServiceStub
from kentik_async.emulator import DEFAULT_USER, Emulator, User

# A pool of its own: otherwise, channels to one target share a connection and its failures.
_OPTIONS = (("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1))


@dataclass(frozen=True)
class Wire:
    """One user's bare connections to an emulator."""

    kmi: Any
    groups: Any
    http: aiohttp.ClientSession
    metadata: tuple[tuple[str, str], ...]
    base: str

    async def call(self, method: Any, request: Any, **options: Any) -> Any:
        return await method(request, metadata=self.metadata, **options)

    async def rest(self, verb: str, path: str, **options: Any) -> tuple[int, Any]:
        """Return status and JSON (None for an empty body) of a path of the HTTP port."""
        async with self.http.request(verb, self.base + path, **options) as response:
            return response.status, await response.json() if await response.read() else None


@asynccontextmanager
async def wired(emu: Emulator, user: User = DEFAULT_USER) -> AsyncIterator[Wire]:
    metadata = (("x-ch-auth-email", user.email), ("x-ch-auth-api-token", user.token))
    target = emu.grpc_endpoint.removeprefix("http://")
    async with (
        grpc.aio.insecure_channel(target, options=_OPTIONS) as channel,
        aiohttp.ClientSession(headers=dict(metadata)) as http,
    ):
        base = emu.rest_endpoint.removesuffix("/api/v5")
        yield Wire(KmiServiceStub(channel), ASGroupServiceStub(channel), http, metadata, base)


def trailers(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Return the trailing metadata; `dict()` of it fails with the oldest supported grpcio."""
    return {str(name): str(value) for name, value in error.trailing_metadata() or ()}


async def received(emulator: Emulator, count: int) -> None:
    """Wait until an emulator has received a number of requests, answered or not."""
    while len(emulator.calls) + emulator.report().in_flight < count:
        await asyncio.sleep(0)
