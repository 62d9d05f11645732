"""The headers of responses: any case, repeated values, and the metadata that grpc-gateway renames."""

from kentik_async._transport.headers import Headers
from kentik_async._transport.replies import reply_for_mirror


def test_names_are_in_any_case() -> None:
    headers = Headers([("X-Request-Id", "a")])
    assert (headers["x-request-id"], headers.get("X-REQUEST-ID")) == ("a", "a")
    assert "x-other" not in headers
    assert 1 not in headers
    assert None not in headers


def test_repeated_values_are_joined_and_equal_ones_kept_once() -> None:
    pairs = [("x-request-id", "a"), ("x-rep", "1"), ("X-Rep", "2"), ("x-request-id", "a"), ("x-rep", "3")]
    assert dict(Headers(pairs)) == {"x-request-id": "a", "x-rep": "1, 2, 3"}


def test_binary_values_are_omitted() -> None:
    assert dict(Headers([("x-bin", b"\0"), ("x", "1")])) == {"x": "1"}


def test_the_metadata_of_a_gateway_does_not_replace_headers() -> None:
    headers = Headers(
        [
            ("Content-Type", "application/json"),
            ("Grpc-Metadata-Content-Type", "application/grpc"),
            ("Grpc-Metadata-X-Rep", "1"),
            ("Grpc-Metadata-X-Rep", "2"),
            ("Grpc-Trailer-X-Rep", "3"),
            ("X-Request-Id", "outer"),
            ("Grpc-Metadata-X-Request-Id", "inner"),
        ]
    )
    for status in (200, 404):
        reply = reply_for_mirror(status, headers, b'{"code": 5, "message": "gone", "details": []}')
        found = Headers(reply.headers) if reply.error is None else reply.error.headers  # type: ignore[attr-defined]  # an APIError
        assert found["content-type"] == "application/json"
        assert found["x-rep"] == "1, 2, 3"
        assert found["grpc-metadata-x-rep"] == "1, 2"
        assert found["x-request-id"] == "outer"
