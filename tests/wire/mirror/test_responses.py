"""`kentik.with_response` and the headers of errors, over every transport."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from kentik_async import APIError, KentikClient, NotFoundError, Response, UnavailableError
from kentik_async._transport.headers import Headers
from kentik_async.resources import KMI, ASGroups, Plans, Rest, SiteMarkets, Sites, SitesV6
from kentik_async.resources.with_response import WithResponse
from tests.wire.servers.independent import Abort, Answer, ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]


async def with_metadata(context: Any) -> bytes:
    await context.send_initial_metadata((("x-request-id", "early"), ("x-one", "1")))
    context.set_trailing_metadata((("x-two", "2"), ("x-one", "3"), ("x-some-bin", b"\xff")))
    return b""


async def test_a_result_over_grpc(client: Client, grpc_server: ForeignGrpc) -> None:
    grpc_server.answers.append(Abort("UNAVAILABLE"))
    grpc_server.usual = with_metadata
    response = await client().with_response.kmi.list_markets()
    assert isinstance(response, Response)
    assert list(response.result) == []
    assert (response.grpc_status, response.http_status, response.attempts) == ("OK", None, 2)
    assert response.request_id == response.headers["X-Request-ID"] == "early"
    assert (response.headers["x-one"], response.headers["x-two"]) == ("1, 3", "2")
    assert "x-some-bin" not in response.headers
    assert response.waited >= 0 < response.elapsed


async def test_an_error_has_the_metadata_of_both_ends(client: Client, grpc_server: ForeignGrpc) -> None:
    async def refuse(context: Any) -> bytes:
        await context.send_initial_metadata((("x-request-id", "a"), ("x-rep", "1"), ("x-rep", "2")))
        await context.abort(grpc.StatusCode.NOT_FOUND, "gone", (("x-rep", "3"), ("x-request-id", "a")))
        return b""

    grpc_server.usual = refuse
    with pytest.raises(NotFoundError) as caught:
        await client().kmi.list_markets()
    assert (caught.value.request_id, caught.value.headers["x-rep"]) == ("a", "1, 2, 3")


@pytest.mark.parametrize("transport", ["v5", "v6"])
async def test_a_result_over_rest(client: Client, rest_server: ForeignRest, transport: str) -> None:
    rest_server.answers.append(Answer(503))
    rest_server.usual = Answer(200, b'{"sites": []}', {"X-Request-Id": "42"})
    kentik = client(transport="rest", v6_rest_endpoint=rest_server.url.removesuffix("/api/v5"))
    view = kentik.with_response
    response = await (view.sites.list() if transport == "v5" else view.sites_v6.list())
    assert list(response.result) == []
    assert (response.grpc_status, response.http_status, response.attempts) == (None, 200, 2)
    assert (response.request_id, response.headers["CONTENT-TYPE"]) == ("42", "application/json")


async def test_methods_that_return_nothing(client: Client) -> None:
    response = await client().with_response.as_groups.delete(1)
    assert (response.result, response.request_id, response.attempts) == (None, None, 1)


async def test_the_view_has_the_options_of_its_client(client: Client, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(204, b"")
    kentik = client().with_options(timeout=5.0)
    response = await kentik.with_response.rest.request("GET", "/devices")
    assert (response.result, response.http_status) == (None, 204)


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("kmi", KMI),
        ("as_groups", ASGroups),
        ("sites", Sites),
        ("sites_v6", SitesV6),
        ("site_markets", SiteMarkets),
        ("plans", Plans),
        ("rest", Rest),
    ],
)
async def test_the_view_has_the_same_methods(client: Client, name: str, resource: type) -> None:
    methods = {
        method for method in vars(resource) if not method.startswith("_") and not method.startswith("pull_")
    }
    assert set(vars(getattr(WithResponse(client()._caller), name))) == methods


async def test_an_error_over_grpc_has_headers(client: Client, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = Abort("NOT_FOUND", "no", (("x-request-id", "7"),))
    with pytest.raises(NotFoundError) as caught:
        await client().kmi.list_markets()
    assert (caught.value.request_id, caught.value.headers["X-Request-ID"]) == ("7", "7")


@pytest.mark.parametrize("body", [b'{"error": "no"}', b'{"code": 14, "message": "no", "details": []}'])
async def test_an_error_over_rest_has_headers(client: Client, rest_server: ForeignRest, body: bytes) -> None:
    rest_server.usual = Answer(503, body, {"X-Request-ID": "8"})
    kentik = client(transport="rest", v6_rest_endpoint=rest_server.url.removesuffix("/api/v5"))
    for call in (kentik.sites.list, kentik.kmi.list_markets):
        with pytest.raises(UnavailableError) as caught:
            await call()
        assert (caught.value.request_id, caught.value.headers["content-type"]) == ("8", "application/json")


def test_an_error_without_an_answer_has_no_headers() -> None:
    error = APIError("x")
    assert (dict(error.headers), error.request_id) == ({}, None)


def test_headers_show_their_names_only() -> None:
    assert repr(Headers([("X-Secret", "token")])) == "<Headers x-secret>"
