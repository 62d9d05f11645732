"""The emulator object: composes the parts, opens and closes the ports."""

import asyncio
import datetime as dt
import ipaddress
import random
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from aiohttp import web

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.emulator.api import admin
from kentik_async.emulator.api.grpc import GrpcApp
from kentik_async.emulator.api.http import RestApp
from kentik_async.emulator.controls import EmulatorControls
from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import Call
from kentik_async.emulator.engine.dispatcher import Dispatcher
from kentik_async.emulator.engine.faults import SHAPES, RefusalShape
from kentik_async.emulator.listeners import Listeners
from kentik_async.emulator.world.state import FIRST_DAY, EmulatorState

__all__ = ["DEFAULT_USER", "Emulator"]

DEFAULT_USER = User("demo@example.com", "emulator-token")


class Emulator(EmulatorControls):
    """A local Kentik: API v6 over gRPC and as JSON, API v5 over REST, with the vendor's rate limits.

        async with Emulator(speed=60) as emu, emu.client() as kentik:
            await kentik.kmi.list_markets()
            assert emu.report().violations == 0

    Attributes:
        state: The data that the emulator serves, for comparison in tests.
    """

    def __init__(
        self,
        speed: float = 60.0,
        *,
        seed: int = 0,
        day: dt.date = FIRST_DAY,
        host: str = "127.0.0.1",
        grpc_port: int = 0,
        rest_port: int = 0,
        strict: bool = False,
        details: bool = False,
        latency: float | tuple[float, float] = 0.0,
        users: Iterable[User] = (DEFAULT_USER,),
        refusal_shape: RefusalShape = "resource_exhausted",
        on_call: Callable[[Call], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Create an emulator. `async with` or `start()` opens its ports.

        Args:
            speed: Clock speed-up factor of the rate limits: at 60, a minute lasts one second.
            seed: Seed of the generated data. The same seed and day give the same data.
            day: The simulated date at the start.
            host: The IP address to listen on.
            grpc_port: The port of API v6; 0 selects a free port.
            rest_port: The port of API v5, of API v6 as JSON, and of `/_emulator`; 0 selects a free port.
            strict: Refuse requests over the concurrency limit. By default they are only counted.
            details: Send the remaining quota with each answer, in `x-ratelimit-details`.
            latency: Latency of each answer in seconds of real time: a number, or a (min, max) range.
            users: The accounts. The first one is used by `connection` and `client()`.
            refusal_shape: The form of a refusal over gRPC: "resource_exhausted", "http2_429" or "envoy".
            on_call: A function that is called with each answered call.
            clock: The clock for creation and update times.

        Raises:
            ValueError: An argument is invalid.
        """
        if not speed > 0.0:
            raise ValueError(f"speed must be a number greater than 0; got {speed!r}")
        if refusal_shape not in SHAPES:
            raise ValueError(f"refusal_shape must be one of {', '.join(SHAPES)}; got {refusal_shape!r}")
        directory: dict[str, User] = {}
        for user in users:
            if user.email in directory:
                raise ValueError(f"users must have different email addresses; got {user.email!r} twice")
            directory[user.email] = user
        if not directory:
            raise ValueError("users must contain at least one User; got none")
        dispatcher = Dispatcher(
            users=directory,
            speed=speed,
            strict=strict,
            details=details,
            rng=random.Random(seed),
            on_call=on_call,
        )
        state = EmulatorState(seed=seed, day=day, clock=clock)
        super().__init__(_reachable(host), state, dispatcher, Listeners(host, grpc_port, rest_port))
        self._shape: RefusalShape = refusal_shape
        self.latency = latency

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the ports.

        Raises:
            OSError: A port is in use.
        """
        await asyncio.to_thread(self.state.prepare)
        self._dispatcher.open()
        app = web.Application()
        admin.add_routes(app, self)
        RestApp(self._dispatcher, self.state).add_routes(app)
        try:
            await self._listeners.open(
                GrpcApp(
                    self._dispatcher,
                    self.state,
                    refusal_shape=self._shape,
                    connection=self._listeners.grpc_connection,
                ),
                app,
            )
        except BaseException:
            await self._listeners.close()
            raise

    async def stop(self) -> None:
        """Close the ports and cancel all requests in flight."""
        await self._listeners.suspend()
        # Requests in flight end first: the servers would wait for them, then abort them.
        await self._dispatcher.aclose()
        await self._listeners.close()

    async def suspend(self) -> None:
        """Simulate an outage: cut every connection and accept none until `resume()`. No state is lost."""
        await self._listeners.suspend()

    async def resume(self) -> None:
        """End an outage: listen again on the same ports.

        Raises:
            OSError: A port is in use by another program.
        """
        await self._listeners.resume()

    async def restart(self, downtime: float = 0.0) -> None:
        """Simulate an outage of `downtime` seconds of real time."""
        await self.suspend()
        await asyncio.sleep(downtime)
        await self.resume()


def _reachable(host: str) -> str:
    """Return the host part of URLs that reach a listener from this machine.

    Raises:
        ValueError: The host is not an IP address. Host names are refused because a name can have several
            addresses, and a port that is free on one may be in use on another.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(
            f"host must be an IP address to listen on, such as 127.0.0.1; got {host!r}"
        ) from None
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"
