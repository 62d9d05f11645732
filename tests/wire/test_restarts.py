"""Servers that restart during hundreds of calls: reads succeed, creates are sent once, quota is right."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from kentik_async import Event, KentikClient, Quota, Retry, ServerError, UnavailableError
from tests.support.frozen_time import PATIENCE
from tests.support.protowire import message
from tests.wire.servers.held import Client, loss_noticed
from tests.wire.servers.independent import Answer, ForeignGrpc, ForeignRest

GROUP = message((1, message((1, "1"), (2, "x"))))
PLENTY = Quota(8, None, 0, 10_000, None, drain=0.1)

INSISTENT = Retry(attempts=1000, base=0.001, cap=0.001)
"""A server that stops may answer any number of requests with errors before its connections close."""


def failures(events: list[Event]) -> int:
    return sum(event.kind == "retried" for event in events)


class TestRestarts:
    async def test_two_hundred_reads_over_grpc(self, client: Client, grpc_server: ForeignGrpc) -> None:
        async def slow(_: object) -> bytes:
            await asyncio.sleep(0.002)
            return b""

        grpc_server.usual = slow
        events: list[Event] = []
        kentik = client(PLENTY, on_event=events.append, retry=INSISTENT)
        calls = [asyncio.create_task(kentik.kmi.list_markets()) for _ in range(200)]
        await self.restart_when(grpc_server, 60)
        await asyncio.gather(*calls)
        await self.assert_spent(kentik, sum(event.kind == "answered" for event in events))
        assert 200 <= len(grpc_server.received) <= 200 + failures(events)

    async def test_two_hundred_reads_over_rest(self, client: Client, rest_server: ForeignRest) -> None:
        rest_server.usual = Answer(body=b'{"sites": []}')
        events: list[Event] = []
        kentik = client(PLENTY, on_event=events.append, retry=INSISTENT)
        calls = [asyncio.create_task(kentik.sites.list()) for _ in range(200)]
        await self.restart_when(rest_server, 60)
        await asyncio.gather(*calls)
        assert 200 <= len(rest_server.received) <= 200 + failures(events)

    async def test_creates_are_never_sent_twice(self, client: Client, grpc_server: ForeignGrpc) -> None:
        async def slow(_: object) -> bytes:
            await asyncio.sleep(0.002)
            return GROUP

        grpc_server.usual = slow
        events: list[Event] = []
        kentik = client(PLENTY, on_event=events.append)
        calls = [asyncio.create_task(kentik.as_groups.create(f"group {n}", [1])) for n in range(200)]

        async def lost() -> int:
            """Return the number of creates that the server may have aborted: sent, without a success."""
            await loss_noticed(kentik)
            kinds = Counter(event.kind for event in events if event.error is None)
            return kinds["sent"] - kinds["answered"]

        broken_off = await self.restart_when(grpc_server, 60, lost)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert {type(outcome) for outcome in failed} <= {UnavailableError, ServerError}
        assert len(failed) <= broken_off
        assert grpc_server.most_at_once <= 8
        names = Counter(received.body for received in grpc_server.received)
        assert set(names.values()) == {1}
        assert len(names) >= 200 - len(failed)

    @staticmethod
    async def restart_when(
        server: ForeignGrpc | ForeignRest, received: int, look: Callable[[], Awaitable[int]] | None = None
    ) -> int:
        """Return the result of a function while the server is down."""
        async with asyncio.timeout(PATIENCE):
            while len(server.received) < received:
                await asyncio.sleep(0)
        await server.stop()
        so_far = len(server.received)
        found = 0 if look is None else await look()
        await asyncio.sleep(0.1)
        assert len(server.received) == so_far
        await server.start()
        return found

    @staticmethod
    async def assert_spent(kentik: KentikClient, ended: int) -> None:
        """After the last request is drained, the used quota equals the requests sent."""
        async with asyncio.timeout(PATIENCE):
            while (snapshot := await kentik.quota.snapshot()).in_flight:
                await asyncio.sleep(0.01)
        assert snapshot.left_hard_minute is not None
        assert 10_000 - snapshot.left_hard_minute == ended
