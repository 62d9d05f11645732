"""Token and e-mail address are sent to the server and appear nowhere else, after any error."""

import asyncio
import io
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp.web
import grpc
import pytest

from kentik_async import Event, KentikClient, KentikError, LocalLimiter, Retry
from kentik_async._generated.kmi.v202212 import KmiServiceStub, ListMarketsRequest
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import PATIENT
from tests.wire.servers.independent import (
    EMAIL,
    TOKEN,
    UNLIMITED,
    Abort,
    Answer,
    ForeignGrpc,
    ForeignRest,
    RawServer,
)

Client = Callable[..., KentikClient]


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (TOKEN, EMAIL) if secret in text]


def shown_by(error: BaseException) -> str:
    """Return all text of an error: its chain with the locals of every frame, except for this file's."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain = [shown]
    for one in chain:
        one.stack[:] = [frame for frame in one.stack if frame.filename != __file__]
        chain += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "".join([*shown.format(), repr(error), str(error), repr(vars(error)), repr(pickle.dumps(error))])


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All log output of all libraries, with the event loop in debug mode."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def echo(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
    """Answer with all data that the client sent, like a careless server."""
    return aiohttp.web.json_response({"error": f"bad headers: {dict(request.headers)}"}, status=401)


async def echo_grpc(context: Any) -> bytes:
    metadata = dict(context.invocation_metadata())
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"bad metadata: {metadata}")
    return b""


async def hang(_: Any) -> Any:
    await asyncio.sleep(60)


SERVERS: dict[str, tuple[Any, Any]] = {
    "echoes": (echo_grpc, echo),
    "fails": (Abort("INTERNAL", "broken"), Answer(500, b"<html>broken</html>")),
    "is down": (Abort("UNAVAILABLE", "later"), Answer(503)),
    "refuses": (Abort("RESOURCE_EXHAUSTED", "later", (("retry-after", "60"),)), Answer(429)),
    "talks nonsense": (b"\xff\xff\xff", Answer(body=b"{")),
    "hangs": (hang, hang),
}

CALLS: dict[str, Callable[[KentikClient], Awaitable[Any]]] = {
    "grpc": lambda kentik: kentik.kmi.list_markets(),
    "rest": lambda kentik: kentik.sites.list(),
    "raw": lambda kentik: kentik.rest.request("POST", "/x", json={"a": 1}),
    "stub": lambda kentik: kentik.stub(KmiServiceStub).ListMarkets(ListMarketsRequest()),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("server", SERVERS)
async def test_a_server_that_misbehaves(
    client: Client,
    grpc_server: ForeignGrpc,
    rest_server: ForeignRest,
    logged: io.StringIO,
    server: str,
    call: str,
) -> None:
    asyncio.get_running_loop().set_debug(True)
    asyncio.get_running_loop().slow_callback_duration = 0.0
    grpc_server.usual, rest_server.usual = SERVERS[server]
    events: list[Event] = []
    timeout = 0.2 if server == "hangs" else PATIENCE
    retry = Retry(attempts=2, base=0)
    kentik = client(PATIENT, timeout=timeout, max_wait=0.05, on_event=events.append, retry=retry)
    with pytest.raises(KentikError) as caught:
        await CALLS[call](kentik)
    async with asyncio.timeout(PATIENCE):
        while not (grpc_server.received or rest_server.received):
            await asyncio.sleep(0.001)
    await kentik.aclose()
    assert not secrets_in(shown_by(caught.value))
    assert not secrets_in(repr(events))
    for event in events:
        assert event.error is None or not secrets_in(shown_by(event.error))
    assert not secrets_in(logged.getvalue())
    received = [r.metadata for r in grpc_server.received] + [r.headers for r in rest_server.received]
    assert {headers["x-ch-auth-api-token"] for headers in received} == {TOKEN}


@pytest.fixture
async def hanging_up() -> AsyncIterator[RawServer]:
    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with RawServer(hang_up) as server:
        yield server


@pytest.mark.parametrize("call", CALLS)
async def test_a_connection_that_is_lost(
    client: Client, hanging_up: RawServer, logged: io.StringIO, call: str
) -> None:
    kentik = client(
        grpc_endpoint=hanging_up.url,
        rest_endpoint=hanging_up.url,
        connect_timeout=0.05,
        retry=Retry(attempts=2, base=0),
    )
    with pytest.raises(KentikError) as caught:
        await CALLS[call](kentik)
    await kentik.aclose()
    assert not secrets_in(shown_by(caught.value))
    assert not secrets_in(logged.getvalue())


@pytest.mark.parametrize("call", CALLS)
async def test_calls_that_end_otherwise(
    client: Client,
    grpc_server: ForeignGrpc,
    rest_server: ForeignRest,
    logged: io.StringIO,
    call: str,
) -> None:
    grpc_server.usual = rest_server.usual = hang
    kentik = client()
    tasks = [asyncio.ensure_future(CALLS[call](kentik)) for _ in range(2)]
    await asyncio.sleep(0.05)
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    await kentik.aclose()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, BaseException)
        assert not secrets_in(shown_by(outcome))
    assert not secrets_in(logged.getvalue())


async def test_everything_in_reach_of_a_client_hides_it(client: Client) -> None:
    kentik = client()
    await kentik.kmi.list_markets()
    await kentik.rest.request("GET", "/x")
    seen: set[int] = set()
    queue: list[object] = [kentik]
    while queue:
        thing = queue.pop()
        if id(thing) in seen or not type(thing).__module__.startswith(("kentik_async", "builtins")):
            continue
        seen.add(id(thing))
        if not isinstance(thing, str | bytes | type):
            assert not secrets_in(repr(thing)), type(thing)
        if isinstance(thing, dict):
            queue += thing.values()
        elif isinstance(thing, list | tuple | set | frozenset):
            queue += thing
        queue += getattr(thing, "__dict__", {}).values()
        queue += [getattr(thing, name, None) for name in getattr(type(thing), "__slots__", ())]
    assert len(seen) > 40


@pytest.mark.parametrize(
    "options", [{"region": "mars"}, {"timeout": 0}, {"quota": 1}, {"ca_file": "/absent"}]
)
def test_a_client_that_cannot_be_made(options: dict[str, Any]) -> None:
    def make() -> None:
        KentikClient(EMAIL, TOKEN, limiter=LocalLimiter(UNLIMITED), **options)

    with pytest.raises(KentikError) as caught:
        make()
    assert not secrets_in(shown_by(caught.value))


@pytest.mark.parametrize("options", [{"region": "mars"}, {"timeout": 0}, {"email": "\n"}])
def test_a_client_that_cannot_be_made_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.setenv("KENTIK_EMAIL", EMAIL)
    monkeypatch.setenv("KENTIK_API_TOKEN", TOKEN)
    for override in ({}, {"token": TOKEN}):
        with pytest.raises(KentikError) as caught:
            KentikClient.from_env(**override, **options)
        assert not secrets_in(shown_by(caught.value))
