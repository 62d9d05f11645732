"""The dispatcher when the emulator stops: whoever waits for an outcome gets one."""

import asyncio

from kentik_async.emulator import User
from kentik_async.emulator.engine.dispatcher import Dispatcher, IncomingRequest


async def test_a_request_that_comes_as_the_emulator_stops() -> None:
    dispatcher = Dispatcher(users={"ann@example.com": User("ann@example.com", "token")})
    incoming = IncomingRequest("kmi.list_markets", "/path", "grpc", 0.0, ("ann@example.com", "token"))
    served = asyncio.ensure_future(dispatcher.serve(incoming, lambda _: b""))
    await asyncio.sleep(0)  # taken in, and not begun
    await dispatcher.aclose()
    outcome = await served
    assert outcome.error is not None
    assert outcome.error.code == "UNAVAILABLE"
    assert not dispatcher.calls
