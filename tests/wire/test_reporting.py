"""Events of a client, their order, and that a failing `on_event` has no effect."""

import asyncio
import logging
import time
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
from tests.support.frozen_time import PATIENCE
from tests.wire.servers.held import PATIENT, PATIENT_ONE_AT_A_TIME, Held
from tests.wire.servers.independent import ONE_AT_A_TIME, Abort, Answer, ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]


def steps(events: list[Event]) -> list[tuple[str, int, type[Exception] | None]]:
    return [
        (event.kind, event.attempt, None if event.error is None else type(event.error)) for event in events
    ]


async def test_a_call_that_succeeds(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    await client(on_event=events.append).kmi.list_markets()
    assert steps(events) == [("queued", 0, None), ("sent", 1, None), ("answered", 1, None)]
    assert {event.operation for event in events} == {"kmi.list_markets"}


async def test_durations(client: Client, rest_server: ForeignRest) -> None:
    """Each duration is between the server's time and the time measured around the call."""
    seen: list[tuple[float, Event]] = []
    served: list[float] = []
    kentik = client(ONE_AT_A_TIME, on_event=lambda event: seen.append((time.monotonic(), event)))
    await kentik.rest.request("GET", "/connects")
    seen.clear()

    async def slow(_: object) -> aiohttp.web.StreamResponse:
        came = time.monotonic()
        await asyncio.sleep(0.05)
        served.append(time.monotonic() - came)
        return aiohttp.web.json_response({})

    rest_server.usual = slow
    await asyncio.gather(kentik.rest.request("GET", "/1"), kentik.rest.request("GET", "/2"))
    kinds = [event.kind for _, event in seen]
    assert kinds == ["queued", "sent", "queued", "answered", "sent", "answered"]
    queued, sent, queued_too, answered, sent_too, answered_too = (event.duration for _, event in seen)
    at = [instant for instant, _ in seen]
    assert queued == queued_too == 0.0
    assert 0.0 <= sent <= at[1] - at[0]
    assert served[0] <= answered <= at[3] - at[0]
    assert served[0] <= sent_too <= at[4] - at[2]
    assert served[1] <= answered_too <= at[5] - at[3]


async def test_failures_refusals_and_repetitions(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    refusal = Abort("RESOURCE_EXHAUSTED", "", (("x-ratelimit-throttle-ms", "1"),))
    grpc_server.answers.extend([Abort("UNAVAILABLE"), refusal, Abort("NOT_FOUND")])
    with pytest.raises(NotFoundError) as caught:
        await client(on_event=events.append).kmi.list_markets()
    assert steps(events) == [
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


async def test_a_timed_out_call_reports_no_more_events(client: Client, held: Held) -> None:
    events: list[Event] = []
    kentik = client(PATIENT_ONE_AT_A_TIME, on_event=events.append)
    with pytest.raises(DeadlineExceededError):
        await kentik.with_options(timeout=0.01).kmi.list_markets()
    held.loose.set()
    await kentik.as_groups.delete("1")
    assert [event.kind for event in events if event.operation == "kmi.list_markets"] == ["queued", "sent"]


async def test_attempt_ends_before_the_next_begins(client: Client, grpc_server: ForeignGrpc) -> None:
    events: list[Event] = []
    kentik = client(ONE_AT_A_TIME, on_event=events.append)
    await asyncio.gather(*(kentik.kmi.list_markets() for _ in range(20)))
    kinds = [event.kind for event in events]
    assert kinds == ["queued"] * 20 + ["sent", "answered"] * 20


@pytest.mark.parametrize("error", [ValueError("mine"), NotFoundError("mine"), ZeroDivisionError()])
async def test_an_exception_of_on_event_is_only_logged(
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
        view = kentik.with_options(timeout=PATIENCE, max_wait=PATIENCE)
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

    async def test_options_are_those_of_the_view_only(self, client: Client, held: Held) -> None:
        kentik = client(PATIENT)
        hasty = kentik.with_options(timeout=0.01)
        for view in (hasty, hasty.with_options(max_wait=None)):
            with pytest.raises(DeadlineExceededError):
                await view.kmi.list_markets()
        calls = [
            asyncio.create_task(view.kmi.list_markets())
            for view in (kentik, hasty.with_options(timeout=PATIENCE))
        ]
        await held.has_received(4)
        await asyncio.sleep(0.03)  # longer than the wait of the view with the short `max_wait`
        held.loose.set()
        await asyncio.gather(*calls)
