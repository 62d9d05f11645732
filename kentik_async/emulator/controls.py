"""The controls of a running emulator, for tests and programs: connect, inspect, script faults."""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import Call, Report, report
from kentik_async.emulator.engine.dispatcher import Dispatcher, in_order
from kentik_async.emulator.engine.faults import Fault, RefusalShape, When
from kentik_async.emulator.listeners import Listeners
from kentik_async.emulator.world.state import EmulatorState

if TYPE_CHECKING:
    from kentik_async.emulator.client import KentikClient

__all__ = ["EmulatorControls"]

T = TypeVar("T")


class EmulatorControls:
    """The part of an emulator that is the same for `Emulator` and `BackgroundEmulator`.

    Attributes:
        state: The data that the emulator serves, for comparison in tests.
    """

    def __init__(self, host: str, state: EmulatorState, dispatcher: Dispatcher, listeners: Listeners) -> None:
        """Control an emulator.

        Args:
            host: The host part of its URLs.
            state: Its data.
            dispatcher: Its requests.
            listeners: Its ports.
        """
        self.state: EmulatorState = state
        self._host = host
        self._dispatcher = dispatcher
        self._listeners = listeners

    def _call(self, action: Callable[[], T]) -> T:
        """Run a function between two steps of the emulator. It runs in the caller's thread by default."""
        return action()

    @property
    def grpc_endpoint(self) -> str:
        """The URL of API v6 over gRPC."""
        return f"http://{self._host}:{self._listeners.grpc}"

    @property
    def rest_endpoint(self) -> str:
        """The URL of API v5. `/_emulator` uses the same host and port."""
        return f"{self.v6_rest_endpoint}/api/v5"

    @property
    def v6_rest_endpoint(self) -> str:
        """The URL of API v6 as JSON."""
        return f"http://{self._host}:{self._listeners.rest}"

    @property
    def connection(self) -> dict[str, Any]:
        """The keyword arguments for a `KentikClient` that connects to this emulator as its first user."""
        return self.connection_for(next(iter(self._dispatcher.users)))

    def connection_for(self, email: str) -> dict[str, Any]:
        """Return the keyword arguments for a `KentikClient` that connects to this emulator as a user.

        Raises:
            KeyError: No user has this email.
        """
        from kentik_async.emulator.client import connection

        return connection(
            self._dispatcher.users[email],
            grpc_endpoint=self.grpc_endpoint,
            v6_rest_endpoint=self.v6_rest_endpoint,
            rest_endpoint=self.rest_endpoint,
            speed=self._dispatcher.speed,
        )

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that connect other programs to this emulator as its first user."""
        connection = self.connection
        return {
            "KENTIK_EMAIL": str(connection["email"]),
            "KENTIK_API_TOKEN": str(connection["token"]),
            "KENTIK_GRPC_ENDPOINT": self.grpc_endpoint,
            "KENTIK_V6_REST_ENDPOINT": self.v6_rest_endpoint,
            "KENTIK_REST_ENDPOINT": self.rest_endpoint,
            "KENTIK_SPEED": repr(self._dispatcher.speed),
        }

    def client(self, **overrides: Any) -> "KentikClient":
        """Return a client that is connected to this emulator; use it in `async with`.

        Args:
            **overrides: Arguments of `KentikClient` that override those of `connection`. With `email` alone,
                the client uses the token of that user.
        """
        from kentik_async.emulator.client import KentikClient

        known = overrides.get("email") in self._dispatcher.users
        arguments = self.connection_for(overrides["email"]) if known else self.connection
        return KentikClient(**{**arguments, **overrides})

    def add_user(self, user: User) -> User:
        """Add a user and return it."""
        self._call(lambda: self._dispatcher.users.update({user.email: user}))
        return user

    @property
    def calls(self) -> tuple[Call, ...]:
        """All requests answered since the start or the last reset, in the order of receipt."""
        return self._call(lambda: in_order(self._dispatcher.calls))

    def report(self) -> Report:
        """Return counts of the calls, in total and by customer."""
        return self._call(lambda: report(self._dispatcher.calls, self._dispatcher.in_flight()))

    def assert_no_quota_violations(self) -> None:
        """Check that no answered request exceeded a limit of the vendor: concurrency, minute or hour.

        Raises:
            AssertionError: Some did; the message lists the first ones.
        """
        __tracebackhide__ = True  # pytest shows the caller's line
        calls = self.calls
        found = [call for call in calls if call.violation]
        if found:
            lines = [
                f"{len(found)} of {len(calls)} requests exceeded a rate limit",
                *map(_described, found[:10]),
            ]
            raise AssertionError("\n  ".join(lines + ["..."] * (len(found) > 10)))

    def reset(self) -> None:
        """Return to the initial state: no calls, no faults, the first day, and the original customer data."""

        def reset() -> None:
            self._dispatcher.reset()
            self.state.reset()

        self._call(reset)

    def advance_day(self, days: int = 1) -> dt.date:
        """Move the simulated date forward, which changes rankings and relations; return the new date."""
        return self._call(lambda: self.state.advance_day(days))

    @property
    def latency(self) -> float | tuple[float, float]:
        """Latency of each answer in seconds of real time: a number, or a (min, max) range. Settable."""
        return self._dispatcher.latency

    @latency.setter
    def latency(self, value: float | tuple[float, float]) -> None:
        spans = value if isinstance(value, tuple) else (value, value)
        if len(spans) != 2 or not 0.0 <= spans[0] <= spans[1]:
            raise ValueError(f"latency must be 0 or more seconds, or a (min, max) range; got {value!r}")
        self._dispatcher.latency = value

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
        """Script a fault for the next calls. Faults are queued; each call takes at most one.

        Args:
            n: Number of calls that fail.
            status: The status of the answer: an HTTP status or the name of a gRPC status, for both protocols.
            operation: The calls that fail: a name such as "kmi.get_rankings", a pattern such as "sites.*",
                or a path. None selects any call.
            when: Fail "before" or "after" the server has carried out the request.
            retry_after: Seconds until the client may retry, sent with the answer.
            drop: Cut the connection instead of answering. Over gRPC, this ends every call on the connection.
            delay: Additional seconds of real time before the answer.
            body: Replacement for the body of the answer: HTML, malformed JSON or protobuf.
            shape: The form of a 429 over gRPC, instead of the emulator's `refusal_shape`.

        Raises:
            ValueError: An argument is invalid, or the fault has no effect.
        """
        fault = Fault(status, operation, when, retry_after, drop, delay, body, shape)
        self._dispatcher.faults.add(fault, n)


def _described(call: Call) -> str:
    limit = call.refusal or "concurrency"
    return (
        f"number {call.number}, {call.operation} over {call.transport}: {limit} "
        f"({call.concurrent} in flight, {call.in_minute} in the minute, {call.in_hour} in the hour)"
    )
