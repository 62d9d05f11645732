"""What the pipeline is told: once for the client, and with each call."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kentik_async._clock import Clock
from kentik_async.errors import ConfigError
from kentik_async.events import EventHook
from kentik_async.quota import Quota, QuotaClass
from kentik_async.retry import Retry

__all__ = ["CallOptions", "PipelineSettings", "check_kind"]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What a caller may choose for each call; raises ConfigError for what is no span of time.

    Attributes:
        timeout: How long one attempt may take from its sending, in seconds.
        max_wait: How long a call may wait for quota, in seconds; None for as long as it takes.
    """

    timeout: float = 60.0
    max_wait: float | None = None

    def __post_init__(self) -> None:
        _check_seconds("timeout", self.timeout, above_zero=True)
        if self.max_wait is not None:
            _check_seconds("max_wait", self.max_wait)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What is the same for all calls of a client; raises ConfigError for what cannot be used."""

    quotas: Mapping[QuotaClass, Quota]
    retry: Retry
    connect_timeout: float
    outage_wait: float
    on_event: EventHook | None
    clock: Clock

    def __post_init__(self) -> None:
        check_kind("retry", self.retry, Retry)
        _check_seconds("connect_timeout", self.connect_timeout, above_zero=True)
        _check_seconds("outage_wait", self.outage_wait)
        if self.on_event is not None and not callable(self.on_event):
            raise ConfigError(f"on_event is {self.on_event!r}: give a function that takes an Event, or None")


def check_kind(name: str, value: object, kind: type) -> None:
    """Refuse an option of another kind.

    Raises:
        ConfigError: `value` is no `kind`.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name} is {value!r}: give a kentik_async.{kind.__name__}, or leave it away")


def _check_seconds(name: str, seconds: float, *, above_zero: bool = False) -> None:
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds)
    if not number or seconds < 0 or (above_zero and seconds == 0):
        raise ConfigError(f"{name} is {seconds!r}: give a finite number of seconds{' above 0' * above_zero}")
