"""Stubs with the client's quota, errors and retries: calls without streams."""

from collections.abc import Callable

import pytest

from kentik_async import (
    DeadlineExceededError,
    DecodeError,
    KentikClient,
    UnavailableError,
)
from kentik_async._generated.kmi.v202212 import KmiServiceStub, ListMarketsRequest, Market
from tests.support.protowire import message
from tests.wire.servers.held import PATIENT
from tests.wire.servers.independent import EMAIL, TOKEN, Abort, ForeignGrpc
from tests.wire.servers.market_service import PATH, MarketServiceStub, raw

Client = Callable[..., KentikClient]


class TestUnary:
    async def test_a_call(self, kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
        grpc_server.usual = raw("planet$earth")
        answer = await kentik.stub(MarketServiceStub).Get(Market(market_id="x"))
        assert (type(answer), answer.market_id) == (Market, "planet$earth")
        (received,) = grpc_server.received
        assert (received.path, received.body) == (PATH + "Get", raw("x"))
        assert received.metadata["x-ch-auth-email"] == EMAIL
        assert received.metadata["x-ch-auth-api-token"] == TOKEN

    async def test_a_stub_of_this_package(self, kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
        grpc_server.usual = message((1, raw("cc$CH")))
        answer = await kentik.stub(KmiServiceStub).ListMarkets(ListMarketsRequest())
        assert [market.market_id for market in answer.markets] == ["cc$CH"]

    @pytest.mark.parametrize(
        ("name", "idempotent", "sent"),
        [("Get", None, 4), ("Put", None, 1), ("Put", True, 4), ("Get", False, 1)],
    )
    async def test_what_is_sent_again(
        self, kentik: KentikClient, grpc_server: ForeignGrpc, name: str, idempotent: bool | None, sent: int
    ) -> None:
        grpc_server.usual = Abort("UNAVAILABLE")
        method = getattr(kentik.stub(MarketServiceStub), name)
        with pytest.raises(UnavailableError) as caught:
            await method(Market(), idempotent=idempotent)
        assert len(grpc_server.received) == caught.value.attempts == sent
        assert caught.value.operation == f"MarketService.{name}"

    @pytest.mark.usefixtures("held")
    async def test_a_timeout_of_its_own(self, client: Client) -> None:
        stub = client(PATIENT).stub(MarketServiceStub)
        with pytest.raises(DeadlineExceededError, match=r"timeout=0\.02 s"):
            await stub.Get(Market(), timeout=0.02)

    async def test_an_invalid_response_is_a_decode_error(
        self, one_at_a_time: KentikClient, grpc_server: ForeignGrpc
    ) -> None:
        grpc_server.usual = b"\xff\xff\xff"
        with pytest.raises(DecodeError, match="not the expected protobuf message"):
            await one_at_a_time.stub(MarketServiceStub).Get(Market())
        assert (await one_at_a_time.quota.snapshot()).in_flight == 0

    @pytest.mark.usefixtures("held")
    async def test_the_options_of_a_view(self, client: Client) -> None:
        with pytest.raises(DeadlineExceededError, match=r"timeout=0\.02 s"):
            await client(PATIENT).with_options(timeout=0.02).stub(MarketServiceStub).Get(Market())
