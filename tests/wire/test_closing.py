"""A client that is closed while calls wait, connect or are in flight: each ends with one clear error."""

import asyncio
from contextlib import suppress

import anyio
import pytest

from kentik_async import (
    ClientClosedError,
    KentikClient,
)
from tests.wire.servers.held import Call, Client, Held, assert_drains, at_standstill, over_both
from tests.wire.servers.independent import ONE_AT_A_TIME

DRAIN = ONE_AT_A_TIME.drain


class TestClosing:
    @over_both
    async def test_calls_in_flight(self, client: Client, held: Held, call: Call) -> None:
        kentik = client()
        tasks = [asyncio.ensure_future(call(kentik)) for _ in range(5)]
        await held.has_received(5)
        await kentik.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ClientClosedError}
        assert {str(outcome) for outcome in outcomes} == {
            "the client was closed while the call was in flight"
        }

    @over_both
    async def test_calls_that_wait_for_quota(self, client: Client, held: Held, call: Call) -> None:
        kentik, time = at_standstill(client, ONE_AT_A_TIME)
        tasks = [asyncio.ensure_future(call(kentik)) for _ in range(5)]
        await held.has_received(1)
        await kentik.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ClientClosedError] * 5
        assert str(outcomes[1]) == "the client was closed while the call was waiting"
        assert (await kentik.quota.snapshot()).waiting == 0
        await assert_drains(kentik, time, DRAIN)  # the server may still be working

    async def test_calls_that_wait_for_a_connection(self, client: Client) -> None:
        kentik = client(grpc_endpoint="http://127.0.0.1:1", rest_endpoint="http://127.0.0.1:1")
        calls = [asyncio.ensure_future(call()) for call in (kentik.kmi.list_markets, kentik.sites.list)]
        await asyncio.sleep(0.02)
        await kentik.aclose()
        for call in calls:
            with pytest.raises(ClientClosedError):
                await call

    async def test_calls_afterwards(self, kentik: KentikClient) -> None:
        await kentik.aclose()
        await kentik.aclose()
        with pytest.raises(ClientClosedError, match=r"^the client is closed$") as caught:
            await kentik.kmi.list_markets()
        assert (caught.value.operation, caught.value.attempts) == ("kmi.list_markets", 0)
        with pytest.raises(ClientClosedError):
            await kentik.with_options(timeout=1).sites.list()

    async def test_a_block_closes(self, client: Client, held: Held) -> None:
        async with client() as kentik:
            task = asyncio.create_task(kentik.sites.list())
            await held.has_received(1)
        with pytest.raises(ClientClosedError):
            await task

    async def test_a_call_in_a_task_that_had_been_cancelled_before(self, client: Client, held: Held) -> None:
        """Cleanup after a cancellation that is still counted: closing must not count as another one."""
        kentik = client(ONE_AT_A_TIME)
        first = asyncio.create_task(kentik.kmi.list_markets())
        await held.has_received(1)

        async def stubborn() -> None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            await kentik.kmi.list_markets()

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        await kentik.aclose()
        with pytest.raises(ClientClosedError):
            await task
        with pytest.raises(ClientClosedError):
            await first

    async def test_a_cancellation_at_the_same_moment_wins(self, client: Client, held: Held) -> None:
        kentik = client(ONE_AT_A_TIME)
        first = asyncio.create_task(kentik.kmi.list_markets())
        await held.has_received(1)
        second = asyncio.create_task(kentik.kmi.list_markets())
        await asyncio.sleep(0)
        second.cancel()
        await kentik.aclose()
        assert isinstance(await asyncio.gather(first, return_exceptions=True), list)
        assert second.cancelled()

    async def test_closing_survives_a_cancellation(self, client: Client, held: Held) -> None:
        """Leaving a cancelled scope leaves no connection open."""
        kentik = client()
        tasks = [asyncio.create_task(kentik.kmi.list_markets()), asyncio.create_task(kentik.sites.list())]
        await held.has_received(2)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await kentik.aclose()
        assert scope.cancelled_caught
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ClientClosedError] * 2
