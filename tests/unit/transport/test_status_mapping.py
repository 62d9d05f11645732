"""The complete table from statuses to errors, and the pause of a refusal."""

from datetime import UTC, datetime
from math import inf

import grpc
import pytest

from kentik_async import errors
from kentik_async._transport.rate_limit_headers import retry_after_seconds
from kentik_async._transport.replies import is_gateway_response, reply_for_grpc, reply_for_http
from kentik_async._transport.status_mapping import error_for_grpc, error_for_http

GRPC = {
    "CANCELLED": errors.ServerError,
    "UNKNOWN": errors.ServerError,
    "INVALID_ARGUMENT": errors.BadRequestError,
    "DEADLINE_EXCEEDED": errors.DeadlineExceededError,
    "NOT_FOUND": errors.NotFoundError,
    "ALREADY_EXISTS": errors.ConflictError,
    "PERMISSION_DENIED": errors.PermissionDeniedError,
    "RESOURCE_EXHAUSTED": errors.RateLimitedError,
    "FAILED_PRECONDITION": errors.BadRequestError,
    "ABORTED": errors.ConflictError,
    "OUT_OF_RANGE": errors.BadRequestError,
    "UNIMPLEMENTED": errors.ServerError,
    "INTERNAL": errors.ServerError,
    "UNAVAILABLE": errors.UnavailableError,
    "DATA_LOSS": errors.ServerError,
    "UNAUTHENTICATED": errors.AuthenticationError,
}

HTTP_BY_NAME = {
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.UnavailableError,
    409: errors.ConflictError,
    412: errors.ConflictError,
    429: errors.RateLimitedError,
    502: errors.UnavailableError,
    503: errors.UnavailableError,
    504: errors.UnavailableError,
}

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def expected_for(status: int) -> type[errors.APIError]:
    if status in HTTP_BY_NAME:
        return HTTP_BY_NAME[status]
    return errors.BadRequestError if 400 <= status < 500 else errors.ServerError


def test_the_table_knows_every_grpc_status() -> None:
    assert set(GRPC) == {status.name for status in grpc.StatusCode} - {"OK"}


@pytest.mark.parametrize(("status", "kind"), GRPC.items())
def test_grpc_statuses(status: str, kind: type[errors.KentikError]) -> None:
    error = error_for_grpc(status, "the server's\nwords")
    assert type(error) is kind
    assert str(error) == f"gRPC {status}: the server's words"
    if isinstance(error, errors.APIError):
        assert (error.grpc_status, error.http_status) == (status, None)
        assert error.detail == "the server's words"


def test_http_statuses() -> None:
    for status in [*range(300, 400), *range(400, 600)]:
        error = error_for_http(status, b'{"error": "why"}')
        assert type(error) is expected_for(status), status
        assert (error.http_status, error.grpc_status) == (status, None)
        assert (error.detail, str(error)) == ("why", f"HTTP {status}: why")


@pytest.mark.parametrize(
    ("status", "details", "trailers"),
    [
        ("RESOURCE_EXHAUSTED", "", {}),
        ("RESOURCE_EXHAUSTED", "rate limit exceeded", {"retry-after": "3"}),
        ("UNAVAILABLE", "Received http2 header with status: 429", {}),
        ("UNAVAILABLE", "Received http header with status: 429", {}),
        ("UNAVAILABLE", "", {"x-envoy-ratelimited": "true"}),
    ],
)
def test_the_three_shapes_of_a_refusal(status: str, details: str, trailers: dict[str, str]) -> None:
    error = error_for_grpc(status, details, trailers)
    assert isinstance(error, errors.RateLimitedError)
    assert error.grpc_status == status
    assert error.retry_after == (3.0 if trailers.get("retry-after") else None)


@pytest.mark.parametrize("details", ["Received http2 header with status: 503", "status: 429", ""])
def test_other_unavailability_is_not_a_refusal(details: str) -> None:
    assert type(error_for_grpc("UNAVAILABLE", details)) is errors.UnavailableError


@pytest.mark.parametrize(
    "details",
    [
        "Received message larger than max (70000000 vs. 67108864)",
        "Stream removed (CLIENT: Received message larger than max (70000000 vs. 67108864))",
        "Sent message larger than max (70000000 vs. 67108864)",
    ],
)
def test_a_message_over_the_size_limit_is_not_a_refusal(details: str) -> None:
    error = error_for_grpc("RESOURCE_EXHAUSTED", details, {"retry-after": "3"})
    assert type(error) is errors.DecodeError
    assert "larger than max" in str(error)


