"""The tree of errors: base classes, and errors that are pickled for another process."""

import pickle

import pytest

from kentik_async import errors

ALL = [getattr(errors, name) for name in errors.__all__]
API_ERRORS = [kind for kind in ALL if issubclass(kind, errors.APIError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_caught_by_the_root(kind: type[errors.KentikError]) -> None:
    assert issubclass(kind, errors.KentikError)


@pytest.mark.parametrize(
    ("kind", "standard"),
    [
        (errors.DeadlineExceededError, TimeoutError),
        (errors.ConnectError, ConnectionError),
        (errors.ValidationError, ValueError),
    ],
)
def test_errors_are_what_the_standard_library_calls_them(
    kind: type[Exception], standard: type[Exception]
) -> None:
    assert issubclass(kind, standard)


def test_only_answers_of_the_server_are_api_errors() -> None:
    names = {kind.__name__ for kind in API_ERRORS}
    assert names == {
        "APIError",
        "BadRequestError",
        "AuthenticationError",
        "PermissionDeniedError",
        "NotFoundError",
        "ConflictError",
        "RateLimitedError",
        "ServerError",
        "UnavailableError",
    }


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_errors_pickle_with_all_that_they_carry(kind: type[errors.KentikError]) -> None:
    error = kind("what went wrong")
    error.operation, error.attempts = "kmi.get_rankings", 3
    if isinstance(error, errors.APIError):
        error.http_status, error.grpc_status, error.detail = 429, "RESOURCE_EXHAUSTED", "slow down"
    if isinstance(error, errors.RateLimitedError):
        error.retry_after = 7.5
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error) == "what went wrong"
    assert vars(copy) == vars(error)


def test_a_quota_wait_error_pickles_with_its_bounds() -> None:
    error = errors.QuotaWaitError("too long", max_wait=5.0, estimate=9.0)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.max_wait, copy.estimate) == ("too long", 5.0, 9.0)


def test_an_error_outside_a_call_has_no_operation() -> None:
    error = errors.ConfigError("x")
    assert (error.operation, error.attempts) == (None, 0)
