"""The server's reports of the quota and its requested pauses are used with both protocols."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from kentik_async import KentikClient, NotFoundError, Quota, RateLimitedError, UnavailableError
from tests.wire.servers.held import Client, over_both
from tests.wire.servers.independent import Abort, Answer, ForeignGrpc, ForeignRest

SPACIOUS = Quota(1, None, 0.0, 60, None)
HEADER = "x-ratelimit-details"


def details(left: int, reset: float) -> str:
    document = {"limit_remaining": left, "duration_until_reset": f"{reset}s"}
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def answer_with(metadata: tuple[tuple[str, str], ...], *, early: bool) -> Callable[[Any], Any]:
    async def answer(context: Any) -> bytes:
        if early:
            await context.send_initial_metadata(metadata)
        else:
            context.set_trailing_metadata(metadata)
        return b""

    return answer


async def others(kentik: KentikClient) -> int:
    return (await kentik.quota.snapshot()).others


@pytest.mark.parametrize("early", [True, False], ids=["initial", "trailing"])
async def test_a_successful_rpc_may_report_the_remaining_quota(
    client: Client, grpc_server: ForeignGrpc, early: bool
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.usual = answer_with(((HEADER, details(20, 5)),), early=early)
    await kentik.kmi.list_markets()
    snapshot = await kentik.quota.snapshot()
    assert (snapshot.others, snapshot.left_hard_minute) == (39, 20)
    grpc_server.usual = answer_with(((HEADER, details(58, 5)),), early=early)
    await kentik.kmi.list_markets()
    assert await others(kentik) == 0


async def test_a_rest_response_may_report_the_remaining_quota(
    client: Client, rest_server: ForeignRest
) -> None:
    kentik = client(SPACIOUS)
    rest_server.usual = Answer(body=b'{"sites": []}', headers={"X-RateLimit-Details": details(20, 5)})
    await kentik.sites.list()
    assert await others(kentik) == 39


@over_both
@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ({"x-ratelimit-remaining": "20", "x-ratelimit-reset": "5"}, 20),
        ({"x-ratelimit-remaining": "20", "x-ratelimit-throttle-ms": "0"}, 20),
        ({"x-ratelimit-remaining": "20", "x-ratelimit-reset": "5", HEADER: details(30, 5)}, 30),
        ({"x-ratelimit-remaining": "20", "x-ratelimit-reset": "5", HEADER: "e30"}, 20),
        ({"x-ratelimit-remaining": "20"}, 59),
        ({"x-ratelimit-throttle-ms": "5"}, 59),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "5"}, 59),
    ],
)
async def test_separate_headers_may_report_the_remaining_quota(
    client: Client,
    grpc_server: ForeignGrpc,
    rest_server: ForeignRest,
    call: Callable[[KentikClient], Any],
    headers: dict[str, str],
    left: int,
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.usual = answer_with(tuple(headers.items()), early=False)
    rest_server.usual = Answer(body=b'{"sites": []}', headers=headers)
    await call(kentik)
    assert (await kentik.quota.snapshot()).left_hard_minute == left


@over_both
async def test_throttle_ms_is_preferred_when_nothing_is_left(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, call: Callable[[KentikClient], Any]
) -> None:
    kentik = client(SPACIOUS)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "45", "x-ratelimit-throttle-ms": "20000"}
    grpc_server.usual = answer_with(tuple(headers.items()), early=False)
    rest_server.usual = Answer(body=b'{"sites": []}', headers=headers)
    await call(kentik)
    next_free = (await kentik.quota.snapshot()).next_free
    assert next_free is not None
    assert 0 < next_free <= 20


@over_both
async def test_an_error_may_report_the_remaining_quota(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, call: Callable[[KentikClient], Any]
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.usual = Abort("NOT_FOUND", "", ((HEADER, details(20, 5)),))
    rest_server.usual = Answer(404, headers={HEADER: details(20, 5)})
    with pytest.raises(NotFoundError):
        await call(kentik)
    assert await others(kentik) == 39


@over_both
async def test_exhausted_quota_holds_all_calls_back(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, call: Callable[[KentikClient], Any]
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.usual = answer_with(((HEADER, details(0, 45)),), early=False)
    rest_server.usual = Answer(body=b'{"sites": []}', headers={HEADER: details(0, 45)})
    await call(kentik)
    next_free = (await kentik.quota.snapshot()).next_free
    assert next_free is not None
    assert 40 < next_free <= 45


@over_both
async def test_refusal_without_pause_waits_for_room(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, call: Callable[[KentikClient], Any]
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.answers.append(Abort("RESOURCE_EXHAUSTED", "", ((HEADER, details(0, 0.05)),)))
    rest_server.answers.append(Answer(429, headers={HEADER: details(0, 0.05)}))
    grpc_server.usual, rest_server.usual = b"", Answer(body=b'{"sites": []}')
    await call(kentik)  # otherwise it would take a quarter of a minute
    assert (await kentik.quota.snapshot()).left_hard_minute is not None


@over_both
@pytest.mark.parametrize("text", ["", "e30", "not base64!", details(-1, 5), "A" * 3000])
async def test_what_cannot_be_read_is_ignored(
    client: Client,
    grpc_server: ForeignGrpc,
    rest_server: ForeignRest,
    call: Callable[[KentikClient], Any],
    text: str,
) -> None:
    kentik = client(SPACIOUS)
    grpc_server.usual = answer_with(((HEADER, text), ("x-bytes-bin", b"\xff")), early=False)
    rest_server.usual = Answer(body=b'{"sites": []}', headers={HEADER: text})
    await call(kentik)
    assert await others(kentik) == 0


async def test_a_refusal_counts_requests_of_others(client: Client, grpc_server: ForeignGrpc) -> None:
    kentik = client(SPACIOUS)
    for _ in range(40):
        await kentik.kmi.list_markets()
    grpc_server.answers.append(Abort("RESOURCE_EXHAUSTED", "", (("retry-after", "100"),)))
    with pytest.raises(RateLimitedError):
        await kentik.with_options(max_wait=0.5).kmi.list_markets()
    assert await others(kentik) == 20


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
async def test_an_unavailable_server_chooses_the_pause(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, protocol: str
) -> None:
    pauses: list[float] = []
    kentik = client(on_event=lambda event: pauses.append(event.duration) if event.kind == "retried" else None)
    if protocol == "grpc":
        grpc_server.answers.append(Abort("UNAVAILABLE", "busy", (("grpc-retry-pushback-ms", "50"),)))
        await kentik.kmi.list_markets()
    else:
        rest_server.answers.append(Answer(503, headers={"x-ratelimit-throttle-ms": "50"}))
        await kentik.rest.request("GET", "/x")
    assert pauses == [0.05]


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
async def test_a_pause_beyond_max_wait_ends_the_call(
    client: Client, grpc_server: ForeignGrpc, rest_server: ForeignRest, protocol: str
) -> None:
    kentik = client(max_wait=5.0)
    grpc_server.usual = Abort("UNAVAILABLE", "busy", (("retry-after", "9"),))
    rest_server.usual = Answer(503, headers={"Retry-After": "9"})
    with pytest.raises(UnavailableError) as caught:
        await (kentik.kmi.list_markets() if protocol == "grpc" else kentik.sites.list())
    assert (caught.value.retry_after, caught.value.attempts) == (9.0, 1)
