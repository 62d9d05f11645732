"""One span for each call, and metrics, from OpenTelemetry's own SDK over real sockets."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from kentik_async import DeadlineExceededError, KentikClient, NotFoundError, QuotaWaitError
from kentik_async._generated.kmi.v202212 import Market
from kentik_async.emulator import Emulator
from tests.wire.observing.recorded import Recorded
from tests.wire.servers.independent import ForeignGrpc
from tests.wire.servers.market_service import MarketService, MarketServiceStub

MARKETS = "kentik.kmi.v202212.KmiService/ListMarkets"


@pytest.mark.parametrize(
    ("transport", "status"),
    [("grpc", {"rpc.response.status_code": "OK"}), ("rest", {"http.response.status_code": 200})],
)
async def test_span_of_an_rpc(
    emulator: Emulator, recorded: Recorded, transport: str, status: dict[str, object]
) -> None:
    with trace.get_tracer("test").start_as_current_span("parent") as parent:
        async with emulator.client(transport=transport) as kentik:
            markets = await kentik.kmi.list_markets()
        assert trace.get_current_span() is parent
    endpoint = emulator.connection["grpc_endpoint" if transport == "grpc" else "v6_rest_endpoint"]
    port = int(endpoint.rpartition(":")[2])
    span, _ = recorded.spans
    assert (span.name, span.kind, span.status.status_code) == (MARKETS, SpanKind.CLIENT, StatusCode.UNSET)
    assert span.parent == parent.get_span_context()
    attributes = dict(span.attributes or {})
    assert 0 <= attributes.pop("kentik.quota.wait") < 60
    assert attributes == {
        "kentik.operation": "kmi.list_markets",
        "kentik.quota.class": "non_query",
        "kentik.resend_count": 0,
        "kentik.rows": len(markets),
        "rpc.system.name": "grpc",
        "rpc.method": MARKETS,
        **status,
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    assert [event.name for event in span.events] == ["kentik.quota.wait"]


@pytest.mark.parametrize("transport", ["grpc", "rest"])
async def test_span_of_a_resent_rpc(emulator: Emulator, recorded: Recorded, transport: str) -> None:
    emulator.fail_next(status=503)
    emulator.fail_next(status=429, retry_after=0.01)
    emulator.fail_next(status=404)
    async with emulator.client(transport=transport) as kentik:
        with pytest.raises(NotFoundError) as caught:
            await kentik.kmi.list_markets()
    (span,) = recorded.spans
    attributes = span.attributes or {}
    assert attributes["kentik.resend_count"] == 2
    assert attributes["error.type"] == "NotFoundError"
    assert attributes["rpc.response.status_code"] == "NOT_FOUND"
    assert attributes.get("http.response.status_code") == (404 if transport == "rest" else None)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, str(caught.value))
    steps = [(event.name, (event.attributes or {}).get("kentik.attempt")) for event in span.events]
    assert steps == [
        ("kentik.quota.wait", 1),
        ("kentik.retry", 1),
        ("kentik.quota.wait", 2),
        ("kentik.refusal", 2),
        ("kentik.quota.wait", 3),
        ("exception", None),
    ]
    assert (span.events[3].attributes or {})["kentik.retry.pause"] == 0.01


async def test_span_of_an_http_request(emulator: Emulator, recorded: Recorded) -> None:
    emulator.fail_next(status=503)
    async with emulator.client() as kentik:
        await kentik.rest.request("GET", "/sites", params={"secret": "hidden"})
    (span,) = recorded.spans
    attributes = span.attributes or {}
    assert span.name == f"GET {attributes['kentik.operation']}"
    assert attributes["http.request.method"] == "GET"
    assert attributes["http.response.status_code"] == 200
    assert attributes["http.request.resend_count"] == 1
    assert attributes["url.full"] == f"{emulator.rest_endpoint}/sites"
    assert "hidden" not in span.to_json()


async def test_wait_is_an_attribute_and_an_event(emulator: Emulator, recorded: Recorded) -> None:
    emulator.latency = (0.05, 0.05)
    async with emulator.client() as kentik:
        await asyncio.gather(kentik.sites.list(), kentik.sites.list())
    first, second = recorded.spans
    (event,) = second.events
    wait = (second.attributes or {})["kentik.quota.wait"]
    assert isinstance(wait, float)
    assert wait == pytest.approx((event.attributes or {})["kentik.quota.wait"])
    assert wait >= 0.05
    # The spans overlap: the second call began to wait while the first was in flight.
    assert second.start_time is not None
    assert first.end_time is not None
    assert second.start_time < first.end_time


async def test_metrics(emulator: Emulator, recorded: Recorded) -> None:
    emulator.fail_next(status=429, retry_after=0.01)
    async with emulator.client() as kentik:
        rankings = await kentik.kmi.get_rankings("cc$US", limit=5)
        with pytest.raises(NotFoundError):
            await kentik.as_groups.get("9999")
    ranks, group = {"kentik_operation": "kmi.get_rankings"}, {"kentik_operation": "as_groups.get"}
    assert recorded.metric("calls", **ranks) == 1
    assert recorded.metric("calls", **group, error_type="NotFoundError") == 1
    assert recorded.metric("refusals", **ranks) == 1
    assert recorded.metric("rows", **ranks) == len(rankings) == 5
    assert recorded.metric("quota.wait", **ranks) == 1
    assert recorded.metric("request.duration", **ranks) == 1
    assert recorded.metric("request.duration", **ranks, error_type="RateLimitedError") == 1
    assert recorded.metric("queue.length", **ranks) == recorded.metric("queue.length", **group) == 0


async def test_queue_length_counts_waiting_calls(emulator: Emulator, recorded: Recorded) -> None:
    emulator.latency = (30.0, 30.0)
    labels = {"kentik_operation": "plans.list"}
    async with emulator.client() as kentik:
        calls = [asyncio.create_task(kentik.plans.list()) for _ in range(4)]
        while recorded.metric("queue.length", **labels) != 3:
            await asyncio.sleep(0.005)
        with pytest.raises(QuotaWaitError):
            await kentik.with_options(max_wait=0.001).plans.list()
        assert recorded.metric("queue.length", **labels) == 3
        calls[-1].cancel()
        await asyncio.wait(calls[-1:])
        assert recorded.metric("queue.length", **labels) == 2
    await asyncio.gather(*calls, return_exceptions=True)
    assert recorded.metric("queue.length", **labels) == 0
    ends = [(span.attributes or {}).get("error.type") for span in recorded.spans]
    assert sorted(map(str, ends)) == ["CancelledError", *["ClientClosedError"] * 3, "QuotaWaitError"]


async def test_span_of_a_timeout(emulator: Emulator, recorded: Recorded) -> None:
    emulator.latency = (30.0, 30.0)
    async with emulator.client(timeout=0.05) as kentik:
        with pytest.raises(DeadlineExceededError):
            await kentik.plans.list()
    (span,) = recorded.spans
    assert (span.attributes or {})["error.type"] == "DeadlineExceededError"


async def test_rows_of_a_pull_are_counted(emulator: Emulator, recorded: Recorded) -> None:
    async with emulator.client() as kentik:
        rows = 0
        async for page in kentik.kmi.pull_rankings(["cc$US"]):
            rows += len(page.result or ())
    assert recorded.metric("rows", kentik_operation="kmi.get_rankings") == rows > 0


@pytest.mark.parametrize("left", [False, True])
async def test_span_of_a_stream(
    client: Callable[..., KentikClient], grpc_server: ForeignGrpc, recorded: Recorded, left: bool
) -> None:
    MarketService(grpc_server)
    async with aclosing(client().stub(MarketServiceStub).Watch(Market(market_id="x"))) as answers:
        async for _ in answers:
            assert trace.get_current_span() is trace.INVALID_SPAN
            assert not recorded.spans
            if left:
                break
    (span,) = recorded.spans
    attributes = span.attributes or {}
    assert attributes["kentik.operation"] == "MarketService.Watch"
    assert attributes.get("rpc.response.status_code") == (None if left else "OK")
    assert "error.type" not in attributes
    assert span.status.status_code == StatusCode.UNSET


NO_IMPORT = """
import asyncio, sys
from kentik_async.emulator import Emulator
async def main():
    async with Emulator(speed=60) as emulator, emulator.client() as kentik:
        await kentik.plans.list()
asyncio.run(main())
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_nothing_is_imported_unless_the_program_does() -> None:
    ended = subprocess.run([sys.executable, "-c", NO_IMPORT], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


BROKEN = """
import asyncio, sys, types
sys.modules["opentelemetry.trace"] = types.ModuleType("opentelemetry.trace")
from kentik_async.emulator import Emulator
async def main():
    async with Emulator(speed=60) as emulator, emulator.client() as kentik:
        print(len(await kentik.plans.list()), len(await kentik.sites.list()))
asyncio.run(main())
"""


def test_unusable_opentelemetry_is_reported_once() -> None:
    ended = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, check=True)
    assert ended.stdout
    assert ended.stderr.count("OpenTelemetry is not used") == 1
