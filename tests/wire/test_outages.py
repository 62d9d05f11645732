"""Servers that are absent, start late or go away: no request without connection, no endless wait."""

import asyncio
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kentik_async import ConnectError, Event, Quota
from kentik_async._transport.tls import reason_of
from tests.support.frozen_time import PATIENCE, frozen_time
from tests.wire.servers.held import Call, Client, loss_noticed, over_both
from tests.wire.servers.independent import ONE_AT_A_TIME, Answer, ForeignGrpc, ForeignRest, RawServer

NOWHERE = "http://127.0.0.1:1"

# The client's defaults, in seconds: a shorter wait proves that the argument is used. Slow machines need less.
CONNECT_TIMEOUT, OUTAGE_WAIT = 10.0, 60.0


class Stopwatch:
    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start


class TestUnreachableServer:
    @pytest.mark.usefixtures("patient_probe")
    @over_both
    async def test_a_refused_connection(self, client: Client, call: Call) -> None:
        kentik = client(grpc_endpoint=NOWHERE, rest_endpoint=NOWHERE, connect_timeout=1.0)
        watch = Stopwatch()
        with pytest.raises(
            ConnectError, match=r"^no connection to 127\.0\.0\.1:1: Connection refused$"
        ) as caught:
            await call(kentik)
        assert 0.9 < watch.elapsed < CONNECT_TIMEOUT
        assert caught.value.attempts == 0
        assert caught.value.operation in ("kmi.list_markets", "sites.list")
        assert isinstance(caught.value, ConnectionError)

    @pytest.mark.usefixtures("patient_probe")
    @over_both
    async def test_unknown_host_name(self, client: Client, call: Call) -> None:
        host = ".".join(["nobody"] * 40)  # too long for a query, so no name server is queried
        url = f"https://{host}"
        kentik = client(grpc_endpoint=url, rest_endpoint=url, connect_timeout=2.0)
        with pytest.raises(ConnectError, match=f"^no connection to {host}:443: the host name cannot be"):
            await call(kentik)

    @over_both
    @pytest.mark.parametrize("connect_timeout", [3.0, 1e-9], ids=["at once", "by the last probe"])
    @pytest.mark.usefixtures("patient_probe")
    async def test_invalid_host_name(self, client: Client, call: Call, connect_timeout: float) -> None:
        url = f"https://{'x' * 70}.example"
        kentik = client(grpc_endpoint=url, rest_endpoint=url, connect_timeout=connect_timeout)
        with pytest.raises(ConnectError, match="host name"):
            await call(kentik)

    @pytest.mark.usefixtures("patient_probe")
    async def test_a_server_that_does_not_speak_grpc(self, client: Client, rest_server: ForeignRest) -> None:
        url = f"http://127.0.0.1:{rest_server.port}"
        with pytest.raises(ConnectError, match="does not speak gRPC"):
            await client(grpc_endpoint=url, connect_timeout=0.2, transport="grpc").kmi.list_markets()

    @pytest.mark.usefixtures("patient_probe")
    async def test_a_server_that_does_not_respond(self, client: Client) -> None:
        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read(-1)

        async with RawServer(silent) as server:
            kentik = client(grpc_endpoint=server.url, connect_timeout=0.2)
            watch = Stopwatch()
            with pytest.raises(ConnectError, match="does not speak gRPC"):
                await kentik.kmi.list_markets()
            assert watch.elapsed < CONNECT_TIMEOUT
            await kentik.aclose()

    async def test_a_server_whose_tls_handshake_hangs(self, client: Client) -> None:
        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read(-1)

        async with RawServer(silent) as server:
            url = server.url.replace("http:", "https:")
            kentik = client(rest_endpoint=url, connect_timeout=0.1)
            watch = Stopwatch()
            with pytest.raises(ConnectError, match=r"no response$"):
                await kentik.sites.list()
            assert watch.elapsed < CONNECT_TIMEOUT
            await kentik.aclose()

    @over_both
    async def test_failed_connections_use_no_quota(self, client: Client, call: Call) -> None:
        kentik = client(
            Quota(1, None, 0, 100, None), grpc_endpoint=NOWHERE, rest_endpoint=NOWHERE, connect_timeout=0.1
        )
        outcomes = await asyncio.gather(*(call(kentik) for _ in range(50)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ConnectError}
        snapshot = await kentik.quota.snapshot()
        assert (snapshot.left_hard_minute, snapshot.in_flight, snapshot.waiting) == (100, 0, 0)

    async def test_a_thousand_calls_make_few_connections(self, client: Client) -> None:
        async def hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
            return

        async with RawServer(hang_up) as server:
            kentik = client(grpc_endpoint=server.url, connect_timeout=0.3)
            calls = (kentik.kmi.list_markets() for _ in range(1000))
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            await kentik.aclose()
        assert {type(outcome) for outcome in outcomes} == {ConnectError}
        assert server.connections < 20


class TestServerThatStartsLater:
    async def test_over_grpc(self, client: Client, grpc_server: ForeignGrpc) -> None:
        await grpc_server.stop()
        kentik = client(connect_timeout=10.0)
        call = asyncio.create_task(kentik.kmi.list_markets())
        await asyncio.sleep(0.15)
        await grpc_server.start()
        assert list(await call) == []

    async def test_over_rest(self, client: Client, rest_server: ForeignRest) -> None:
        rest_server.usual = Answer(body=b'{"sites": []}')
        await rest_server.stop()
        kentik = client(connect_timeout=10.0)
        call = asyncio.create_task(kentik.sites.list())
        await asyncio.sleep(0.15)
        await rest_server.start()
        assert list(await call) == []

    async def test_a_call_succeeds_after_a_failed_connection(
        self, client: Client, grpc_server: ForeignGrpc
    ) -> None:
        await grpc_server.stop()
        kentik = client(connect_timeout=0.1)
        with pytest.raises(ConnectError):
            await kentik.kmi.list_markets()
        await grpc_server.start()
        await client(connect_timeout=10.0).kmi.list_markets()


class TestLongOutages:
    @pytest.mark.usefixtures("patient_probe")
    @over_both
    async def test_outage_wait_ends(
        self, client: Client, call: Call, grpc_server: ForeignGrpc, rest_server: ForeignRest
    ) -> None:
        rest_server.usual = Answer(body=b'{"sites": []}')
        kentik = client(ONE_AT_A_TIME, outage_wait=0.2)
        await call(kentik)
        await grpc_server.stop()
        await rest_server.stop()
        await loss_noticed(kentik)
        watch = Stopwatch()
        outcomes = await asyncio.gather(*(call(kentik) for _ in range(5)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ConnectError}
        assert 0.15 < watch.elapsed < OUTAGE_WAIT

        with frozen_time(), pytest.raises(ConnectError, match="Connection refused"):
            await call(kentik)  # immediately: no timer would end it

        await grpc_server.start()
        await rest_server.start()
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await call(kentik)
                    break
                except ConnectError:
                    await asyncio.sleep(0.02)

    @over_both
    async def test_short_outages_are_waited_out(
        self, client: Client, call: Call, grpc_server: ForeignGrpc, rest_server: ForeignRest
    ) -> None:
        rest_server.usual = Answer(body=b'{"sites": []}')
        events: list[Event] = []
        kentik = client(ONE_AT_A_TIME, on_event=events.append)
        await call(kentik)
        await grpc_server.stop()
        await rest_server.stop()
        await loss_noticed(kentik)
        pending = [asyncio.create_task(call(kentik)) for _ in range(3)]
        await asyncio.sleep(0.1)
        await grpc_server.start()
        await rest_server.start()
        await asyncio.gather(*pending)
        answered = [event for event in events if event.kind == "answered"]
        assert len(answered) == 4
        assert {event.attempt for event in answered} == {1}


async def test_unsent_requests_cost_nothing(client: Client) -> None:
    """A REST server that goes away just before the request is sent: only the connection shows it."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()

    events: list[Event] = []
    server = RawServer(answer_once)
    async with server:
        kentik = client(
            Quota(1, None, 0, 100, None, drain=0.1),
            rest_endpoint=server.url,
            outage_wait=0.2,
            on_event=events.append,
        )
        assert await kentik.rest.request("POST", "/devices") == {}
    events.clear()
    with pytest.raises(ConnectError) as caught:
        await kentik.rest.request("POST", "/devices")
    assert caught.value.attempts == 0
    assert [(event.kind, event.attempt) for event in events] == [("queued", 0), ("sent", 1), ("retried", 0)]
    assert (await kentik.quota.snapshot()).left_hard_minute == 99


def patience_towards(port: int, number: int) -> list[int]:
    """Return the milliseconds that a socket to the given port waits for acknowledgements."""
    with socket.socket(fileno=os.dup(number)) as ours:
        if ours.family not in (socket.AF_INET, socket.AF_INET6) or ours.getpeername()[1] != port:
            return []
        return [ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)]


@pytest.mark.skipif(sys.platform != "linux", reason="the option is Linux's")
async def test_a_dead_connection_is_closed_by_the_kernel(client: Client, grpc_server: ForeignGrpc) -> None:
    """The kernel closes it when acknowledgements stop, and not after a quarter of an hour."""
    kentik = client()
    await kentik.kmi.list_markets()
    patience = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the descriptor of the listing itself is closed by now
            if path.readlink().name.startswith("socket:"):
                patience += patience_towards(grpc_server.port, int(path.name))
    assert patience == [20_000]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), os.strerror(111)),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 99] …"), os.strerror(111)),
        (OSError("of another kind"), "of another kind"),
    ],
)
def test_the_systems_words_for_a_failed_connection(error: OSError, reason: str) -> None:
    assert reason_of(error) == reason
