"""Thousands of abandoned calls leave nothing behind."""

import _weakrefset
import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kentik_async import ConnectError, DeadlineExceededError, KentikClient
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import PATIENT, Client, Held, settled
from tests.wire.servers.independent import ONE_AT_A_TIME, UNLIMITED, ForeignGrpc

DRAIN = ONE_AT_A_TIME.drain


def footprint() -> tuple[int, int]:
    """Return the bytes allocated by Python, and the number of tasks.

    The tables of weak sets are excluded. asyncio and gRPC keep their tasks and calls in such sets, whose
    tables take up to 128 KiB after 100 calls at a time and are not released when the sets are empty.
    """
    gc.collect()
    traced = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, _weakrefset.__file__)])
    return sum(line.size for line in traced.statistics("filename")), len(asyncio.all_tasks())


class TestLeaks:
    async def cancel_many(self, call: Callable[[], Awaitable[Any]], count: int) -> None:
        tasks = [asyncio.ensure_future(call()) for _ in range(count)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)

    async def test_ten_thousand_cancelled_calls_that_waited(self, client: Client, held: Held) -> None:
        kentik = client(ONE_AT_A_TIME, timeout=3600.0)  # on a slow machine all this takes minutes
        in_flight = asyncio.create_task(kentik.kmi.list_markets())
        await held.has_received(1)
        tracemalloc.start()
        try:
            for _ in range(4):
                await self.cancel_many(kentik.kmi.list_markets, 500)
            before = footprint()
            for _ in range(20):  # ten thousand
                await self.cancel_many(kentik.kmi.list_markets, 500)
            after = footprint()
        finally:
            tracemalloc.stop()
        snapshot = await kentik.quota.snapshot()
        assert (snapshot.waiting, snapshot.in_flight) == (0, 1)
        assert after[1] == before[1]
        assert after[0] - before[0] < 10_000 * 40  # a leaked call takes a kilobyte
        assert held.received == 1
        held.loose.set()
        await in_flight

    async def test_cancelled_calls_in_flight(self, client: Client, grpc_server: ForeignGrpc) -> None:
        kentik = client(UNLIMITED)
        alive = len(asyncio.all_tasks())

        async def burst() -> None:
            tasks = [asyncio.create_task(kentik.kmi.list_markets()) for _ in range(100)]
            async with asyncio.timeout(PATIENCE):
                while (await kentik.quota.snapshot()).in_flight < 100 and not any(t.done() for t in tasks):
                    await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await settled(kentik)
            async with asyncio.timeout(PATIENCE):
                # gRPC ends a call's own task a little later; the callbacks of an ended task run after it.
                while len(asyncio.all_tasks()) > alive or kentik._pipeline.session()._draining:
                    await asyncio.sleep(0)
            grpc_server.received.clear()

        await burst()
        tracemalloc.start()
        try:
            await burst()
            before = footprint()
            for _ in range(10):
                await burst()
            after = footprint()
        finally:
            tracemalloc.stop()
        assert after[1] == before[1]
        assert after[0] - before[0] < 1_000 * 50


async def test_a_failure_creates_no_reference_cycle(client: Client, held: Held) -> None:
    """No reference cycle keeps it, and the objects that it refers to, until the next collection.

    Only over REST: grpcio 1.51 has cycles of its own.
    """
    absent = client(rest_endpoint="http://127.0.0.1:1", connect_timeout=0.02)
    gc.disable()
    try:
        for kentik, kind in ((client(PATIENT, timeout=0.02), DeadlineExceededError), (absent, ConnectError)):
            error = await failure_of(kentik.sites.list(), kind)
            await kentik.aclose()  # until then the attempt continues without its caller
            await asyncio.sleep(0)
            assert error() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("in_flight", [False, True], ids=["waiting", "in flight"])
async def test_a_cancelled_call_creates_no_reference_cycle(
    client: Client, held: Held, in_flight: bool
) -> None:
    """The task that made it is not kept either: thousands of tasks would outlive their cancellation."""
    kentik = client(UNLIMITED if in_flight else ONE_AT_A_TIME)
    first = asyncio.create_task(kentik.sites.list())
    await held.has_received(1)
    gc.disable()
    try:
        assert (await cancelled_task(kentik))() is None
    finally:
        gc.enable()
    held.loose.set()
    await first


async def cancelled_task(kentik: KentikClient) -> weakref.ref[Any]:
    """Return a reference to a task that was cancelled while its call waited or was in flight."""
    task = asyncio.create_task(kentik.sites.list())
    async with asyncio.timeout(PATIENCE):
        while (now := await kentik.quota.snapshot()).waiting + now.in_flight < 2:
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return weakref.ref(task)


async def failure_of(call: Awaitable[Any], kind: type[Exception]) -> weakref.ref[Exception]:
    try:
        await call
    except kind as error:
        return weakref.ref(error)
    raise AssertionError("the call did not fail")
