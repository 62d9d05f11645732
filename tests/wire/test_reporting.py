"""What a client reports while it works, in which order; and what a report that fails may not do."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

import aiohttp.web
import pytest

from kentik_async import (
    ClientClosedError,
    DeadlineExceededError,
    Event,
    KentikClient,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from tests.wire.servers.independent import ONE_AT_A_TIME, Abort, Answer, ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]


def told(events: list[Event]) -> list[tuple[str, int, type[Exception] | None]]:
    return [
        (event.kind, event.attempt, None if event.error is None else type(event.error)) for event in events
    ]


async def test_a_call_that_succeeds(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    await client(on_event=events.append).kmi.list_markets()
    assert told(events) == [("queued", 0, None), ("sent", 1, None), ("answered", 1, None)]
    assert {event.operation for event in events} == {"kmi.list_markets"}


async def test_durations(client: Client, rest_server: ForeignRest) -> None:
    events: list[Event] = []
    kentik = client(ONE_AT_A_TIME, on_event=events.append)

    async def slow(_: object) -> aiohttp.web.StreamResponse:
        await asyncio.sleep(0.05)
        return aiohttp.web.json_response({})

    rest_server.usual = slow
    await asyncio.gather(kentik.rest.request("GET", "/1"), kentik.rest.request("GET", "/2"))
    kinds = [event.kind for event in events]
    assert kinds == ["queued", "queued", "sent", "answered", "sent", "answered"]
    queued, _, first_sent, first_answered, second_sent, second_answered = (e.duration for e in events)
    assert queued == 0.0
    assert first_sent < 0.04 <= second_sent < 0.5
    assert 0.04 <= first_answered < 0.5
    assert 0.04 <= second_answered < 0.5


async def test_failures_refusals_and_repetitions(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    refusal = Abort("RESOURCE_EXHAUSTED", "", (("x-ratelimit-throttle-ms", "1"),))
    grpc_server.answers.extend([Abort("UNAVAILABLE"), refusal, Abort("NOT_FOUND")])
    with pytest.raises(NotFoundError) as caught:
        await client(on_event=events.append).kmi.list_markets()
    assert told(events) == [
        ("queued", 0, None),
        ("sent", 1, None),
        ("answered", 1, UnavailableError),
        ("retried", 1, UnavailableError),
        ("sent", 2, None),
        ("refused", 2, RateLimitedError),
        ("sent", 3, None),
        ("answered", 3, NotFoundError),
    ]
    assert events[-1].error is caught.value
    assert caught.value.attempts == 3
    retried = next(event for event in events if event.kind == "retried")
    assert 0 <= retried.duration <= 0.001


async def test_a_call_that_is_let_go_is_reported_no_further(client: Client, grpc_server: ForeignGrpc) -> None:
    async def slow(_: object) -> bytes:
        await asyncio.sleep(0.05)
        return b""

    events: list[Event] = []
    grpc_server.usual = slow
    kentik = client(ONE_AT_A_TIME, on_event=events.append)
    with pytest.raises(DeadlineExceededError):
        await kentik.with_options(timeout=0.01).kmi.list_markets()
    await kentik.as_groups.delete("1")
    assert [event.kind for event in events if event.operation == "kmi.list_markets"] == ["queued", "sent"]


async def test_attempt_ends_before_the_next_begins(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    kentik = client(ONE_AT_A_TIME, on_event=events.append)
    await asyncio.gather(*(kentik.kmi.list_markets() for _ in range(20)))
    kinds = [event.kind for event in events]
    assert kinds == ["queued"] * 20 + ["sent", "answered"] * 20


@pytest.mark.parametrize("error", [ValueError("mine"), NotFoundError("mine"), ZeroDivisionError()])
async def test_what_a_report_raises_is_logged_only(
    client: Client, rest_server: ForeignRest, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(_: Event) -> NoReturn:
        raise error

    rest_server.answers.append(Answer(503))
    with caplog.at_level(logging.WARNING, logger="kentik_async"):
        assert await client(on_event=broken).rest.request("GET", "/x") == {}
    assert {record.getMessage() for record in caplog.records} == {
        "on_event raised an exception; the call continues"
    }
    assert len(caplog.records) == 6
    assert all(record.exc_info and record.exc_info[1] is error for record in caplog.records)


class TestViews:
    async def test_it_shares_connections_and_quota(self, client: Client, rest_server: ForeignRest) -> None:
        kentik = client(ONE_AT_A_TIME)
        view = kentik.with_options(timeout=5, max_wait=1.0)
        ports: set[int] = set()

        async def note(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
            assert request.transport is not None
            ports.add(request.transport.get_extra_info("peername")[1])
            return aiohttp.web.json_response({})

        rest_server.usual = note
        await asyncio.gather(*(one.rest.request("GET", "/x") for one in (kentik, view) for _ in range(5)))
        assert len(ports) == 1
        await view.aclose()
        with pytest.raises(ClientClosedError):
            await kentik.rest.request("GET", "/x")

    async def test_options_are_those_of_the_view_only(self, client: Client, grpc_server: ForeignGrpc) -> None:
        async def slow(_: object) -> bytes:
            await asyncio.sleep(0.05)
            return b""

        grpc_server.usual = slow
        kentik = client()
        hasty = kentik.with_options(timeout=0.01)
        with pytest.raises(DeadlineExceededError):
            await hasty.kmi.list_markets()
        await kentik.kmi.list_markets()
        with pytest.raises(DeadlineExceededError):
            await hasty.with_options(max_wait=None).kmi.list_markets()
        await hasty.with_options(timeout=5).kmi.list_markets()
