"""A service with an RPC of each kind: its stub as codegen makes them, and a server by hand."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import grpc

from kentik_async._generated import _runtime
from kentik_async._generated.kmi.v202212 import Market
from tests.support.protowire import message
from tests.wire.servers.independent import ForeignGrpc

PATH = "/kentik.market.v202601.MarketService/"


def spec(name: str, *, sends: bool = False, gets: bool = False, verb: str = "POST") -> _runtime.MethodSpec:
    return _runtime.MethodSpec(
        name=name,
        path=PATH + name,
        verb=verb,
        http_path=f"/market/v202601/{name}",
        body="*",
        client_streaming=sends,
        server_streaming=gets,
        request=Market,
        response=Market,
    )


class MarketServiceStub:
    """A stub as codegen makes them, of a service with an RPC of each kind."""

    METHODS: ClassVar[dict[str, _runtime.MethodSpec]] = {
        "Get": spec("Get", verb="GET"),
        "Put": spec("Put"),
        "Watch": spec("Watch", gets=True),
        "Load": spec("Load", sends=True),
        "Swap": spec("Swap", sends=True, gets=True),
    }
    Get: Any
    Put: Any
    Watch: Any
    Load: Any
    Swap: Any

    def __init__(self, channel: Any) -> None:
        _runtime.bind(self, channel)


def raw(market_id: str) -> bytes:
    return message((1, market_id))


def ids(count: int) -> Iterator[Market]:
    return (Market(market_id=f"m{number}") for number in range(count))


class MarketService:
    """Answers the three streaming RPCs, and remembers who asked."""

    def __init__(self, server: ForeignGrpc) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.got: list[bytes] = []
        self.at_once = self.most_at_once = 0
        self.refusals = 0
        self.broken_off = 0
        self.abort_after: int | None = None
        self.loose = asyncio.Event()
        self.loose.set()
        server.handlers = {
            PATH + "Watch": grpc.unary_stream_rpc_method_handler(self.watch),
            PATH + "Load": grpc.stream_unary_rpc_method_handler(self.load),
            PATH + "Swap": grpc.stream_stream_rpc_method_handler(self.swap),
        }

    async def _admit(self, name: str, context: Any) -> None:
        self.asked.append((name, dict(context.invocation_metadata())))
        if self.refusals:
            self.refusals -= 1
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", (("x-ratelimit-throttle-ms", "5"),)
            )

    async def watch(self, body: bytes, context: Any) -> AsyncIterator[bytes]:
        await self._admit("Watch", context)
        self.got.append(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            for number in range(5):
                if number == self.abort_after:
                    await context.abort(grpc.StatusCode.NOT_FOUND, "gone")
                yield raw(f"m{number}")
                await self.loose.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        finally:
            self.at_once -= 1

    async def load(self, bodies: AsyncIterator[bytes], context: Any) -> bytes:
        await self._admit("Load", context)
        async for body in bodies:
            self.got.append(body)
        await self.loose.wait()
        return raw(f"{len(self.got)} loaded")

    async def swap(self, bodies: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        await self._admit("Swap", context)
        async for body in bodies:
            yield body + raw("!")