def test_an_unknown_grpc_status_is_a_server_error() -> None:
    error = error_for_grpc("TEAPOT", "short and stout")
    assert type(error) is errors.ServerError
    assert error.grpc_status == "TEAPOT"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", ""),
        (b'{"error": "no such site"}', "no such site"),
        (b'{"code": 5, "message": "no such group", "details": []}', "no such group"),
        (b'{"detail": "no"}', "no"),
        (b'{"error": {"code": 7}}', '{"error": {"code": 7}}'),
        (b"[1, 2]", "[1, 2]"),
        (b"plain words", "plain words"),
        (b"<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway"),
        (b"<h1>Sorry</h1><p>down</p>", "Sorry down"),
        (b'{"error": "' + b"x" * 1000 + b'"}', "x" * 299 + "…"),
        (b"\xff\xfe\x00\x1b[31m", "\ufffd\ufffd [31m"),
        (b"[" * 100_000, "[" * 299 + "…"),
    ],
)
def test_a_detail_is_one_short_line(body: bytes, detail: str) -> None:
    error = error_for_http(500, body)
    assert error.detail == detail
    assert str(error) == (f"HTTP 500: {detail}" if detail else "HTTP 500")


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 7.5 "}, 7.5),
        ({"RETRY-AFTER": "0"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "999999999999"}, 86400.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 02 Jan 2026 00:00:30 GMT", "Date": "Fri, 02 Jan 2026 00:00:00 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:01:30 GMT", "Date": "today"}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 9999 11:00:00 GMT"}, 86400.0),
        ({"X-RateLimit-Throttle-Ms": "1500"}, 1.5),
        ({"X-RateLimit-Throttle-Ms": "1500", "Retry-After": "9"}, 1.5),
        ({"X-RateLimit-Throttle-Ms": "?", "Retry-After": "9"}, 9.0),
    ],
)
def test_the_pause_that_a_refusal_asks_for(headers: dict[str, str], pause: float | None) -> None:
    assert retry_after_seconds(headers, now=NOW) == pause
    http = error_for_http(429, headers=headers, now=NOW)
    grpc_error = error_for_grpc("RESOURCE_EXHAUSTED", "", headers, now=NOW)
    assert isinstance(http, errors.RateLimitedError)
    assert isinstance(grpc_error, errors.RateLimitedError)
    assert http.retry_after == grpc_error.retry_after == pause


@pytest.mark.parametrize(
    ("status", "body", "gateway"),
    [
        (504, b'{"error": "JSON of a gateway"}', True),
        (503, b"<html></html>", True),
        (503, b"", True),
        (503, b'{"error": "too busy"}', False),
        (500, b"upstream prematurely closed connection", True),
        (500, b'{"message": "internal"}', False),
        (404, b"<html></html>", False),
        (302, b"", False),
    ],
)
def test_gateway_and_api_responses_are_distinguished(status: int, body: bytes, gateway: bool) -> None:
    assert is_gateway_response(status, body) is gateway


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_http_errors_carry_the_requested_pause(status: int) -> None:
    assert error_for_http(status, headers={"Retry-After": "2"}).retry_after == 2.0
    assert error_for_http(status).retry_after is None


@pytest.mark.parametrize(
    ("trailers", "pause"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"grpc-retry-pushback-ms": "1500"}, 1.5),
        ({"grpc-retry-pushback-ms": "0"}, 0.0),
        ({"grpc-retry-pushback-ms": "1500", "retry-after": "9"}, 1.5),
        ({"grpc-retry-pushback-ms": "-1"}, inf),
        ({"grpc-retry-pushback-ms": "soon"}, inf),
        ({"grpc-retry-pushback-ms": "99999999999"}, inf),
    ],
)
def test_grpc_retry_pushback(trailers: dict[str, str], pause: float | None) -> None:
    unavailable = error_for_grpc("UNAVAILABLE", "", trailers)
    assert isinstance(unavailable, errors.UnavailableError)
    assert unavailable.retry_after == pause


def test_pushback_of_a_response_that_quotes_no_grpc_status() -> None:
    assert (
        error_for_http(503, b"<html>", {"Grpc-Retry-Pushback-Ms": "1500", "Retry-After": "9"}).retry_after
        == 1.5
    )


def test_a_rate_limit_without_a_usable_pushback_has_no_pause() -> None:
    """Then the limiter chooses the pause: an endless one would block the quota forever."""
    error = error_for_grpc("RESOURCE_EXHAUSTED", "", {"grpc-retry-pushback-ms": "-1"})
    assert isinstance(error, errors.RateLimitedError)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "http_status", "kind"),
    [
        ("UNAVAILABLE", 429, errors.RateLimitedError),
        ("UNAVAILABLE", 503, errors.UnavailableError),
        ("UNKNOWN", 409, errors.ConflictError),
        ("INTERNAL", 400, errors.BadRequestError),
        ("UNIMPLEMENTED", 404, errors.ServerError),
    ],
)
def test_a_grpc_error_that_quotes_an_http_status_has_both(
    status: str, http_status: int, kind: type[errors.APIError]
) -> None:
    error = error_for_grpc(status, f"Received http2 header with status: {http_status}")
    assert type(error) is kind
    assert (error.grpc_status, error.http_status) == (status, http_status)


SECRETS = ("429", "status:", "failed", "GOAWAY", "larger")
"""Secrets that are also words used to classify an error."""


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("status", "details"),
    [
        ("UNAVAILABLE", "Received http2 header with status: 429"),
        ("UNAVAILABLE", "failed to connect to all addresses"),
        ("UNAVAILABLE", "GOAWAY received"),
        ("RESOURCE_EXHAUSTED", "Received message larger than max"),
    ],
)
def test_a_secret_is_removed_after_an_error_was_classified(secret: str, status: str, details: str) -> None:
    def scrub(text: str) -> str:
        return text.replace(secret, "***")

    reply = reply_for_grpc(status, details, {}, connected=False, scrub=scrub)
    plain = reply_for_grpc(status, details, {}, connected=False)
    assert (type(reply.error), reply.outcome) == (type(plain.error), plain.outcome)
    assert secret not in str(reply.error)


@pytest.mark.parametrize("secret", ["error", "message", "title"])
def test_a_secret_is_removed_after_a_body_was_read(secret: str) -> None:
    body = b'{"%s": "the %s is bad"}' % (b"error", secret.encode())
    reply = reply_for_http(400, {}, body, scrub=lambda text: text.replace(secret, "***"))
    assert isinstance(reply.error, errors.BadRequestError)
    assert reply.error.detail == "the *** is bad"
