"""Stubs with the client's quota and errors: streams of every kind, and all their ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace

import anyio
import pytest

from kentik_async import (
    APIError,
    ClientClosedError,
    ConnectError,
    DeadlineExceededError,
    Event,
    KentikClient,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnavailableError,
    ValidationError,
)
from kentik_async._generated.kmi.v202212 import ListMarketsRequest, Market
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import assert_drains, at_standstill, settled
from tests.wire.servers.independent import ONE_AT_A_TIME, TOKEN, ForeignGrpc
from tests.wire.servers.market_service import MarketService, MarketServiceStub, ids, raw

Client = Callable[..., KentikClient]


@pytest.fixture
def service(grpc_server: ForeignGrpc) -> MarketService:
    return MarketService(grpc_server)


async def sent_too_late(service: MarketService) -> AsyncIterator[Market]:
    """Yield a message, and another one when the server has ended the call."""
    yield Market()
    async with asyncio.timeout(PATIENCE):
        while not service.asked:
            await asyncio.sleep(0)
    # The event loop is held until the end of the call has arrived: it handles the next write after it.
    time.sleep(0.05)  # noqa: ASYNC251 (blocking is the case that is tested)
    yield Market()


class TestStreams:
    async def test_answers_as_they_come(self, one_at_a_time: KentikClient, service: MarketService) -> None:
        stub = one_at_a_time.stub(MarketServiceStub)
        found = [market.market_id async for market in stub.Watch(Market(market_id="x"))]
        assert found == ["m0", "m1", "m2", "m3", "m4"]
        assert service.got == [raw("x")]
        ((_, metadata),) = service.asked
        assert metadata["x-ch-auth-api-token"] == TOKEN
        assert (await one_at_a_time.quota.snapshot()).in_flight == 0

    @pytest.mark.parametrize("asynchronous", [False, True])
    async def test_messages_as_they_come(
        self, one_at_a_time: KentikClient, service: MarketService, asynchronous: bool
    ) -> None:
        async def slowly() -> AsyncIterator[Market]:
            for market in ids(3):
                await asyncio.sleep(0)
                yield market

        stub = one_at_a_time.stub(MarketServiceStub)
        answer = await stub.Load(slowly() if asynchronous else ids(3))
        assert answer.market_id == "3 loaded"
        assert service.got == [raw("m0"), raw("m1"), raw("m2")]
        assert (await one_at_a_time.quota.snapshot()).in_flight == 0

    async def test_both(self, one_at_a_time: KentikClient, service: MarketService) -> None:
        stub = one_at_a_time.stub(MarketServiceStub)
        found = [market.market_id async for market in stub.Swap(ids(3))]
        assert found == ["!", "!", "!"]
        assert (await one_at_a_time.quota.snapshot()).in_flight == 0

    async def test_streams_take_turns(self, one_at_a_time: KentikClient, service: MarketService) -> None:
        stub = one_at_a_time.stub(MarketServiceStub)

        async def watch() -> int:
            return len([market async for market in stub.Watch(Market())])

        assert await asyncio.gather(*(watch() for _ in range(5))) == [5] * 5
        assert service.most_at_once == 1

    async def test_a_refusal_is_waited_out(self, one_at_a_time: KentikClient, service: MarketService) -> None:
        service.refusals = 3
        found = [m async for m in one_at_a_time.stub(MarketServiceStub).Watch(Market())]
        assert (len(found), len(service.asked)) == (5, 4)

    async def test_messages_are_not_sent_twice(
        self, one_at_a_time: KentikClient, service: MarketService
    ) -> None:
        service.refusals = 1
        with pytest.raises(RateLimitedError) as caught:
            await one_at_a_time.stub(MarketServiceStub).Load(ids(3))
        assert (caught.value.operation, caught.value.attempts) == ("MarketService.Load", 1)
        assert len(service.asked) == 1

    @pytest.mark.parametrize("name", ["Load", "Swap"])
    async def test_a_refusal_while_messages_are_sent(
        self, one_at_a_time: KentikClient, service: MarketService, name: str
    ) -> None:
        service.refusals = 1
        stub = one_at_a_time.stub(MarketServiceStub)

        async def send() -> None:
            if name == "Load":
                await stub.Load(sent_too_late(service))
            else:
                [market async for market in stub.Swap(sent_too_late(service))]

        with pytest.raises(RateLimitedError) as caught:
            await send()
        assert caught.value.retry_after == 0.005

    async def test_an_answer_while_messages_are_sent(
        self, one_at_a_time: KentikClient, service: MarketService
    ) -> None:
        service.answers_early = True
        answer = await one_at_a_time.stub(MarketServiceStub).Load(sent_too_late(service))
        assert answer.market_id == "enough"

    async def test_an_error_after_some_answers(
        self, one_at_a_time: KentikClient, service: MarketService
    ) -> None:
        service.abort_after = 2
        answers = one_at_a_time.stub(MarketServiceStub).Watch(Market())
        assert [(await anext(answers)).market_id for _ in range(2)] == ["m0", "m1"]
        with pytest.raises(NotFoundError, match="gone"):
            await anext(answers)
        assert (await one_at_a_time.quota.snapshot()).in_flight == 0

    async def test_leaving_early(self, client: Client, service: MarketService) -> None:
        service.loose.clear()
        kentik, time = at_standstill(client, ONE_AT_A_TIME)
        async with aclosing(kentik.stub(MarketServiceStub).Watch(Market())) as answers:
            assert (await anext(answers)).market_id == "m0"
        await assert_drains(kentik, time, ONE_AT_A_TIME.drain)  # the server may still be working
        async with asyncio.timeout(PATIENCE):
            while not service.broken_off:
                await asyncio.sleep(0.001)
        assert service.broken_off == 1

    async def test_a_message_of_another_type_is_refused(
        self, one_at_a_time: KentikClient, service: MarketService
    ) -> None:
        stub = one_at_a_time.stub(MarketServiceStub)
        with pytest.raises(ValidationError, match="must be a Market; got a ListMarketsRequest"):
            await stub.Load([Market(), ListMarketsRequest()])
        with pytest.raises(ValidationError, match="must be a Market; got a str"):
            stub.Watch("x")

    async def test_a_source_of_messages_that_fails(
        self, one_at_a_time: KentikClient, service: MarketService
    ) -> None:
        def failing() -> Iterator[Market]:
            yield Market()
            raise ZeroDivisionError("the caller's own")

        stub = one_at_a_time.stub(MarketServiceStub)
        with pytest.raises(ZeroDivisionError, match="the caller's own"):
            await stub.Load(failing())
        with pytest.raises(ZeroDivisionError, match="the caller's own"):
            [market async for market in stub.Swap(failing())]
        await settled(one_at_a_time)

    @pytest.mark.parametrize("drain", [PATIENCE, 0.2])
    async def test_a_deadline(self, client: Client, service: MarketService, drain: float) -> None:
        service.loose.clear()
        kentik = client(replace(ONE_AT_A_TIME, drain=drain))
        with pytest.raises(DeadlineExceededError):
            async for _ in kentik.stub(MarketServiceStub).Watch(Market(), timeout=0.05):
                pass
        if drain == PATIENCE:
            assert (await kentik.quota.snapshot()).in_flight == 1  # the server may still be working
        else:
            await settled(kentik)

    @pytest.mark.parametrize("name", ["Watch", "Load", "Swap"])
    async def test_cancellation(self, one_at_a_time: KentikClient, service: MarketService, name: str) -> None:
        service.loose.clear()
        never = asyncio.Event()

        async def slow() -> AsyncIterator[Market]:
            yield Market()
            await never.wait()

        stub = one_at_a_time.stub(MarketServiceStub)
        with anyio.move_on_after(0.05) as scope:
            if name == "Load":
                await stub.Load(slow())
            else:
                answers = stub.Watch(Market()) if name == "Watch" else stub.Swap(slow())
                async with aclosing(answers):
                    async for _ in answers:
                        pass
        assert scope.cancelled_caught
        await settled(one_at_a_time)

    @pytest.mark.parametrize("name", ["Watch", "Load"])
    async def test_the_client_closes(
        self, one_at_a_time: KentikClient, service: MarketService, name: str
    ) -> None:
        service.loose.clear()
        stub = one_at_a_time.stub(MarketServiceStub)

        async def consume() -> None:
            if name == "Load":
                await stub.Load(ids(1))
            else:
                async for _ in stub.Watch(Market()):
                    pass

        tasks = [asyncio.create_task(consume()) for _ in range(3)]
        async with asyncio.timeout(PATIENCE):
            while not service.asked:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        await one_at_a_time.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ClientClosedError] * 3

    async def test_the_server_closes_the_stream_early(
        self, one_at_a_time: KentikClient, service: MarketService, grpc_server: ForeignGrpc
    ) -> None:
        service.loose.clear()
        answers = one_at_a_time.stub(MarketServiceStub).Watch(Market())
        assert (await anext(answers)).market_id == "m0"
        await grpc_server.stop()
        with pytest.raises((UnavailableError, ServerError)) as caught:
            await anext(answers)
        assert isinstance(caught.value, APIError)

    async def test_no_server(self, client: Client) -> None:
        kentik = client(grpc_endpoint="http://127.0.0.1:1", connect_timeout=0.1)
        with pytest.raises(ConnectError) as caught:
            async for _ in kentik.stub(MarketServiceStub).Watch(Market()):
                pass
        assert (caught.value.operation, caught.value.attempts) == ("MarketService.Watch", 0)

    async def test_what_is_reported(self, client: Client, service: MarketService) -> None:
        events: list[Event] = []
        service.refusals = 1
        kentik = client(ONE_AT_A_TIME, on_event=events.append)
        async for _ in kentik.stub(MarketServiceStub).Watch(Market()):
            pass
        assert [(event.kind, event.attempt) for event in events] == [
            ("queued", 0),
            ("sent", 1),
            ("refused", 1),
            ("sent", 2),
            ("answered", 2),
        ]
        assert {event.operation for event in events} == {"MarketService.Watch"}
