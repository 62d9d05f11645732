"""The emulator: it composes the parts, and is what tests and programs hold in their hands."""

import asyncio
import datetime as dt
import ipaddress
import random
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.emulator.api import admin as control
from kentik_async.emulator.api.grpc import GrpcApp
from kentik_async.emulator.api.http import RestApp
from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import Call, Report, report
from kentik_async.emulator.engine.dispatcher import Desk, in_order
from kentik_async.emulator.engine.faults import SHAPES, Fault, RefusalShape, When
from kentik_async.emulator.listeners import Ports
from kentik_async.emulator.world.state import FIRST_DAY, State

if TYPE_CHECKING:
    from kentik_async.emulator.client import KentikClient

__all__ = ["DEFAULT_USER", "Emulator"]

DEFAULT_USER = User("demo@example.com", "emulator-token")


class Emulator:
    """A Kentik on this machine: API v6 over gRPC and as JSON, API v5 over REST, with the vendor's limits.

        async with Emulator(speed=60) as emu, emu.client() as kentik:
            await kentik.kmi.list_markets()
            assert emu.report().violations == 0

    Attributes:
        state: What it knows; tests ask it for the truth.
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
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Prepare an emulator; `async with`, or `start()`, opens its ports.

        Args:
            speed: How many times faster time passes than at the vendor: at 60 a minute lasts a second.
            seed: What its data is made from; the same seed and day give the same data.
            day: The day that it is at the start.
            host: The IP address to listen on.
            grpc_port: The port of API v6; 0 takes a free one.
            rest_port: The port of API v5, of API v6 as JSON, and of `/_emulator`; 0 takes a free one.
            strict: Whether a request over the permitted concurrency is refused; otherwise it is only counted.
            details: Whether each answer says what is left of the quota, by `x-ratelimit-details`.
            latency: How long each answer takes, in seconds of real time: a span, or (least, most).
            users: Who may call; the first is the one of `connection` and `client()`.
            refusal_shape: What a refusal looks like over gRPC: "resource_exhausted", "http2_429" or "envoy".
            clock: What stamps the customers' changes.

        Raises:
            ValueError: An argument is outside what is allowed.
        """
        if not speed > 0.0:
            raise ValueError(f"speed is {speed!r}: give a number greater than 0")
        if refusal_shape not in SHAPES:
            raise ValueError(f"refusal_shape is {refusal_shape!r}: give one of {', '.join(SHAPES)}")
        directory = {user.email: user for user in users}
        if not directory:
            raise ValueError("users is empty: give at least one User")
        self.state = State(seed=seed, day=day, clock=clock)
        self._desk = Desk(
            users=directory, speed=speed, strict=strict, details=details, chance=random.Random(seed)
        )
        self._ports = Ports(host, grpc_port, rest_port)
        self._host = _reachable(host)
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
            OSError: A port is taken.
        """
        await asyncio.to_thread(self.state.prepare)
        self._desk.open()
        app = web.Application()
        control.add_routes(app, self)
        RestApp(self._desk, self.state).add_routes(app)
        try:
            await self._ports.open(
                GrpcApp(self._desk, self.state, shape=self._shape, door=self._ports.door), app
            )
        except BaseException:
            await self._ports.close()
            raise

    async def stop(self) -> None:
        """Close the ports, and stop working on whatever is under way."""
        await self._ports.suspend()
        # What is under way ends first: the servers would wait for it, and then be harsh.
        await self._desk.aclose()
        await self._ports.close()

    async def suspend(self) -> None:
        """Be gone: every connection is cut and none accepted, until `resume()`; nothing is forgotten."""
        await self._ports.suspend()

    async def resume(self) -> None:
        """Be back, on the same ports.

        Raises:
            OSError: A port has been taken in the meantime.
        """
        await self._ports.resume()

    async def restart(self, downtime: float = 0.0) -> None:
        """Be gone for a span of real time, in seconds, and back on the same ports."""
        await self.suspend()
        await asyncio.sleep(downtime)
        await self.resume()

    @property
    def grpc_endpoint(self) -> str:
        """The URL of API v6 over gRPC."""
        return f"http://{self._host}:{self._ports.grpc}"

    @property
    def rest_endpoint(self) -> str:
        """The URL of API v5; API v6 as JSON, and `/_emulator`, are at the same host and port."""
        return f"http://{self._host}:{self._ports.rest}/api/v5"

    @property
    def connection(self) -> dict[str, Any]:
        """The keyword arguments that point a `KentikClient` at this emulator, as its first user."""
        return self.connection_for(next(iter(self._desk.users)))

    def connection_for(self, email: str) -> dict[str, Any]:
        """Return the keyword arguments that point a `KentikClient` at this emulator, as one of its users.

        Raises:
            KeyError: There is no such user.
        """
        from kentik_async.emulator.client import connection

        return connection(
            self._desk.users[email],
            grpc_endpoint=self.grpc_endpoint,
            rest_endpoint=self.rest_endpoint,
            speed=self._desk.speed,
        )

    def client(self, **overrides: Any) -> "KentikClient":
        """Return a client of this emulator, to be used in `async with`.

        Args:
            **overrides: Arguments of `KentikClient` that replace or complete those of `connection`; with
                `email` alone, the client is that user's.
        """
        from kentik_async.emulator.client import KentikClient

        known = overrides.get("email") in self._desk.users
        arguments = self.connection_for(overrides["email"]) if known else self.connection
        return KentikClient(**{**arguments, **overrides})

    def add_user(self, user: User) -> User:
        """Let one more user call."""
        self._desk.users[user.email] = user
        return user

    @property
    def calls(self) -> tuple[Call, ...]:
        """What has been received and answered since the start or the last reset, in the order of receipt."""
        return in_order(self._desk.calls)

    def report(self) -> Report:
        """Sum up the calls, all together and by customer."""
        return report(self._desk.calls, self._desk.in_flight())

    def reset(self) -> None:
        """Start afresh: no calls, no counts, no faults, the first day, and nothing changed by a customer."""
        self._desk.reset()
        self.state.reset()

    def advance_day(self, days: int = 1) -> dt.date:
        """Let days pass: ranks and relations move as they do in a day. Returns the new day."""
        return self.state.advance_day(days)

    @property
    def latency(self) -> float | tuple[float, float]:
        """How long each answer takes, in seconds of real time: a span, or (least, most); may be set."""
        return self._desk.latency

    @latency.setter
    def latency(self, value: float | tuple[float, float]) -> None:
        spans = value if isinstance(value, tuple) else (value, value)
        if len(spans) != 2 or not 0.0 <= spans[0] <= spans[1]:
            raise ValueError(f"latency is {value!r}: give seconds, 0 or more, or (least, most)")
        self._desk.latency = value

    def fail_next(
        self,
        n: int = 1,
        *,
        status: int | str | None = None,
        operation: str | None = None,
        when: When = "before",
        retry_after: float | None = None,
        drop: bool = False,
        delay: float = 0.0,
        body: bytes | str | None = None,
        shape: RefusalShape | None = None,
    ) -> None:
        """Script a fault for the next calls; faults wait in line, and one call takes at most one.

        Args:
            n: For how many calls.
            status: The answer: an HTTP status or a gRPC status's name; it means the same over both.
            operation: To which calls: a name such as "kmi.get_rankings", a pattern such as "sites.*", or a
                path; None for any.
            when: Whether the server fails "before" it has acted on the request, or "after".
            retry_after: The pause, in seconds, that the answer asks for.
            drop: Whether the connection is cut instead of answering; over gRPC that ends every call on it.
            delay: Seconds of real time by which the answer is late.
            body: What is sent in place of the answer's body: HTML, malformed JSON or protobuf.
            shape: In which form a 429 appears over gRPC, in place of the emulator's `refusal_shape`.

        Raises:
            ValueError: An argument is outside what is allowed, or all of them together do nothing.
        """
        fault = Fault(status, operation, when, retry_after, drop, delay, body, shape)
        self._desk.faults.add(fault, n)


def _reachable(host: str) -> str:
    """Return the address under which a listener is reached from this machine, as it stands in a URL.

    Raises:
        ValueError: The host is no address. A name may have several, and a free port need not be free on all.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"host is {host!r}: give an IP address to listen on") from None
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"
