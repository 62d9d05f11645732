"""Stubs over REST: the JSON mirror of API v6, and RPCs that it does not have."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from kentik_async import ConfigError, KentikClient, Quota, QuotaWaitError
from kentik_async._generated import _runtime
from kentik_async._generated.kmi.v202212 import Market
from tests.wire.servers.independent import Answer, ForeignRest
from tests.wire.servers.market_service import MarketServiceStub, spec


class MirroredStub(MarketServiceStub):
    """A stub of RPCs with and without a path in the mirror."""

    METHODS: ClassVar[dict[str, _runtime.MethodSpec]] = {
        **MarketServiceStub.METHODS,
        "Get": replace(spec("Get", verb="GET"), http_path="/market/v202601/{market_id}", body=""),
        "Put": replace(spec("Put"), verb="", http_path="", body=""),
    }


@pytest.fixture
def kentik(client: Callable[..., KentikClient], rest_server: ForeignRest) -> KentikClient:
    mirror = rest_server.url.removesuffix("/api/v5")
    return client(transport="rest", v6_rest_endpoint=mirror, max_wait=0.0)


async def test_a_call_of_a_stub(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(body=json.dumps({"marketId": "cc$CH", "new": 1}).encode())
    quota = Quota(None, None, 0.0, 1, None)
    stub = kentik.stub(MirroredStub, quota_class="market", quota=quota)
    answer = await stub.Get(Market(market_id="cc$CH", name="x"))
    assert answer == Market(market_id="cc$CH")
    (asked,) = rest_server.received
    assert (asked.verb, asked.target) == ("GET", "/market/v202601/cc$CH?name=x")
    with pytest.raises(QuotaWaitError):
        await stub.Get(Market(market_id="cc$CH"))


async def test_what_the_mirror_does_not_have(kentik: KentikClient, rest_server: ForeignRest) -> None:
    stub = kentik.stub(MirroredStub)
    with pytest.raises(ConfigError, match=r"Put has no path in the JSON mirror.*use transport='grpc'"):
        await stub.Put(Market())
    with pytest.raises(ConfigError, match=r"MarketService\.Watch is a stream, which needs transport='grpc'"):
        async for _ in stub.Watch(Market()):
            pass
    assert rest_server.received == []
