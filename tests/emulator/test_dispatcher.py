"""The dispatcher without a network: the hourly limit, and requests that arrive while it stops."""

import asyncio

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
