"""Callers that stop waiting: they return immediately; the slot stays occupied until the server is done."""

import asyncio
import time

import anyio
import pytest

from kentik_async import (
    APIError,
    DeadlineExceededError,
    Event,
    Retry,
    UnavailableError,
)
from tests.support.frozen_time import PATIENCE, frozen_time
from tests.support.http2 import SETTINGS, http2_request
from tests.wire.servers.held import (
    PATIENT,
    PATIENT_ONE_AT_A_TIME,
    Call,
    Client,
    Held,
    assert_drains,
    at_standstill,
    in_flight,
    over_both,
    settled,
)
from tests.wire.servers.independent import ONE_AT_A_TIME, Abort, Answer, ForeignGrpc, ForeignRest, RawServer

DRAIN = ONE_AT_A_TIME.drain


class TestTimeout:
    @over_both
    async def test_timeout_keeps_the_slot(self, client: Client, held: Held, call: Call) -> None:
        kentik = client(PATIENT_ONE_AT_A_TIME)
        with pytest.raises(DeadlineExceededError, match=r"^no response within timeout=0\.05 s$") as caught:
            await call(kentik.with_options(timeout=0.05))
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.attempts == 1
        assert await in_flight(kentik) == 1

        await held.has_received(1)
        following = asyncio.create_task(call(kentik))
        await asyncio.sleep(0.05)
        assert held.received == 1
        held.loose.set()
        await following
        assert held.received == 2
        assert await in_flight(kentik) == 0

    @over_both
    async def test_slot_is_free_after_timeout_and_drain(self, client: Client, held: Held, call: Call) -> None:
        kentik = client(ONE_AT_A_TIME)
        start = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            await call(kentik.with_options(timeout=0.05))
        taken = await in_flight(kentik)
        over = time.monotonic() - start > 0.9 * (0.05 + DRAIN)
        assert taken == 1 or over
        await settled(kentik)
        assert time.monotonic() - start > 0.9 * (0.05 + DRAIN)

    @over_both
    @pytest.mark.parametrize("answered", [True, False])
    async def test_event_loop_that_was_blocked(
        self, client: Client, held: Held, call: Call, answered: bool
    ) -> None:
        """Then the timer is late, and a response that arrived in time is not lost."""
        kentik = client(PATIENT_ONE_AT_A_TIME, timeout=20.0)
        held.loose.set()
        await call(kentik)
        held.loose.clear()
        with frozen_time() as time:
            under_way = asyncio.create_task(call(kentik))
            while held.received < 2:
                await asyncio.sleep(0)
            if answered:
                held.loose.set()
            await time.advance(21.0)
            if answered:
                await under_way
                return
            await time.advance(0.9)
            assert not under_way.done()
            await time.advance(0.2)
            with pytest.raises(DeadlineExceededError, match="no response within timeout=20 s"):
                await under_way

    async def test_a_timeout_is_not_repeated(self, client: Client, held: Held) -> None:
        with pytest.raises(DeadlineExceededError):
            await client(PATIENT).with_options(timeout=0.02).kmi.list_markets()
        await held.has_received(1)
        await asyncio.sleep(0.05)
        assert held.received == 1

    async def test_waiting_for_quota_does_not_count(self, client: Client, held: Held) -> None:
        kentik = client(PATIENT_ONE_AT_A_TIME)
        first = asyncio.create_task(kentik.kmi.list_markets())
        await held.has_received(1)
        with frozen_time() as time:
            second = asyncio.create_task(kentik.with_options(timeout=1.0).kmi.list_markets())
            await asyncio.sleep(0)
            assert (await kentik.quota.snapshot()).waiting == 1
            await time.advance(2.0)
            held.loose.set()
            await first
            await second


