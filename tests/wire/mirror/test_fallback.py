"""`transport="auto"`: gRPC if it connects, else REST with one warning; the choice is made once."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from kentik_async import ConfigError, ConnectError, KentikClient, ValidationError
from kentik_async._generated.kmi.v202212 import GetRankingsRequest, KmiServiceStub, Market
from tests.support.frozen_time import FrozenTime, frozen_time
from tests.wire.servers.held import loss_noticed
from tests.wire.servers.independent import ONE_AT_A_TIME, Answer, ForeignGrpc, ForeignRest, RawServer
from tests.wire.servers.market_service import MarketServiceStub

Client = Callable[..., KentikClient]

SLOW = 6.0
"""Seconds for the first connection; half are gRPC's head start."""

MARKETS = b'{"markets": [{"marketId": "cc$CH", "name": "Switzerland", "new": [1]}]}'


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A reserved port without a listener."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
async def silent() -> AsyncIterator[RawServer]:
    """A server that accepts connections and never sends data, as behind some firewalls."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.read()

    async with RawServer(behave) as server:
        yield server


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if (record.name, record.levelno) == ("kentik_async", logging.WARNING)
    ]


def mirror_of(rest_server: ForeignRest) -> str:
    return rest_server.url.removesuffix("/api/v5")


async def pass_head_start(time: FrozenTime) -> None:
    """Let calls start to connect, which only takes steps of the event loop, and let gRPC's head start end."""
    for _ in range(20):
        await asyncio.sleep(0)
    await time.advance(SLOW / 2)


async def after_head_start(*calls: Awaitable[Any]) -> list[Any]:
    """Make calls for which gRPC's head start ends, but not the time for connecting."""
    with frozen_time() as time:
        results = asyncio.gather(*calls)
        await pass_head_start(time)
        return await results


async def test_grpc_is_used_where_it_connects(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, caplog: pytest.LogCaptureFixture
) -> None:
    kentik = client(v6_rest_endpoint=mirror_of(rest_server))
    await kentik.kmi.list_markets()
    assert (len(grpc_server.received), rest_server.received) == (1, [])
    assert warnings_in(caplog) == []


async def test_refused_grpc_falls_back_with_one_warning(
    client: Client, closed_port: int, rest_server: ForeignRest, caplog: pytest.LogCaptureFixture
) -> None:
    rest_server.usual = Answer(body=MARKETS)
    grpc_endpoint = f"http://127.0.0.1:{closed_port}"
    kentik = client(
        grpc_endpoint=grpc_endpoint, v6_rest_endpoint=mirror_of(rest_server), connect_timeout=SLOW
    )
    found = await after_head_start(*(kentik.kmi.list_markets() for _ in range(3)))
    assert [[market.market_id for market in markets] for markets in found] == [["cc$CH"]] * 3
    await kentik.as_groups.delete(1)
    (warning,) = warnings_in(caplog)
    assert f"no gRPC connection to 127.0.0.1:{closed_port} (Connection refused)" in warning
    assert f"over REST at {mirror_of(rest_server)}" in warning
    assert [(asked.verb, asked.target) for asked in rest_server.received] == [
        ("HEAD", "/"),
        *[("GET", "/kmi/v202212/markets")] * 3,
        ("DELETE", "/as_group/v202212/as_group/1"),
    ]
    head = rest_server.received[0]
    assert not [name for name in head.headers if name.startswith("x-ch-auth")]


async def test_grpc_that_can_never_connect_falls_back(
    client: Client, rest_server: ForeignRest, caplog: pytest.LogCaptureFixture
) -> None:
    rest_server.usual = Answer(body=MARKETS)
    endpoint = f"https://{'a' * 70}.test:443"  # no DNS name is so long
    kentik = client(grpc_endpoint=endpoint, v6_rest_endpoint=mirror_of(rest_server), connect_timeout=SLOW)
    assert len(await kentik.kmi.list_markets()) == 1
    (warning,) = warnings_in(caplog)
    assert "invalid host name" in warning


async def test_a_stream_without_grpc_keeps_no_slot(
    client: Client, closed_port: int, rest_server: ForeignRest
) -> None:
    rest_server.usual = Answer(body=MARKETS)
    kentik = client(
        ONE_AT_A_TIME,
        grpc_endpoint=f"http://127.0.0.1:{closed_port}",
        v6_rest_endpoint=mirror_of(rest_server),
        connect_timeout=SLOW,
    )
    await after_head_start(kentik.kmi.list_markets())
    with pytest.raises(ConfigError, match="there are no streams over REST") as caught:
        [market async for market in kentik.stub(MarketServiceStub).Watch(Market())]
    assert (await kentik.quota.snapshot()).in_flight == 0
    del caught


