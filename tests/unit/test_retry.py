"""Retries: which failures, how often, and after which pause."""

import math

import pytest

from kentik_async import ConfigError, Retry, errors
from kentik_async._transport.status_mapping import GRPC_ERRORS, error_for_grpc, error_for_http
from kentik_async.retry import Effect

RETRY = Retry(attempts=4, base=0.5, cap=30.0)

# The retried errors by effect: no others are retried, and a create never is.
AFTER = {
    "http 408": {Effect.READ, Effect.REPLACE},
    "http 502": {Effect.READ, Effect.REPLACE},
    "http 503": {Effect.READ, Effect.REPLACE},
    "http 504": {Effect.READ, Effect.REPLACE},
    "http 500": {Effect.READ},
    "grpc UNAVAILABLE": {Effect.READ, Effect.REPLACE},
    "grpc CANCELLED": {Effect.READ, Effect.REPLACE},
    "grpc INTERNAL": {Effect.READ},
    "grpc UNKNOWN": {Effect.READ},
}


def failures() -> dict[str, errors.KentikError]:
    """Every failure of a server, and the client's own failures."""
    found: dict[str, errors.KentikError] = {f"http {code}": error_for_http(code) for code in range(300, 600)}
    found |= {f"grpc {status}": error_for_grpc(status) for status in GRPC_ERRORS}
    del found["http 429"], found["grpc RESOURCE_EXHAUSTED"]  # handled by the limiter
    own = (
        errors.DecodeError,
        errors.ConnectError,
        errors.ClientClosedError,
        errors.QuotaWaitError,
        errors.ValidationError,
        errors.ConfigError,
    )
    return found | {kind.__name__: kind("x") for kind in own}


@pytest.mark.parametrize("effect", Effect)
def test_what_is_repeated(effect: Effect) -> None:
    repeated = {
        name for name, error in failures().items() if RETRY.pause(error, 1, effect, lambda: 0.5) is not None
    }
    assert repeated == {name for name, effects in AFTER.items() if effect in effects}


def test_a_lost_connection_is_unavailability() -> None:
    lost = errors.UnavailableError("the connection was lost")
    assert RETRY.pause(lost, 1, Effect.READ) is not None
    assert RETRY.pause(lost, 1, Effect.REPLACE) is not None
    assert RETRY.pause(lost, 1, Effect.CREATE) is None


def test_the_bound_doubles_and_is_capped() -> None:
    many = Retry(attempts=100, base=0.5, cap=3.0)
    lost = errors.UnavailableError("x")
    pauses = [many.pause(lost, attempt, Effect.READ, lambda: 1.0) for attempt in range(1, 7)]
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_the_pause_is_spread_over_the_whole_span() -> None:
    lost = errors.UnavailableError("x")
    assert RETRY.pause(lost, 2, Effect.READ, lambda: 0.0) == 0.0
    assert RETRY.pause(lost, 2, Effect.READ, lambda: 0.25) == 0.25


def test_the_last_attempt_is_the_last() -> None:
    lost = errors.UnavailableError("x")
    assert RETRY.pause(lost, 3, Effect.READ) is not None
    assert RETRY.pause(lost, 4, Effect.READ) is None
    assert Retry(attempts=1).pause(lost, 1, Effect.READ) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", 0),
        ("attempts", True),
        ("attempts", 2.0),
        ("attempts", "3"),
        ("base", -1),
        ("base", float("nan")),
        ("base", "1"),
        ("cap", float("inf")),
        ("cap", None),
    ],
)
def test_an_invalid_retry_policy_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"Retry\.{name} must be .*; got "):
        Retry(**{name: value})


def test_a_server_may_request_a_longer_pause_or_no_retry() -> None:
    error = errors.UnavailableError("x")
    error.retry_after = 2.0
    assert RETRY.pause(error, 1, Effect.READ, lambda: 0.5) == 2.0
    assert RETRY.pause(error, 1, Effect.CREATE) is None
    error.retry_after = 0.1
    assert RETRY.pause(error, 1, Effect.READ, lambda: 0.5) == 0.25
    error.retry_after = math.inf
    assert RETRY.pause(error, 1, Effect.READ) is None
