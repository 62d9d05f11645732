"""HTTP/2 faults: streams reset, connections closed, answers of proxies without gRPC support."""

import asyncio
import struct
from collections.abc import Callable

import pytest

from kentik_async import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConnectError,
    DecodeError,
    KentikClient,
    PermissionDeniedError,
    ServerError,
    UnavailableError,
)
from kentik_async._transport.replies import reply_for_grpc
from tests.support.http2 import DATA, SETTINGS, http2_frame, http2_headers, http2_request
from tests.support.protowire import message
from tests.support.requirements import OLD_GRPC
from tests.wire.servers.held import assert_drains, at_standstill, in_flight
from tests.wire.servers.independent import (
    ONE_AT_A_TIME,
    Behaviour,
    ForeignGrpc,
    RawServer,
)
from tests.wire.servers.market_service import MarketServiceStub, ids

Client = Callable[..., KentikClient]

HTML = ("content-type", "text/html")
GRPC = ((":status", "200"), ("content-type", "application/grpc"))
WELL = ("grpc-status", "0")


def after_the_request(frames: bytes) -> Behaviour:
    """Read a whole request, write the given frames, and disconnect when the client does, or sends more."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SETTINGS)
        await http2_request(reader)
        writer.write(frames)
        await writer.drain()
        if frames:
            await http2_request(reader, first=False)

    return behave


def reset(code: int) -> bytes:
    return http2_frame(3, 0, 1, struct.pack(">I", code))


def goaway(last_stream: int) -> bytes:
    return http2_frame(7, 0, 0, struct.pack(">II", last_stream, 0))


# The codes of HTTP/2: RFC 9113, section 7.
LOST: dict[str, bytes] = {
    "hangs up": b"",
    "resets the stream": reset(2),
    "refuses the stream": reset(7),
    "cancels the stream": reset(8),
    "resets the stream, to calm us down": reset(11),
    "resets the stream, for want of security": reset(12),
    "goes away": goaway(0),
    "does not speak HTTP/2 any more": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("case", LOST)
async def test_a_create_is_sent_once_and_its_slot_drains(client: Client, case: str) -> None:
    """The server received the whole request: it is not known whether it acted."""
    async with RawServer(after_the_request(LOST[case])) as server:
        kentik, time = at_standstill(client, ONE_AT_A_TIME, grpc_endpoint=server.url, transport="grpc")
        with pytest.raises(UnavailableError) as caught:
            await kentik.as_groups.create("x", [1])
        assert caught.value.attempts == 1
        assert server.connections == 1
        await assert_drains(kentik, time, ONE_AT_A_TIME.drain)
        await kentik.aclose()


@pytest.mark.parametrize("effect", ["read", "replace"])
@pytest.mark.parametrize("case", LOST)
async def test_idempotent_calls_are_sent_again(client: Client, case: str, effect: str) -> None:
    async with RawServer(after_the_request(LOST[case])) as server:
        kentik = client(grpc_endpoint=server.url)
        with pytest.raises(UnavailableError) as caught:
            await (kentik.kmi.list_markets() if effect == "read" else kentik.as_groups.delete("x"))
        assert caught.value.attempts > 1
        await kentik.aclose()


UNREADABLE: dict[str, bytes] = {
    "no message": http2_headers(*GRPC, WELL),
    "half a message": (
        http2_headers(*GRPC, last=False) + http2_frame(DATA, 0, 1, b"\0\0\0\0\x64half") + http2_headers(WELL)
    ),
    "trailers without end": (
        http2_headers(*GRPC, last=False)
        + http2_frame(DATA, 0, 1, b"\0\0\0\0\0")
        + http2_headers(WELL, ("x-filling", "x" * 60_000))
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_an_answer_that_cannot_be_read(client: Client, case: str) -> None:
    """The server acted: before a fix, a create with the last of them was sent again, as if refused."""
    async with RawServer(after_the_request(UNREADABLE[case])) as server:
        kentik = client(ONE_AT_A_TIME, grpc_endpoint=server.url)
        with pytest.raises(DecodeError) as caught:
            await kentik.as_groups.create("x", [1])
        assert caught.value.attempts == 1
        assert (await kentik.quota.snapshot()).in_flight == 0
        await kentik.aclose()


async def test_a_stream_that_is_answered_without_a_message(client: Client) -> None:
    async with RawServer(after_the_request(UNREADABLE["half a message"])) as server:
        kentik = client(grpc_endpoint=server.url)
        with pytest.raises(DecodeError, match="has no message"):
            await kentik.stub(MarketServiceStub).Load(ids(3))
        await kentik.aclose()


async def test_an_undefined_status_is_unknown(client: Client) -> None:
    frames = http2_headers(*GRPC, ("grpc-status", "99"))
    async with RawServer(after_the_request(frames)) as server:
        kentik = client(ONE_AT_A_TIME, grpc_endpoint=server.url)
        with pytest.raises(ServerError) as caught:
            await kentik.as_groups.create("x", [1])
        assert caught.value.grpc_status == "UNKNOWN"
        assert (await kentik.quota.snapshot()).in_flight == 0
        await kentik.aclose()


# The gRPC specification maps only some of them: the others become UNKNOWN or INTERNAL, and are as clear.
PROXIES: dict[str, tuple[str, type[APIError]]] = {
    "400": ("INTERNAL", BadRequestError),
    "401": ("UNAUTHENTICATED", AuthenticationError),
    "403": ("PERMISSION_DENIED", PermissionDeniedError),
    "404": ("UNIMPLEMENTED", ServerError),
    "408": ("UNKNOWN", UnavailableError),
    "409": ("UNKNOWN", ConflictError),
    "413": ("UNKNOWN", BadRequestError),
    "500": ("UNKNOWN", ServerError),
    "302": ("UNKNOWN", ServerError),
    "502": ("UNAVAILABLE", UnavailableError),
    "503": ("UNAVAILABLE", UnavailableError),
    "504": ("UNAVAILABLE", UnavailableError),
}


@pytest.mark.parametrize("status", PROXIES)
async def test_pages_of_proxies(client: Client, status: str) -> None:
    name, kind = PROXIES[status]
    async with RawServer(after_the_request(http2_headers((":status", status), HTML))) as server:
        kentik, time = at_standstill(client, ONE_AT_A_TIME, grpc_endpoint=server.url)
        with pytest.raises(APIError) as caught:
            await kentik.as_groups.create("x", [1])
        assert type(caught.value) is kind
        assert (caught.value.grpc_status, caught.value.attempts) == (name, 1)
        # The answer of a gateway that gives up says nothing about the API's own work.
        gave_up = status == "408" or status.startswith("5")
        if gave_up:
            await assert_drains(kentik, time, ONE_AT_A_TIME.drain)
        assert await in_flight(kentik) == 0
        await kentik.aclose()


async def test_an_answer_without_a_status(client: Client) -> None:
    frames = http2_headers(*GRPC)
    async with RawServer(after_the_request(frames)) as server:
        kentik = client(ONE_AT_A_TIME, grpc_endpoint=server.url)
        with pytest.raises(ServerError) as caught:
            await kentik.as_groups.create("x", [1])
        assert caught.value.grpc_status == "UNKNOWN"
        await kentik.aclose()


async def test_an_answer_of_a_hundred_thousand_rows(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    """More than gRPC accepts by default."""
    row = (1, message((1, 64512), (2, "A network with a name of usual length"), (3, 1), (4, 1), (5, 1)))
    grpc_server.usual = message(*[row] * 100_000)
    assert len(grpc_server.usual) > 4 * 1024 * 1024
    assert len(await kentik.kmi.get_rankings("planet$earth", limit=100_000)) == 100_000


# The texts of grpcio 1.51 and 1.85, with the outcome with and without a connection.
@pytest.mark.parametrize(
    "status",
    [
        pytest.param("200", marks=pytest.mark.skipif(OLD_GRPC, reason="grpcio 1.51 waits for the deadline")),
        "302",
    ],
)
async def test_a_web_page_in_the_place_of_grpc_fails_at_once(client: Client, status: str) -> None:
    """A login page of a network, or a web server behind the host name: no retry turns it into gRPC."""
    page = b"<html><head><title>Sign in</title></head><body>to use this network</body></html>"

    async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SETTINGS)
        await http2_request(reader)
        writer.write(http2_headers((":status", status), ("content-type", "text/html"), last=False))
        writer.write(http2_frame(DATA, 1, 1, page))
        await reader.read()

    async with RawServer(portal) as server:
        kentik = client(grpc_endpoint=server.url)
        with pytest.raises((DecodeError, ServerError)) as caught:
            await kentik.kmi.list_markets()
        assert caught.value.attempts == 1
        if status == "200":
            assert type(caught.value) is DecodeError
            assert str(caught.value).startswith("the server responded with HTTP, not gRPC")
        else:
            assert caught.value.http_status == 302
        await kentik.aclose()


WORDS = [
    ("UNAVAILABLE", "failed to connect to all addresses; last error: UNKNOWN: …", "answered", "not_sent"),
    ("UNAVAILABLE", "DNS resolution failed for kentik.invalid:1: C-ares status …", "answered", "not_sent"),
    ("UNAVAILABLE", "errors resolving kentik.invalid:1: [field:hostname …]", "answered", "not_sent"),
    ("UNAVAILABLE", "Socket closed", "unknown", "unknown"),
    ("UNAVAILABLE", "Stream removed (Socket closed)", "unknown", "unknown"),
    ("UNAVAILABLE", "GOAWAY received", "unknown", "unknown"),
    ("UNKNOWN", "Stream removed (Data frame with END_STREAM flag received)", "unknown", "unknown"),
    ("UNAVAILABLE", "recvmsg:Connection reset by peer", "unknown", "unknown"),
    ("UNAVAILABLE", "Cancelling all calls", "answered", "unknown"),
    ("UNAVAILABLE", "Received http2 header with status: 503", "unknown", "unknown"),
    ("UNAVAILABLE", "Received http2 header with status: 504", "unknown", "unknown"),
    ("UNIMPLEMENTED", "Received http2 header with status: 404", "answered", "answered"),
    ("UNAVAILABLE", "upstream request timeout", "unknown", "unknown"),
    ("UNAVAILABLE", "the database is down", "answered", "unknown"),
    ("UNAVAILABLE", "upstream: failed to connect to all addresses", "answered", "unknown"),
    ("INTERNAL", "Received RST_STREAM with error code 2", "unknown", "unknown"),
    ("RESOURCE_EXHAUSTED", "Received RST_STREAM with error code 11", "unknown", "unknown"),
    (
        "PERMISSION_DENIED",
        "Stream removed (RST_STREAM (Received RST_STREAM with error code 12))",
        "unknown",
        "unknown",
    ),
    ("INTERNAL", "the server's own trouble", "answered", "unknown"),
    ("CANCELLED", "Stream removed (RST_STREAM (…))", "unknown", "unknown"),
    ("DEADLINE_EXCEEDED", "Stream removed (Deadline Exceeded)", "answered", "answered"),
    ("NOT_FOUND", "failed to connect to all addresses", "answered", "answered"),
    ("RESOURCE_EXHAUSTED", "slow down", "refused", "refused"),
    (
        "RESOURCE_EXHAUSTED",
        "Stream removed (CLIENT: message larger than max …)",
        "answered",
        "answered",
    ),
]


@pytest.mark.parametrize(("status", "words", "connected", "unconnected"), WORDS)
def test_outcome_of_each_status(status: str, words: str, connected: str, unconnected: str) -> None:
    assert reply_for_grpc(status, words, {}, connected=True).outcome == connected
    reply = reply_for_grpc(status, words, {}, connected=False)
    assert reply.outcome == unconnected
    assert isinstance(reply.error, ConnectError) == (unconnected == "not_sent")
