"""Independent servers, and clients connected to them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from kentik_async import KentikClient, LocalLimiter, Quota, Retry
from kentik_async._transport import probe
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import Held
from tests.wire.servers.independent import EMAIL, ONE_AT_A_TIME, TOKEN, UNLIMITED, ForeignGrpc, ForeignRest


@pytest.fixture
async def grpc_server() -> AsyncIterator[ForeignGrpc]:
    """An independent gRPC server."""
    server = await ForeignGrpc().start()
    yield server
    await server.stop()


@pytest.fixture
async def rest_server() -> AsyncIterator[ForeignRest]:
    """An independent HTTP server."""
    server = await ForeignRest().start()
    yield server
    await server.stop()


@pytest.fixture
async def client(
    grpc_server: ForeignGrpc, rest_server: ForeignRest
) -> AsyncIterator[Callable[..., KentikClient]]:
    """Creates clients of the independent servers, each with its own limiter; closes them at the end."""
    async with AsyncExitStack() as stack:

        def make(quota: Quota = UNLIMITED, **options: Any) -> KentikClient:
            options.setdefault("grpc_endpoint", grpc_server.url)
            options.setdefault("rest_endpoint", rest_server.url)
            options.setdefault("limiter", LocalLimiter(quota, quota))
            options.setdefault("retry", Retry(base=0.001, cap=0.001))
            kentik = KentikClient(EMAIL, TOKEN, quota=quota, query_quota=quota, **options)
            stack.push_async_callback(kentik.aclose)
            return kentik

        yield make


@pytest.fixture
def kentik(client: Callable[..., KentikClient]) -> KentikClient:
    """A client connected to the independent servers."""
    return client()


@pytest.fixture
def patient_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the last probe find the reason of a failure, also on a slow machine."""
    monkeypatch.setattr(probe, "_LAST_REASON_TIMEOUT", PATIENCE)


@pytest.fixture
async def held(grpc_server: ForeignGrpc, rest_server: ForeignRest) -> AsyncIterator[Held]:
    """Both servers, with delayed answers."""
    held = Held(grpc_server, rest_server)
    yield held
    held.loose.set()


@pytest.fixture
def one_at_a_time(client: Callable[..., KentikClient]) -> KentikClient:
    """A client connected to the independent servers, with a single slot."""
    return client(ONE_AT_A_TIME)
