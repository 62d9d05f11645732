"""Scripted faults, as received by a bare client."""

import asyncio
import time
from typing import Any

import aiohttp
import grpc
import grpc.aio
import pytest

from kentik_async._generated.as_group import v202212 as groups
from kentik_async._generated.kmi import v202212 as kmi
from kentik_async.emulator import Emulator
from kentik_async.emulator.errors import GRPC_CODES
from tests.emulator.bare_wire import Wire, received, trailers, wired
from tests.support.frozen_time import PATIENCE, frozen_time

SITES = "/api/v5/sites"
CREATE = groups.CreateASGroupRequest(as_group=groups.ASGroupConcise(name="Once", asn=["1"]))


async def markets(wire: Wire) -> grpc.StatusCode:
    try:
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    except grpc.aio.AioRpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


async def create_group(wire: Wire) -> grpc.StatusCode:
    try:
        await wire.call(wire.groups.CreateASGroup, CREATE)
    except grpc.aio.AioRpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def group_names(emu: Emulator) -> list[str]:
    return [group.name for group in emu.state.customer_data("demo@example.com").groups.values()]


@pytest.mark.parametrize("name", [name for name in GRPC_CODES if name != "OK"])
async def test_a_grpc_status_fails_both_kinds_of_call_alike(emu: Emulator, wire: Wire, name: str) -> None:
    emu.fail_next(3, status=name)
    assert (await markets(wire)).name == name
    status, answer = await wire.rest("GET", SITES)
    assert status == GRPC_CODES[name][1]
    assert name in answer["error"]
    status, answer = await wire.rest("GET", "/kmi/v202212/markets")
    assert (status, answer["code"]) == (GRPC_CODES[name][1], GRPC_CODES[name][0])
    assert await markets(wire) is grpc.StatusCode.OK
    assert [call.fault for call in emu.calls] == [True, True, True, False]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (301, "INTERNAL"),
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (408, "UNAVAILABLE"),
        (409, "ALREADY_EXISTS"),
        (412, "ABORTED"),
        (418, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "UNAVAILABLE"),
    ],
)
async def test_an_http_status_fails_both_kinds_of_call_alike(
    emu: Emulator, wire: Wire, status: int, name: str
) -> None:
    emu.fail_next(2, status=status)
    assert (await wire.rest("GET", SITES, allow_redirects=False))[0] == status
    assert (await markets(wire)).name == name


