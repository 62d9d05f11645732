"""Parts of the quota in Redis that need no Redis: URLs, names, readings of a clock."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import SSLConnection

from kentik_async.errors import ConfigError
from kentik_async.quota import Limiter
from kentik_async.quota.redis.limiter import open_redis_limiter
from kentik_async.quota.redis.replica import Reading
from kentik_async.quota.redis.url import RedisAddress, prefix_of

SECRET = "tr0ub4dor"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://cache.example.net", "cache.example.net:6379/0"),
        (f"redis://joe:{SECRET}@cache.example.net:7000/3", "cache.example.net:7000/3"),
        (f"rediss://:{SECRET}@[::1]:7001", "[::1]:7001/0"),
        ("redis://cache.example.net?db=4", "cache.example.net:6379/4"),
    ],
)
def test_a_url_names_its_place_and_shows_no_secret(url: str, place: str) -> None:
    address = RedisAddress.parse(url)
    assert address.place == place
    assert SECRET not in f"{address!r}{address}"


def test_user_and_password_come_from_the_url_decoded() -> None:
    options = RedisAddress.parse("redis://joe%40home:p%40ss%2Fword@cache.example.net").options
    assert (options["username"], options["password"]) == ("joe@home", "p@ss/word")


@pytest.mark.parametrize(
    ("url", "verified"),
    [
        ("rediss://cache.example.net", True),
        ("rediss://cache.example.net?ssl_check_hostname=false", False),
        ("rediss://cache.example.net?ssl_cert_reqs=none", False),
    ],
)
def test_tls_verifies_the_host_name_by_default(url: str, verified: bool) -> None:
    address = RedisAddress.parse(url)
    connection = address.connection(address.node)
    assert isinstance(connection, SSLConnection)
    assert connection.check_hostname is verified


@pytest.mark.parametrize(
    "url",
    [
        f"http://joe:{SECRET}@cache.example.net",
        f"unix:///run/redis.sock?password={SECRET}",
        f"redis://joe:{SECRET}@",
        "redis://",
        "redis:cache.example.net",
        f"redis://:{SECRET}@cache.example.net:port",
        f"redis://:{SECRET}@cache.example.net:99999",
        f"redis://:{SECRET}@cache.example.net/three",
        f"redis://:{SECRET}@cache.example.net?no_such_option=1",
        f"redis://:{SECRET}@cache.example.net?socket_connect_timeout=soon",
        f"redis://:{SECRET}@cache.example.net/0#part",
    ],
)
def test_an_invalid_url_gives_a_one_line_error_without_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="limiter") as caught:
        open_redis_limiter(url, endpoints=("a",), customer="x")
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unknown_pacing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"pacing must be .*; got 'fast'"):
        open_redis_limiter("redis://127.0.0.1", endpoints=("a",), customer="x", pacing="fast")


async def test_an_unknown_class_is_refused() -> None:
    limiter = open_redis_limiter("redis://127.0.0.1", endpoints=("a",), customer="x")
    assert isinstance(limiter, Limiter)
    with pytest.raises(ConfigError, match=r"quota_class must be .*; got 'queries'"):
        await limiter.acquire("queries")


def test_without_redis_py_the_error_names_the_package() -> None:
    code = """
import sys
sys.modules["redis"] = None
from kentik_async.errors import ConfigError
from kentik_async.quota.redis.limiter import open_redis_limiter
try:
    open_redis_limiter("redis://127.0.0.1", endpoints=("a",), customer="x")
except ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'kentik-async[redis]'" in run.stdout


def test_keys_differ_and_contain_no_name() -> None:
    endpoints = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
    names = [
        prefix_of(endpoints, "joe@example.net", "non_query"),
        prefix_of(endpoints, "joe@example.net", "query"),
        prefix_of(endpoints, "jane@example.net", "query"),
        prefix_of(endpoints[:1], "joe@example.net", "query"),
    ]
    assert len(set(names)) == 4
    assert prefix_of(endpoints[::-1], "joe@example.net", "query") == names[1]
    assert len({name[: name.index("}")] for name in names[:2]}) == 1, "both are on one node of a cluster"
    for name in names:
        assert "example" not in name
        assert name.startswith("kentik-async:{")


instants = st.floats(0, 1e6)
spans = st.floats(0, 10)


@given(instants, spans, spans, st.floats(0, 100), st.floats(-1e9, 1e9))
def test_a_reading_bounds_the_time_of_the_clock(
    sent_at: float, out: float, back: float, later: float, skew: float
) -> None:
    """This process's clock shows the true time, in seconds; the other clock is ahead by `skew`."""
    reading = Reading(sent_at, sent_at + out + back, sent_at + out + skew)
    instant = sent_at + out + back + later
    assert reading.at_least(instant) - 1e-5 <= instant + skew <= reading.at_most(instant) + 1e-5


@given(spans, spans, st.floats(25.0, 1e6))
def test_a_clock_change_is_detected(out: float, back: float, jump: float) -> None:
    first, instant = Reading(0.0, out + back, out), out + back + 5.0
    for by in (jump, -jump):
        later = Reading(instant, instant + out + back, instant + out + by)
        assert first.corrected(later) == pytest.approx(instant + out, abs=out + back + 1e-3)