async def test_silent_grpc_falls_back(client: Client, silent: RawServer, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(body=MARKETS)
    kentik = client(grpc_endpoint=silent.url, v6_rest_endpoint=mirror_of(rest_server), connect_timeout=SLOW)
    (found,) = await after_head_start(kentik.kmi.list_markets())
    assert len(found) == 1


async def test_a_host_without_grpc_falls_back_on_itself(client: Client, rest_server: ForeignRest) -> None:
    """By default the JSON mirror is on the host of gRPC."""
    rest_server.usual = Answer(body=MARKETS)
    kentik = client(grpc_endpoint=mirror_of(rest_server), connect_timeout=SLOW)
    (found,) = await after_head_start(kentik.kmi.list_markets())
    assert len(found) == 1


@pytest.mark.parametrize("status", [502, 503])
async def test_no_fallback_to_what_does_not_work(
    client: Client,
    closed_port: int,
    rest_server: ForeignRest,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    rest_server.usual = Answer(status)
    kentik = client(
        grpc_endpoint=f"http://127.0.0.1:{closed_port}",
        v6_rest_endpoint=mirror_of(rest_server),
        connect_timeout=SLOW,
    )
    with frozen_time() as time:
        call = asyncio.create_task(kentik.kmi.list_markets())
        await pass_head_start(time)
        while not rest_server.received:
            await asyncio.sleep(0)
        await time.advance(SLOW / 2)
        with pytest.raises(ConnectError, match="Connection refused"):
            await call
    assert {asked.verb for asked in rest_server.received} == {"HEAD"}
    assert warnings_in(caplog) == []


async def test_grpc_alone_does_not_fall_back(
    client: Client, closed_port: int, rest_server: ForeignRest
) -> None:
    kentik = client(
        transport="grpc",
        grpc_endpoint=f"http://127.0.0.1:{closed_port}",
        v6_rest_endpoint=mirror_of(rest_server),
        connect_timeout=0.2,
    )
    with pytest.raises(ConnectError):
        await kentik.kmi.list_markets()
    assert rest_server.received == []


async def test_an_outage_of_grpc_is_waited_out(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest
) -> None:
    kentik = client(v6_rest_endpoint=mirror_of(rest_server), connect_timeout=SLOW)
    await kentik.kmi.list_markets()
    await grpc_server.stop()
    await loss_noticed(kentik)
    with frozen_time() as time:
        waiting = asyncio.create_task(kentik.kmi.list_markets())
        await pass_head_start(time)
        assert not waiting.done()
        await grpc_server.start()
        await waiting
    assert len(grpc_server.received) == 2
    assert rest_server.received == []


async def test_the_choice_outlives_the_event_loop(
    closed_port: int, rest_server: ForeignRest, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    rest_server.usual = Answer(body=MARKETS, headers={"Connection": "close"})
    kentik = client(
        grpc_endpoint=f"http://127.0.0.1:{closed_port}",
        v6_rest_endpoint=mirror_of(rest_server),
        connect_timeout=SLOW,
        limiter="process:",
    )

    async def use() -> int:
        (found,) = await after_head_start(kentik.kmi.list_markets())
        return len(found)

    def elsewhere() -> int:
        return asyncio.run(use())

    assert await asyncio.to_thread(elsewhere) == 1
    assert await asyncio.to_thread(elsewhere) == 1
    assert len(warnings_in(caplog)) == 1
    assert [asked.verb for asked in rest_server.received].count("HEAD") == 1


async def test_closing_ends_the_choice(client: Client, silent: RawServer) -> None:
    kentik = client(grpc_endpoint=silent.url, v6_rest_endpoint=silent.url)
    waiting = asyncio.create_task(kentik.kmi.list_markets())
    while not silent.connections:
        await asyncio.sleep(0.001)
    await kentik.aclose()
    with pytest.raises(Exception, match="closed"):
        await waiting


class TestRest:
    """`transport="rest"`."""

    @pytest.fixture
    def kentik(self, client: Client, rest_server: ForeignRest) -> KentikClient:
        return client(
            transport="rest", v6_rest_endpoint=mirror_of(rest_server), grpc_endpoint="http://127.0.0.1:9"
        )

    async def test_a_field_in_the_path_is_needed(
        self, kentik: KentikClient, rest_server: ForeignRest
    ) -> None:
        stub = kentik.stub(KmiServiceStub)
        with pytest.raises(ValidationError, match="rank_type must not be empty") as caught:
            await stub.GetRankings(GetRankingsRequest(market_id="cc$US", ip="v4"))
        assert caught.value.operation == "KmiService.GetRankings"
        assert rest_server.received == []
        assert (await kentik.quota.snapshot()).in_flight == 0

    async def test_what_is_sent(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        await kentik.kmi.get_rankings("a/b c", limit=5)
        await kentik.kmi.get_global_insights(types=["market_exit", "market_entrance"], limit=2)
        asked = [(one.verb, one.target, one.body) for one in rest_server.received]
        assert asked == [
            ("POST", "/kmi/v202212/market/a%2Fb%20c/rankings/customer_base/ip/v4", b'{"limit":5}'),
            ("GET", "/kmi/v202212/insights?limit=2&types=market_exit&types=market_entrance", b""),
        ]
        assert rest_server.received[0].headers["x-ch-auth-email"]

    async def test_raw_requests_find_their_api(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        for path in (
            "/kmi/v202212/markets",
            "/device/v202308beta1/devices?x=1",
            "/sites",
            "/v202212/x",
            "/kmi/v2/x",
        ):
            await kentik.rest.request("GET", path)
        assert [asked.target for asked in rest_server.received] == [
            "/kmi/v202212/markets",
            "/device/v202308beta1/devices?x=1",
            "/api/v5/sites",
            "/api/v5/v202212/x",
            "/api/v5/kmi/v2/x",
        ]


@pytest.mark.parametrize("options", [{"transport": "http"}, {"transport": None}, {"v6_rest_endpoint": "x"}])
def test_invalid_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        KentikClient("ada@example.com", "token", **options)
