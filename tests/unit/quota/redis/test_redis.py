"""The parts of the Redis back end that need no Redis: URLs, names, leases, limits."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.errors import ConfigError
from kentik_async.quota import Limiter, Quota
from kentik_async.quota.redis.url import RedisAddress, RedisNames
from kentik_async.quota.redis_lease import Lease, sleepless
from kentik_async.quota.redis.limiter import open_redis_limiter
from kentik_async.quota.redis_script import Limits, microseconds

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
def test_tls_verifies_whose_certificate_it_is_unless_told_otherwise(url: str, verified: bool) -> None:
    address = RedisAddress.parse(url)
    assert type(address.connection()).__name__ == "SSLConnection"
    assert address.options["ssl_check_hostname"] is verified


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
def test_an_unusable_url_is_one_clear_line_without_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="limiter") as caught:
        open_redis_limiter(url, endpoints=("a",), customer="x")
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("name", "value"), [("pacing", "fast"), ("on_outage", "panic")])
def test_other_unusable_arguments(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is '{value}'"):
        open_redis_limiter("redis://127.0.0.1", endpoints=("a",), customer="x", **{name: value})


async def test_an_unknown_class_is_refused() -> None:
    limiter = open_redis_limiter("redis://127.0.0.1", endpoints=("a",), customer="x")
    assert isinstance(limiter, Limiter)
    with pytest.raises(ConfigError, match="quota_class is 'queries'"):
        await limiter.acquire("queries")


def test_without_redis_py_it_says_what_to_install() -> None:
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


def test_names_tell_customers_classes_and_installations_apart_and_nobodys_name() -> None:
    endpoints = ("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5")
    names = [
        RedisNames.of(endpoints, "joe@example.net", "non_query"),
        RedisNames.of(endpoints, "joe@example.net", "query"),
        RedisNames.of(endpoints, "jane@example.net", "query"),
        RedisNames.of(endpoints[:1], "joe@example.net", "query"),
    ]
    assert len({name.prefix for name in names}) == 4
    assert RedisNames.of(endpoints[::-1], "joe@example.net", "query") == names[1]
    for name in names:
        assert "example" not in name.prefix
        tags = {key[key.index("{") : key.index("}")] for key in (*name.keys, *name.channels("p"))}
        assert len(tags) == 1
        assert all(key.startswith("kentik-async:{") for key in (*name.keys, *name.channels("p")))


@given(
    asked=st.floats(0, 1e6),
    transit=st.floats(0, 10),
    back=st.floats(0, 10),
    later=st.floats(0, 100),
    skew=st.integers(-(10**15), 10**15),
)
def test_a_lease_never_outlasts_what_the_ledger_keeps(
    asked: float, transit: float, back: float, later: float, skew: int
) -> None:
    """True time runs in seconds; the ledger's clock is ahead of it by `skew` microseconds."""
    stepped = asked + transit
    lease = Lease(asked, stepped + back, skew + round(stepped * 1e6), 10_000_000)
    instant = asked + later
    if lease.holds(instant):
        assert instant < stepped + 10 + 1e-6
    if instant >= stepped + back:
        assert lease.at_least(instant) <= skew + instant * 1e6 + 2


def test_a_lease_is_timed_while_the_machine_sleeps_too() -> None:
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert sleepless(SYSTEM_CLOCK).monotonic() == pytest.approx(
            time.clock_gettime(time.CLOCK_BOOTTIME), abs=1
        )
    own = Clock(monotonic=lambda: 5.0)
    assert sleepless(own) is own


def test_a_lease_is_ten_seconds_and_follows_a_faster_clock_down_to_one() -> None:
    def lease(quota: Quota) -> float:
        return Limits.of(quota, "auto", "x").lease / 1e6

    assert lease(Quota.NON_QUERY) == 10
    assert lease(Quota.NON_QUERY.scaled(5)) == 2
    assert lease(Quota.NON_QUERY.scaled(60)) == 1


def test_quotas_without_limits_are_laid_out_without_limits() -> None:
    limits = Limits.of(Quota(None, None, 0, None, None), "throughput", "x")
    assert (limits.slots, limits.soft, limits.hard, limits.hourly, limits.size) == (0, 0, 0, 0, 0)
    assert limits.courtesy == -1
    limits = Limits.of(Quota.QUERY, "courteous", "x")
    assert (limits.size, limits.courtesy, limits.pacing) == (1500, 7_000_000, 2)


@given(st.floats(0, 1e6))
def test_spans_are_rounded_up(seconds: float) -> None:
    assert seconds * 1e6 <= microseconds(seconds) <= seconds * 1e6 + 1
