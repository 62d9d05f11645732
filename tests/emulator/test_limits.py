"""The vendor's limits, over real sockets."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import TypeVar

import grpc
import grpc.aio
import pytest

from kentik_async._generated.kmi import v202212 as kmi
from kentik_async.emulator import Call, Emulator, User
from kentik_async.emulator.engine.faults import RefusalShape
from tests.emulator.bare_wire import Wire, received, trailers, wired
from tests.support.frozen_time import frozen_time

T = TypeVar("T")

# A minute of ten seconds, so that concurrent requests arrive within one minute on a loaded machine.
_ROOMY = 6.0


async def ask(wire: Wire) -> grpc.StatusCode:
    try:
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    except grpc.aio.AioRpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


async def all_at_once(emu: Emulator, *calls: Awaitable[T]) -> list[T]:
    """Make calls whose answers start only after all of them were received."""
    with frozen_time() as time:
        before = len(emu.calls)
        tasks = [asyncio.ensure_future(call) for call in calls]
        await received(emu, before + len(calls))
        await time.advance(2.0)  # longer than any delay
        return await asyncio.gather(*tasks)


def recount(calls: tuple[Call, ...], window: float) -> list[int]:
    """Count the rolling window at each call independently, from the times of receipt alone."""
    receipts = [call.received for call in calls]
    return [sum(receipt > now - window for receipt in receipts[: n + 1]) for n, now in enumerate(receipts)]


async def test_sequential_requests_are_delayed_not_refused() -> None:
    async with Emulator(speed=_ROOMY) as emu, wired(emu) as wire:
        with frozen_time() as time:
            for _ in range(100):
                answer = asyncio.create_task(ask(wire))
                while not answer.done():
                    # A delay of 0.25 s: four requests a second; the soft limit allows two.
                    await time.advance(0.25 if emu.report().in_flight else 0.0)
                assert answer.result() is grpc.StatusCode.OK
        report = emu.report()
        assert (report.requests, report.refused, report.violations) == (100, 0, 0)
        assert (report.concurrency_overruns, report.peak_concurrent) == (0, 1)
        assert recount(emu.calls, 10.0) == [call.in_minute for call in emu.calls]
        for call in emu.calls:
            assert call.delayed is (call.in_minute > 20)
            assert call.answered - call.received >= call.delay
        assert report.delayed > 30
        assert report.busy_seconds == pytest.approx(sum(c.answered - c.received for c in emu.calls))


async def test_concurrent_requests_are_refused_and_counted() -> None:
    async with Emulator(speed=_ROOMY) as emu, wired(emu) as wire:
        codes = Counter(await all_at_once(emu, *(ask(wire) for _ in range(80))))
        assert codes == {grpc.StatusCode.OK: 60, grpc.StatusCode.RESOURCE_EXHAUSTED: 20}
        report = emu.report()
        assert (report.refused, report.delayed) == (20, 40)
        # Requests within the soft limit are answered immediately, perhaps before the next one arrives.
        assert 59 <= report.concurrency_overruns <= 79
        assert report.violations == report.concurrency_overruns
        assert report.peak_concurrent >= 40
        assert {call.refusal for call in emu.calls} == {"", "minute"}
        assert report.peak_in_minute == 80


async def test_rest_and_grpc_share_a_limit_queries_do_not() -> None:
    async with Emulator(speed=_ROOMY) as emu, wired(emu) as wire:
        await all_at_once(emu, *(ask(wire) for _ in range(30)))
        statuses = await all_at_once(emu, *(wire.rest("GET", "/api/v5/sites") for _ in range(40)))
        assert Counter(status for status, _ in statuses) == {200: 30, 429: 10}
        queries = [wire.rest("POST", "/api/v5/query/sql", json={}) for _ in range(101)]
        assert Counter(status for status, _ in await all_at_once(emu, *queries)) == {200: 100, 429: 1}


async def test_strict_emulator_refuses_concurrent_requests() -> None:
    async with Emulator(speed=_ROOMY, strict=True, latency=0.05) as emu, wired(emu) as wire:
        codes = Counter(await all_at_once(emu, *(ask(wire) for _ in range(3))))
        assert codes == {grpc.StatusCode.OK: 1, grpc.StatusCode.RESOURCE_EXHAUSTED: 2}
        assert Counter(call.refusal for call in emu.calls) == {"": 1, "concurrency": 2}
        assert await ask(wire) is grpc.StatusCode.OK


async def test_four_concurrent_queries_are_allowed() -> None:
    async with Emulator(speed=_ROOMY, latency=0.05) as emu, wired(emu) as wire:
        await all_at_once(emu, *(wire.rest("POST", "/api/v5/query/sql", json={}) for _ in range(4)))
        assert emu.report().concurrency_overruns == 0
        await all_at_once(emu, *(wire.rest("POST", "/api/v5/query/sql", json={}) for _ in range(5)))
        assert emu.report().concurrency_overruns == 1


async def test_customers_are_counted_separately() -> None:
    users = [User("a@example.com", "a"), User("b@example.com", "b")]
    async with Emulator(speed=_ROOMY, users=users) as emu:
        for user in users:
            async with wired(emu, user) as wire:
                codes = await all_at_once(emu, *(ask(wire) for _ in range(61)))
                assert Counter(codes)[grpc.StatusCode.RESOURCE_EXHAUSTED] == 1
        assert {name: part.refused for name, part in emu.report().customers.items()} == {
            "a@example.com": 1,
            "b@example.com": 1,
        }


@pytest.mark.parametrize(
    ("shape", "code", "details", "trailer"),
    [
        ("resource_exhausted", grpc.StatusCode.RESOURCE_EXHAUSTED, "per minute", "x-ratelimit-throttle-ms"),
        ("http2_429", grpc.StatusCode.UNAVAILABLE, "Received http2 header with status: 429", None),
        ("envoy", grpc.StatusCode.UNAVAILABLE, "per minute", "x-envoy-ratelimited"),
    ],
)
async def test_refusal_has_the_chosen_shape(
    shape: RefusalShape, code: grpc.StatusCode, details: str, trailer: str | None
) -> None:
    async with Emulator(speed=_ROOMY, refusal_shape=shape) as emu, wired(emu) as wire:
        await all_at_once(emu, *(ask(wire) for _ in range(60)))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
        assert caught.value.code() is code
        assert details in (caught.value.details() or "")
        found = trailers(caught.value)
        assert trailer in found if trailer else not found


async def test_unscaled_refusal_has_whole_seconds() -> None:
    async def get(wire: Wire) -> tuple[int, dict[str, str]]:
        async with wire.http.get(wire.base + "/api/v5/sites") as response:
            return response.status, dict(response.headers)

    async with Emulator(speed=1.0) as emu, wired(emu) as wire:
        answers = dict(await all_at_once(emu, *(get(wire) for _ in range(61))))
        assert answers[429]["Retry-After"] == "60"
        assert answers[429]["x-ratelimit-throttle-ms"] == "60000"


async def test_scaled_refusal_has_milliseconds_only() -> None:
    async with Emulator(speed=_ROOMY) as emu, wired(emu) as wire:
        await all_at_once(emu, *(ask(wire) for _ in range(60)))
        async with wire.http.get(wire.base + "/api/v5/sites") as response:
            assert response.status == 429
            assert "Retry-After" not in response.headers
            assert 0 < int(response.headers["x-ratelimit-throttle-ms"]) <= 10_000


async def test_abandoned_request_stays_in_flight() -> None:
    async with Emulator(speed=_ROOMY, latency=0.2) as emu, wired(emu) as wire:
        with frozen_time() as time:
            gone = asyncio.create_task(ask(wire))
            await received(emu, 1)
            gone.cancel()
            await asyncio.wait([gone])
            assert emu.report().in_flight == 1
            answer = asyncio.create_task(ask(wire))
            await received(emu, 2)
            await time.advance(0.3)
            assert await answer is grpc.StatusCode.OK
        report = emu.report()
        assert (report.requests, report.concurrency_overruns, report.in_flight) == (2, 1, 0)
        assert emu.calls[0].answered - emu.calls[0].received >= 0.2


async def test_latency_is_drawn_from_its_span() -> None:
    async with Emulator(speed=1.0, latency=(0.01, 0.03)) as emu, wired(emu) as wire:
        for _ in range(10):
            await ask(wire)
        spans = [call.answered - call.received for call in emu.calls]
        assert min(spans) >= 0.01
        assert max(spans) > min(spans)
        emu.latency = 0.0
        with frozen_time():
            await ask(wire)
        assert emu.calls[-1].answered == emu.calls[-1].received
