"""Any response of a server becomes one error, whose message is safe to log."""

from hypothesis import given
from hypothesis import strategies as st

from kentik_async import APIError, KentikError
from kentik_async._transport.rate_limit_headers import retry_after_seconds
from kentik_async._transport.status_mapping import GRPC_ERRORS, error_for_grpc, error_for_http

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "retry-after", "X-RateLimit-Throttle-Ms", "x-other"]),
    st.text(max_size=30)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)


def assert_is_presentable(error: KentikError) -> None:
    text = str(error)
    assert text.isprintable()
    assert len(text) <= 340


@given(status=st.integers(300, 999), body=st.binary(max_size=500), headers=HEADERS)
def test_any_http_answer(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = error_for_http(status, body, headers)
    assert isinstance(error, APIError)
    assert error.http_status == status
    assert_is_presentable(error)


@given(status=st.sampled_from(sorted(GRPC_ERRORS)), details=st.text(max_size=5000), trailers=HEADERS)
def test_any_grpc_status(status: str, details: str, trailers: dict[str, str]) -> None:
    assert_is_presentable(error_for_grpc(status, details, trailers))


@given(headers=HEADERS)
def test_a_pause_is_none_or_a_day_at_most(headers: dict[str, str]) -> None:
    pause = retry_after_seconds(headers)
    assert pause is None or 0 <= pause <= 86400
