"""The dispatcher without a network: the hourly limit, stopping, and errors of handlers."""

import asyncio

import pytest

from kentik_async.emulator import User
from kentik_async.emulator.engine.dispatcher import Dispatcher, IncomingRequest, in_order
from tests.support.virtual_time import VirtualTime

USERS = {"ann@example.com": User("ann@example.com", "token")}


def request(received: float) -> IncomingRequest:
    return IncomingRequest("kmi.list_markets", "/path", "grpc", received, ("ann@example.com", "token"))


def test_an_hour_has_its_limit() -> None:
    """Refused requests count as well. Over a network, a slow machine needs more than a minute."""
    time, dispatcher = VirtualTime(), Dispatcher(users=USERS)

    async def all_at_once() -> None:
        await asyncio.gather(*(dispatcher.serve(request(time.now), lambda _: b"") for _ in range(3753)))

    time.run(all_at_once)
    calls = in_order(dispatcher.calls)
    assert [call.in_hour for call in calls] == list(range(1, 3754))
    assert [call.refusal for call in calls] == [""] * 60 + ["minute"] * 3690 + ["hour"] * 3


async def test_request_that_arrives_while_stopping() -> None:
    dispatcher = Dispatcher(users=USERS)
    served = asyncio.ensure_future(dispatcher.serve(request(0.0), lambda _: b""))
    await asyncio.sleep(0)  # the request is received, and its handler has not started
    await dispatcher.aclose()
    outcome = await served
    assert outcome.error is not None
    assert outcome.error.code == "UNAVAILABLE"
    assert not dispatcher.calls


async def test_error_of_a_handler_is_answered_and_recorded(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = Dispatcher(users=USERS)

    def fail(_: User) -> bytes:
        raise ValueError("too long")

    outcome = await dispatcher.serve(request(0.0), fail)
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.code) == (500, "INTERNAL")
    assert [(call.status, call.code) for call in dispatcher.calls] == [(500, "INTERNAL")]
    assert dispatcher.in_flight() == {"ann@example.com": 0}
    assert "the handler of kmi.list_markets failed" in caplog.text
