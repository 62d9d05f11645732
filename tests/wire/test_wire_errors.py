"""The errors for a server's refusals and failures over a real connection, and the retries."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import msgspec
import pytest

from kentik_async import (
    APIError,
    DeadlineExceededError,
    DecodeError,
    KentikClient,
    KentikError,
    RateLimitedError,
    Retry,
    UnavailableError,
)
from kentik_async._transport.status_mapping import GRPC_ERRORS, error_for_http
from tests.support.http2 import SETTINGS, http2_headers, http2_request
from tests.support.protowire import message
from tests.wire.servers.independent import (
    ONE_AT_A_TIME,
    Abort,
    Answer,
    ForeignGrpc,
    ForeignRest,
    RawServer,
)

Client = Callable[..., KentikClient]

GROUP = message((1, message((1, "1"), (2, "x"))))
SITE = msgspec.json.encode({"site": {"id": 1, "site_name": "Site"}})

CALLS: dict[str, Callable[[KentikClient], Any]] = {
    "read": lambda kentik: kentik.kmi.get_rankings("cc$US"),  # a POST in the mirror, and yet a read
    "replace": lambda kentik: kentik.as_groups.update("1", "x", [1]),
    "delete": lambda kentik: kentik.as_groups.delete("1"),
    "create": lambda kentik: kentik.as_groups.create("x", [1]),
}
REST_CALLS: dict[str, Callable[[KentikClient], Any]] = {
    "read": lambda kentik: kentik.sites.get(1),
    "replace": lambda kentik: kentik.sites.update(1, lat=1),
    "delete": lambda kentik: kentik.sites.delete(1),
    "create": lambda kentik: kentik.sites.create("Site", 1, 2),
}


@pytest.mark.parametrize("status", [status.name for status in grpc.StatusCode if status.name != "OK"])
async def test_every_grpc_status(client: Client, grpc_server: ForeignGrpc, status: str) -> None:
    grpc_server.usual = Abort(status, "because", (("x-envoy-other", "1"),))
    kentik = client(max_wait=0.01, retry=Retry(attempts=1))
    with pytest.raises(KentikError) as caught:
        await kentik.kmi.list_markets()
    error = caught.value
    assert type(error) is GRPC_ERRORS[status]
    assert (error.operation, error.attempts) == ("kmi.list_markets", 1)
    assert str(error) == f"gRPC {status}: because"
    if isinstance(error, APIError):
        assert (error.grpc_status, error.http_status, error.detail) == (status, None, "because")


@pytest.mark.parametrize(
    "status", [301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 412, 418, 422, 429, 500, 501, 502]
)
async def test_http_statuses(client: Client, rest_server: ForeignRest, status: int) -> None:
    body = b'{"error": "because"}' if status != 304 else b""
    rest_server.usual = Answer(status, body, {"Location": "https://evil.example/"})
    kentik = client(max_wait=0.01, retry=Retry(attempts=1))
    with pytest.raises(APIError) as caught:
        await kentik.sites.list()
    error = caught.value
    assert type(error) is type(error_for_http(status))
    assert (error.operation, error.attempts) == ("sites.list", 1)
    assert (error.grpc_status, error.http_status) == (None, status)
    assert error.detail == ("because" if body else "")
    assert len(rest_server.received) == 1


REFUSALS = {
    "status": Abort("RESOURCE_EXHAUSTED", "slow down", (("retry-after", "0"),)),
    "disguised": Abort("UNAVAILABLE", "upstream", (("x-envoy-ratelimited", "true"), ("retry-after", "0"))),
}


@pytest.mark.parametrize("effect", CALLS)
@pytest.mark.parametrize("shape", REFUSALS)
async def test_a_refusal_is_waited_out_and_spends_no_attempt(
    client: Client, grpc_server: ForeignGrpc, shape: str, effect: str
) -> None:
    grpc_server.usual = GROUP if effect in ("replace", "create") else b""
    grpc_server.answers.extend([REFUSALS[shape]] * 6)
    await CALLS[effect](client(retry=Retry(attempts=1)))
    assert len(grpc_server.received) == 7


@pytest.mark.parametrize("effect", REST_CALLS)
async def test_a_refusal_over_rest(client: Client, rest_server: ForeignRest, effect: str) -> None:
    rest_server.usual = Answer(body=SITE)
    rest_server.answers.extend([Answer(429, headers={"x-ratelimit-throttle-ms": "1"})] * 6)
    await REST_CALLS[effect](client(retry=Retry(attempts=1)))
    assert len(rest_server.received) == 7


async def test_a_refusal_in_http_behind_a_grpc_gateway(client: Client) -> None:
    """A gateway that answers 429 in plain HTTP/2 sends no trailers and no gRPC status."""

    async def gateway(reader: Any, writer: Any) -> None:
        writer.write(SETTINGS)
        await http2_request(reader)
        writer.write(http2_headers((":status", "429"), ("content-type", "text/plain"), ("retry-after", "1")))
        await reader.read()

    async with RawServer(gateway) as server:
        kentik = client(grpc_endpoint=server.url, max_wait=0.0)
        with pytest.raises(RateLimitedError, match="status: 429") as caught:
            await kentik.kmi.list_markets()
        await kentik.aclose()
    assert (caught.value.grpc_status, caught.value.retry_after) == ("UNAVAILABLE", None)


async def test_refused_call_keeps_its_error_after_max_wait(client: Client, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = Abort("RESOURCE_EXHAUSTED", "slow down", (("retry-after", "9"),))
    with pytest.raises(RateLimitedError) as caught:
        await client(max_wait=1.0).kmi.list_markets()
    assert (caught.value.retry_after, caught.value.attempts) == (9.0, 1)
    assert "max_wait" in str(caught.value.__cause__)


async def test_refused_calls_queue_by_their_first_arrival(client: Client, grpc_server: ForeignGrpc) -> None:
    """The first of three is refused once; it is sent first again when the pause is over."""
    grpc_server.answers.append(Abort("RESOURCE_EXHAUSTED", "", (("x-ratelimit-throttle-ms", "20"),)))
    kentik = client(ONE_AT_A_TIME)
    names = ("first", "second", "third")
    await asyncio.gather(*(kentik.as_groups.delete(name) for name in names))
    asked = [received.body[2:].decode() for received in grpc_server.received]
    assert asked == ["first", "first", "second", "third"]


def attempts_after(status: str, effect: str) -> int:
    """Return how many of four attempts a call makes that always fails in this way."""
    if effect == "create":
        return 1
    if status in ("UNAVAILABLE", "502", "503", "504"):
        return 4
    return 4 if effect == "read" and status in ("INTERNAL", "UNKNOWN", "500") else 1


@pytest.mark.parametrize("effect", CALLS)
@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "UNKNOWN", "NOT_FOUND", "ABORTED"])
async def test_what_is_sent_again_over_grpc(
    kentik: KentikClient, grpc_server: ForeignGrpc, status: str, effect: str
) -> None:
    grpc_server.usual = Abort(status)
    with pytest.raises(APIError) as caught:
        await CALLS[effect](kentik)
    assert len(grpc_server.received) == caught.value.attempts == attempts_after(status, effect)


@pytest.mark.parametrize("effect", REST_CALLS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 501, 404, 409])
async def test_what_is_sent_again_over_rest(
    kentik: KentikClient, rest_server: ForeignRest, status: int, effect: str
) -> None:
    rest_server.usual = Answer(status)
    with pytest.raises(APIError) as caught:
        await REST_CALLS[effect](kentik)
    assert len(rest_server.received) == caught.value.attempts == attempts_after(str(status), effect)


async def test_a_repetition_succeeds(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.answers.extend([Abort("UNAVAILABLE")] * 3)
    assert list(await kentik.kmi.list_markets()) == []
    assert len(grpc_server.received) == 4


@pytest.mark.parametrize(
    ("verb", "idempotent", "sent"),
    [
        ("GET", None, 4),
        ("PUT", None, 4),
        ("DELETE", None, 4),
        ("POST", None, 1),
        ("PATCH", None, 1),
        ("POST", True, 4),
        ("GET", False, 1),
        ("PUT", False, 1),
    ],
)
async def test_raw_requests_retry_if_idempotent(
    kentik: KentikClient, rest_server: ForeignRest, verb: str, idempotent: bool | None, sent: int
) -> None:
    rest_server.usual = Answer(503)
    with pytest.raises(UnavailableError):
        await kentik.rest.request(verb, "/devices", idempotent=idempotent)
    assert len(rest_server.received) == sent


async def test_deadline_of_the_server_is_a_timeout(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = Abort("DEADLINE_EXCEEDED", "took too long")
    with pytest.raises(TimeoutError) as caught:
        await kentik.kmi.list_markets()
    assert isinstance(caught.value, DeadlineExceededError)
    assert len(grpc_server.received) == 1


async def test_error_text_is_not_a_lost_connection(client: Client, grpc_server: ForeignGrpc) -> None:
    """A gateway forwards the message of its own client library; the request has still reached the gateway."""
    grpc_server.usual = Abort("UNAVAILABLE", "failed to connect to all addresses; last error: UNKNOWN")
    kentik = client(ONE_AT_A_TIME)
    with pytest.raises(UnavailableError, match="failed to connect") as caught:
        await kentik.as_groups.create("x", [1])
    assert (len(grpc_server.received), caught.value.attempts) == (1, 1)
    assert (await kentik.quota.snapshot()).in_flight == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("INVALID_ARGUMENT", "keepalive must be above 0"),
        ("NOT_FOUND", "Stream removed"),
        ("INTERNAL", "the cable's end: broken pipe"),
    ],
)
async def test_error_answer_frees_the_slot(
    client: Client, grpc_server: ForeignGrpc, status: str, words: str
) -> None:
    grpc_server.usual = Abort(status, words)
    kentik = client(ONE_AT_A_TIME)
    with pytest.raises(APIError):
        await kentik.as_groups.create("x", [1])
    assert (await kentik.quota.snapshot()).in_flight == 0


class TestInvalidResponses:
    async def test_malformed_protobuf(self, client: Client, grpc_server: ForeignGrpc) -> None:
        grpc_server.usual = b"\xff\xff\xff\xff"
        kentik = client(ONE_AT_A_TIME)
        with pytest.raises(DecodeError) as caught:
            await kentik.kmi.list_markets()
        assert (caught.value.operation, caught.value.attempts) == ("kmi.list_markets", 1)
        assert (await kentik.quota.snapshot()).in_flight == 0

    async def test_an_answer_over_the_size_limit(self, client: Client, grpc_server: ForeignGrpc) -> None:
        grpc_server.usual = bytes(64 * 1024 * 1024 + 1)
        kentik = client(ONE_AT_A_TIME)
        with pytest.raises(DecodeError, match="larger than max"):
            await kentik.kmi.list_markets()
        assert (await kentik.quota.snapshot()).in_flight == 0
        assert len(grpc_server.received) == 1

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'{"site": 7}', b"\xff", b"[" * 100_000])
    async def test_malformed_json(self, client: Client, rest_server: ForeignRest, body: bytes) -> None:
        rest_server.usual = Answer(body=body)
        kentik = client(ONE_AT_A_TIME)
        with pytest.raises(DecodeError):
            await kentik.sites.get(1)
        assert (await kentik.quota.snapshot()).in_flight == 0

    async def test_a_page_of_html(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        page = b"<html><head><title>502 Bad Gateway</title></head><body>token</body></html>"
        rest_server.usual = Answer(502, page, content_type="text/html")
        with pytest.raises(UnavailableError, match=r"^HTTP 502: 502 Bad Gateway$"):
            await kentik.sites.create("Site", 1, 2)

    async def test_a_page_of_html_that_claims_success(
        self, kentik: KentikClient, rest_server: ForeignRest
    ) -> None:
        rest_server.usual = Answer(200, b"<html>Log in</html>", content_type="text/html")
        with pytest.raises(DecodeError):
            await kentik.sites.get(1)

    async def test_json_under_another_name_is_read(
        self, kentik: KentikClient, rest_server: ForeignRest
    ) -> None:
        rest_server.usual = Answer(body=SITE, content_type="text/plain")
        assert (await kentik.sites.get(1)).site_name == "Site"