async def test_fault_before_or_after_the_work(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(status=503, when="before")
    assert await create_group(wire) is grpc.StatusCode.UNAVAILABLE
    assert "Once" not in group_names(emu)
    emu.fail_next(status=503, when="after")
    assert await create_group(wire) is grpc.StatusCode.UNAVAILABLE
    assert group_names(emu).count("Once") == 1
    assert await create_group(wire) is grpc.StatusCode.ALREADY_EXISTS


async def test_faults_wait_for_the_operation_they_are_meant_for(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(status=500, operation="kmi.*")
    emu.fail_next(status=502, operation="GET /api/v5/plans")
    assert (await wire.rest("GET", SITES))[0] == 200
    assert (await wire.rest("GET", "/api/v5/plans"))[0] == 502
    assert await markets(wire) is grpc.StatusCode.INTERNAL
    assert await markets(wire) is grpc.StatusCode.OK


async def test_refused_request_uses_no_fault() -> None:
    async with Emulator(speed=1.0, strict=True, latency=0.1) as emu, wired(emu) as wire:
        with frozen_time() as time:
            first = asyncio.create_task(markets(wire))
            await received(emu, 1)
            emu.fail_next(status=500)
            assert await markets(wire) is grpc.StatusCode.RESOURCE_EXHAUSTED
            await time.advance(0.2)
            assert await first is grpc.StatusCode.OK
        assert await markets(wire) is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize(
    ("pause", "headers"),
    [
        (2.0, {"retry-after": "2", "x-ratelimit-throttle-ms": "2000"}),
        (0.25, {"retry-after": None, "x-ratelimit-throttle-ms": "250"}),
        (None, {"retry-after": None, "x-ratelimit-throttle-ms": None}),
    ],
)
async def test_a_scripted_refusal_asks_for_the_pause_it_was_given(
    emu: Emulator, wire: Wire, pause: float | None, headers: dict[str, str | None]
) -> None:
    emu.fail_next(2, status=429, retry_after=pause)
    async with wire.http.get(wire.base + SITES) as response:
        assert response.status == 429
        assert {name: response.headers.get(name) for name in headers} == headers
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    found = trailers(caught.value)
    assert {name: found.get(name) for name in headers} == headers
    report = emu.report()
    assert (report.refused, report.violations, report.faults) == (2, 0, 2)


async def test_a_fault_may_choose_the_shape_of_its_refusal(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(status=429, shape="http2_429", retry_after=1.0)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "status: 429" in (caught.value.details() or "")
    assert not trailers(caught.value)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_dropped_grpc_connection(emu: Emulator, wire: Wire, when: Any) -> None:
    emu.fail_next(drop=True, when=when)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await wire.call(wire.groups.CreateASGroup, CREATE)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    # The text comes from the transport, for a closed socket; no server sent it.
    assert "connection cut" not in (caught.value.details() or "")
    assert group_names(emu).count("Once") == (when == "after")
    assert emu.calls[0].dropped
    # A call that starts before the library notices the end of its connection ends with it.
    async with asyncio.timeout(PATIENCE):
        while (code := await markets(wire)) is not grpc.StatusCode.OK:
            assert code is grpc.StatusCode.UNAVAILABLE


async def test_dropped_grpc_connection_ends_only_its_calls() -> None:
    async with Emulator(speed=60, latency=0.2) as emu, wired(emu) as wire, wired(emu) as other:
        with frozen_time() as time:
            spared = asyncio.create_task(markets(other))
            neighbour = asyncio.create_task(markets(wire))
            await received(emu, 2)
            emu.latency = 0.0
            emu.fail_next(drop=True)
            assert await markets(wire) is grpc.StatusCode.UNAVAILABLE
            assert await neighbour is grpc.StatusCode.UNAVAILABLE
            await time.advance(0.3)
            assert await spared is grpc.StatusCode.OK


@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
async def test_a_dropped_http_connection(emu: Emulator, wire: Wire, when: Any, made: bool) -> None:
    emu.fail_next(drop=True, when=when)
    site = {"site_name": "Once", "lat": 1, "lon": 1}
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await wire.rest("POST", "/api/v5/site", json={"site": site})
    _, answer = await wire.rest("GET", SITES)
    assert ("Once" in {site["site_name"] for site in answer["sites"]}) is made
    assert [call.dropped for call in emu.calls] == [True, False]


async def test_delay_slows_the_answer_only(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(delay=0.15)
    started = time.monotonic()
    assert await markets(wire) is grpc.StatusCode.OK
    assert time.monotonic() - started >= 0.15
    assert emu.calls[0].answered - emu.calls[0].received >= 0.15
    emu.fail_next(delay=0.15, when="after")
    with frozen_time() as clock:
        call = asyncio.create_task(create_group(wire))
        while "Once" not in group_names(emu):
            await asyncio.sleep(0)
        await clock.advance(0.14)
        assert emu.report().in_flight == 1
        assert not call.done()
        await clock.advance(0.02)
        assert await call is grpc.StatusCode.OK


async def test_a_body_in_place_of_the_answers(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(status=502, body="<html><title>Bad Gateway</title></html>")
    async with wire.http.get(wire.base + SITES) as response:
        assert (response.status, response.content_type) == (502, "text/html")
        assert "Bad Gateway" in await response.text()
    emu.fail_next(body=b'{"sites": [')
    async with wire.http.get(wire.base + SITES) as response:
        assert (response.status, await response.read()) == (200, b'{"sites": [')
    emu.fail_next(status=503, body="<html>oops")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    assert caught.value.details() == "<html>oops"
    emu.fail_next(body=b"\x0a\xff")
    async with grpc.aio.insecure_channel(emu.grpc_endpoint.removeprefix("http://")) as channel:
        call = channel.unary_unary("/kentik.kmi.v202212.KmiService/ListMarkets")
        assert await call(b"", metadata=wire.metadata) == b"\x0a\xff"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "no effect"),
        ({"n": 0, "status": 500}, "n must be .* got 0"),
        ({"status": 600}, "600"),
        ({"status": "NOPE"}, "NOPE"),
        ({"status": 500, "when": "during"}, "during"),
        ({"status": 429, "shape": "round"}, "round"),
        ({"delay": -1.0}, "delay must be .* got -1.0"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(
    emu: Emulator, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        emu.fail_next(**arguments)


async def test_an_outage_and_the_return_on_the_same_ports(emu: Emulator, wire: Wire) -> None:
    emu.fail_next(status=500, operation="plans.*")
    assert await create_group(wire) is grpc.StatusCode.OK
    assert (await wire.rest("GET", SITES))[0] == 200
    endpoints = (emu.grpc_endpoint, emu.rest_endpoint)
    await emu.suspend()
    assert await markets(wire) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(aiohttp.ClientConnectorError):
        await wire.rest("GET", SITES)
    await emu.resume()
    assert (emu.grpc_endpoint, emu.rest_endpoint) == endpoints
    assert (await wire.rest("GET", "/api/v5/plans"))[0] == 500
    async with wired(emu) as fresh:
        assert await markets(fresh) is grpc.StatusCode.OK
    assert "Once" in group_names(emu)
    await emu.restart()
    async with wired(emu) as fresh:
        assert await markets(fresh) is grpc.StatusCode.OK


async def test_an_outage_cuts_the_calls_in_flight() -> None:
    async with Emulator(speed=60, latency=0.5) as emu, wired(emu) as wire:
        calls = [asyncio.create_task(markets(wire)), asyncio.create_task(wire.rest("GET", SITES))]
        with frozen_time():
            await received(emu, 2)
            await emu.suspend()
        over_grpc, over_http = await asyncio.gather(*calls, return_exceptions=True)
        assert over_grpc is grpc.StatusCode.UNAVAILABLE
        assert isinstance(over_http, aiohttp.ClientError)
        await emu.resume()
