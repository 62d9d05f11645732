"""The remaining quota in headers: read if it is valid, ignored otherwise."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async._transport.rate_limit_headers import read_allowance
from kentik_async.quota import Allowance


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def read(value: object) -> Allowance | None:
    return read_allowance([("content-type", "x"), ("X-RateLimit-Details", value)])


@pytest.mark.parametrize(
    "reset",
    [
        12.5,
        "12.5",
        "12.5s",
        " 12.500 s ",
        {"seconds": 12, "nanos": 5e8},
        {"seconds": "12", "nanos": 500000000},
    ],
)
def test_seconds_are_read_however_they_are_written(reset: Any) -> None:
    assert read(encoded({"limit_remaining": 3, "duration_until_reset": reset})) == Allowance(3, 12.5)


@pytest.mark.parametrize("left", [7, 7.0, "7"])
@pytest.mark.parametrize(
    "names", [("limit_remaining", "duration_until_reset"), ("limitRemaining", "durationUntilReset")]
)
def test_both_spellings_are_read(left: Any, names: tuple[str, str]) -> None:
    document = {names[0]: left, names[1]: "0s", "code": "OK", "current_limit": {"unit": "MINUTE"}}
    assert read(encoded(document)) == Allowance(7, 0.0)


def test_padding_and_the_length_of_the_text_do_not_matter() -> None:
    for more in range(4):
        document = {"limit_remaining": 3, "duration_until_reset": 1, "more": "é?>" * more}
        raw = json.dumps(document, ensure_ascii=False).encode()
        for text in (encoded(document), base64.urlsafe_b64encode(raw).decode()):
            assert read(text) == Allowance(3, 1.0)


def test_mistakes_of_size_are_cut() -> None:
    assert read(encoded({"limit_remaining": 1e11, "duration_until_reset": 1e9})) == Allowance(10**9, 86400.0)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        3,
        {"limit_remaining": 3},
        {"duration_until_reset": 3},
        {"limit_remaining": None, "duration_until_reset": 3},
        {"limit_remaining": -1, "duration_until_reset": 3},
        {"limit_remaining": 1.5, "duration_until_reset": 3},
        {"limit_remaining": True, "duration_until_reset": 3},
        {"limit_remaining": 3, "duration_until_reset": -3},
        {"limit_remaining": 3, "duration_until_reset": "soon"},
        {"limit_remaining": 3, "duration_until_reset": [3]},
        {"limit_remaining": 3, "duration_until_reset": {"seconds": "x"}},
        {"limit_remaining": float("inf"), "duration_until_reset": float("nan")},
    ],
)
def test_what_cannot_be_used_is_ignored(document: Any) -> None:
    assert read(encoded(document)) is None


@pytest.mark.parametrize("value", ["", "=", "é", "e30", "{}", b"e30", "A" * 5000, "W" * 4000, None])
def test_what_is_no_such_value_is_ignored(value: object) -> None:
    assert read(value) is None


def test_without_headers_there_is_no_allowance() -> None:
    assert read_allowance([("retry-after", "3"), ("x-ratelimit-xetails", "e30")]) is None


def test_of_several_values_the_first_that_can_be_read_counts() -> None:
    good = encoded({"limit_remaining": 3, "duration_until_reset": 1})
    assert read_allowance([("x-ratelimit-details", "?"), ("x-ratelimit-details", good)]) == Allowance(3, 1.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["seconds", "nanos", "x"]), inner),
)


@given(st.fixed_dictionaries({"limit_remaining": json_values, "duration_until_reset": json_values}))
def test_any_headers_raise_no_error(document: dict[str, Any]) -> None:
    allowance = read(encoded(document))
    assert allowance is None or (0 <= allowance.left <= 10**9 and 0 <= allowance.reset <= 86400)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_raises_no_error(text: str) -> None:
    assert read(text) is None or read(text)


def test_a_reset_in_seconds_since_1970_is_ignored() -> None:
    headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795900000")]
    assert read_allowance(headers) is None
    assert read_allowance([*headers, ("x-ratelimit-throttle-ms", "2500")]) == Allowance(0, 2.5)