class TestCancellation:
    @over_both
    async def test_a_task_that_is_cancelled(self, client: Client, held: Held, call: Call) -> None:
        kentik = client(ONE_AT_A_TIME)
        task = asyncio.ensure_future(call(kentik))
        await held.has_received(1)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert await in_flight(kentik) == 1
        held.loose.set()
        await settled(kentik)
        await call(kentik)

    @over_both
    async def test_asyncio_timeouts(self, client: Client, held: Held, call: Call) -> None:
        kentik = client(ONE_AT_A_TIME)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PATIENCE) as scope:
                await asyncio.gather(call(kentik), held.expire(scope))
        with pytest.raises(TimeoutError):  # this one waits for the slot
            await asyncio.wait_for(call(kentik), 0.03)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert await in_flight(kentik) == 1

    @over_both
    async def test_anyio_scopes(self, client: Client, held: Held, call: Call) -> None:
        kentik = client(ONE_AT_A_TIME)
        for _ in range(2):  # the first is in flight, the second waits for the slot
            with anyio.move_on_after(0.03) as scope:
                await call(kentik)
            assert scope.cancelled_caught
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.03):
                await call(kentik)

    @over_both
    async def test_anyio_task_groups(self, client: Client, held: Held, call: Call) -> None:
        kentik = client()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(call, kentik)
            await held.has_received(5)
            group.cancel_scope.cancel()

    @over_both
    async def test_nested_anyio_scopes(self, client: Client, held: Held, call: Call) -> None:
        kentik = client()
        with anyio.move_on_after(0.02) as outer:
            with anyio.move_on_after(PATIENCE) as inner:
                await call(kentik)
        assert outer.cancelled_caught
        assert not inner.cancelled_caught

    async def test_while_there_is_no_connection(self, client: Client) -> None:
        kentik = client(grpc_endpoint="http://127.0.0.1:1", rest_endpoint="http://127.0.0.1:1")
        for call in (kentik.kmi.list_markets, kentik.sites.list):
            with anyio.move_on_after(0.02) as scope:
                await call()
            assert scope.cancelled_caught

    async def test_between_two_attempts(self, client: Client, grpc_server: ForeignGrpc) -> None:
        with anyio.CancelScope() as scope:

            def leave(event: Event) -> None:
                if event.kind == "retried":
                    scope.cancel()

            grpc_server.usual = Abort("UNAVAILABLE")
            kentik = client(ONE_AT_A_TIME, retry=Retry(base=1e9, cap=1e9), on_event=leave)
            await kentik.kmi.list_markets()
        assert scope.cancelled_caught
        assert len(grpc_server.received) == 1

    @over_both
    async def test_cancellation_is_never_swallowed(self, client: Client, call: Call, held: Held) -> None:
        """Cancelled at each step of the event loop in turn: a task that was cancelled ends as cancelled."""
        held.loose.set()
        kentik = client(ONE_AT_A_TIME)
        await call(kentik)
        cancelled = 0
        for steps in range(400):
            task = asyncio.ensure_future(call(kentik))
            for _ in range(steps):
                await asyncio.sleep(0)
            if not task.cancel():
                break
            cancelled += 1
            await asyncio.wait([task])
            assert task.cancelled(), steps
            await settled(kentik)
        assert cancelled > 3
        await call(kentik)


@pytest.mark.parametrize("status", [408, 502, 503, 504])
async def test_a_gateways_answer_keeps_the_slot_for_the_drain(
    client: Client, rest_server: ForeignRest, status: int
) -> None:
    """The API behind the gateway may still be working: the next request would be a concurrent one."""
    page = b"<html><head><title>Gateway Time-out</title></head></html>"
    rest_server.usual = Answer(status, page, content_type="text/html")
    kentik, time = at_standstill(client, ONE_AT_A_TIME, retry=Retry(attempts=1))
    with pytest.raises(UnavailableError):
        await kentik.sites.list()
    await assert_drains(kentik, time, DRAIN)


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_an_error_of_the_api_itself_frees_the_slot(
    client: Client, rest_server: ForeignRest, status: int
) -> None:
    rest_server.usual = Answer(status, b'{"error": "the API says so"}')
    kentik = client(ONE_AT_A_TIME, retry=Retry(attempts=1))
    with pytest.raises(APIError):
        await kentik.sites.list()
    assert await in_flight(kentik) == 0


async def test_lost_connection_keeps_its_slot_for_the_drain(client: Client) -> None:
    """The server may still be working: the next request would be a concurrent one.

    Except for a stopped server: it may answer the calls that it aborts, and then the slot is free.
    """

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SETTINGS)
        await http2_request(reader)

    async with RawServer(hang_up) as server:
        kentik, time = at_standstill(client, ONE_AT_A_TIME, grpc_endpoint=server.url)
        with pytest.raises(UnavailableError) as caught:
            await kentik.as_groups.create("x", [1])
        assert caught.value.attempts == 1
        await assert_drains(kentik, time, DRAIN)
        await kentik.aclose()
