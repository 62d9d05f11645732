"""The options of a client and of a call, and the state of one call through all its attempts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kentik_async._clock import Clock
from kentik_async._operations.request import Request
from kentik_async._pipeline.step_log import LOG
from kentik_async._telemetry import CallTrace
from kentik_async._transport.base import Reply
from kentik_async.errors import ConfigError, KentikError, RateLimitedError
from kentik_async.events import Event, EventHook, EventKind
from kentik_async.quota import Limiter, Quota, QuotaClass
from kentik_async.retry import Retry

__all__ = ["CallOptions", "CallState", "OwnQuota", "PipelineSettings", "check_type"]


@dataclass(frozen=True, slots=True)
class OwnQuota:
    """The limits of calls that do not count in the customer's quota.

    Attributes:
        limiter: Grants the quota, in its class non_query.
        quota: The limits.
    """

    limiter: Limiter
    quota: Quota


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options that a caller may set for each call.

    Attributes:
        timeout: The maximum time of one attempt, from sending to the response, in seconds.
        max_wait: The maximum time that a call may wait for quota, in seconds; None for no limit.
        own_quota: The limits of these calls, if they do not count in the customer's quota.

    Raises:
        ConfigError: A duration is invalid.
    """

    timeout: float = 60.0
    max_wait: float | None = None
    own_quota: OwnQuota | None = None

    def __post_init__(self) -> None:
        _check_seconds("timeout", self.timeout, above_zero=True)
        if self.max_wait is not None:
            _check_seconds("max_wait", self.max_wait)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """The settings that all calls of a client share.

    Attributes:
        quotas: The limits of each quota class.
        retry: Decides when failed requests are sent again.
        connect_timeout: The maximum time for the first connection, in seconds.
        outage_wait: The maximum time that calls wait for a lost connection, in seconds.
        on_event: Called with an `Event` at each step of a call, or None.
        clock: The source of time.

    Raises:
        ConfigError: A value is invalid.
    """

    quotas: Mapping[QuotaClass, Quota]
    retry: Retry
    connect_timeout: float
    outage_wait: float
    on_event: EventHook | None
    clock: Clock

    def __post_init__(self) -> None:
        check_type("retry", self.retry, Retry)
        _check_seconds("connect_timeout", self.connect_timeout, above_zero=True)
        _check_seconds("outage_wait", self.outage_wait)
        if self.on_event is not None and not callable(self.on_event):
            raise ConfigError(
                f"on_event must be a function that takes an Event, or None; got {self.on_event!r}"
            )


# A Struct, like `Request`: a dataclass takes three times as long to create, and each call creates one.
class CallState(msgspec.Struct, eq=False):
    """The state of one call.

    Attributes:
        request: The request.
        options: The caller's options.
        limiter: Grants the quota that the call counts in.
        quota: The limits of that quota.
        queued_since: The monotonic time at which the call first waited for quota; it decides the order.
        priority: 1 high, 0 normal, -1 low.
        watchers: Called with an `Event` at each step.
        trace: The call in OpenTelemetry, or None.
        sent: The number of attempts that were sent.
        failed: The number of them that failed, rate limits excluded.
        waited: Seconds spent waiting for quota.
        pause: Seconds to wait before the next attempt; None for none.
        connect_by: The monotonic time minus `waited` at which the call fails if no attempt could be sent: the
            time spent waiting for quota does not count. None while connections work.
        refused_since: The monotonic time of the server's first refusal because of its rate limit.
        refusal: The latest such refusal.
        reply: The successful reply, or None. A failed reply would be in a reference cycle with its error.
        elapsed: The duration of the latest attempt, from sending to its end, in seconds.
    """

    request: Request[Any]
    options: CallOptions
    limiter: Limiter
    quota: Quota
    queued_since: float
    priority: int
    watchers: tuple[EventHook, ...] = ()
    trace: CallTrace | None = None
    sent: int = 0
    failed: int = 0
    waited: float = 0.0
    pause: float | None = None
    connect_by: float | None = None
    refused_since: float | None = None
    refusal: RateLimitedError | None = None
    reply: Reply | None = None
    elapsed: float = 0.0

    def report(self, kind: EventKind, duration: float, error: Exception | None = None) -> None:
        """Report a step to the watchers; an exception of the user's function is logged."""
        if not self.watchers:
            return
        event = Event(kind, self.request.operation.name, self.sent, duration, error)
        for watch in self.watchers:
            try:
                watch(event)
            except Exception:  # noqa: BLE001 (the user's own function must not break the user's call)
                LOG.exception("on_event raised an exception; the call continues")

    def report_end(self, reply: Reply, duration: float) -> None:
        """Report the end of an attempt to the watchers, `duration` seconds after it was sent."""
        self.report("refused" if reply.outcome == "refused" else "answered", duration, reply.error)

    def fail(self, error: BaseException) -> None:
        """End the call with an error, and set the error's operation and number of attempts."""
        if isinstance(error, KentikError):
            error.operation = self.request.operation.name
            error.attempts = self.sent
        if self.trace is not None:
            self.trace.end(sent=self.sent, waited=self.waited, error=error)


def check_type(name: str, value: object, expected: type) -> None:
    """Check the type of an option.

    Raises:
        ConfigError: `value` is not an instance of `expected`.
    """
    if not isinstance(value, expected):
        raise ConfigError(f"{name} must be a kentik_async.{expected.__name__} (or omit it); got {value!r}")


def _check_seconds(name: str, seconds: float, *, above_zero: bool = False) -> None:
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds)
    if not number or seconds < 0 or (above_zero and seconds == 0):
        allowed = "a finite number of seconds above 0" if above_zero else "a finite number of seconds from 0"
        raise ConfigError(f"{name} must be {allowed}; got {seconds!r}")
