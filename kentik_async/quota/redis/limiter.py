"""From a Redis URL to a limiter: the one module of this store that can be imported without redis-py."""

from collections.abc import Sequence
from typing import Literal

from kentik_async._clock import SYSTEM_CLOCK, Clock, sleepless
from kentik_async.errors import ConfigError
from kentik_async.quota.limiter import StoreLimiter
from kentik_async.quota.limits import Pacing, Quota, QuotaClass
from kentik_async.quota.protocols import Store

__all__ = ["open_redis_limiter"]


def open_redis_limiter(
    url: str,
    *,
    endpoints: Sequence[str],
    customer: str,
    quota: Quota | None = None,
    query_quota: Quota | None = None,
    pacing: Pacing = "auto",
    on_outage: Literal["wait", "raise"] = "wait",
    clock: Clock = SYSTEM_CLOCK,
) -> StoreLimiter:
    """Return a limiter that shares one customer's quota through Redis; nothing is opened yet.

    Args:
        url: `redis[s]://[user[:password]@]host[:port][/database][?option=…]`; Redis from 6.2, or Valkey.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is; all processes must name it alike.
        quota: The limits of non-query requests; the vendor's by default.
        query_quota: The limits of queries; the vendor's by default.
        pacing: "throughput", "courteous" or "auto"; of all who wait or hold the most careful applies.
        on_outage: "wait" for Redis when it is lost on the way, or "raise" ConnectError.
        clock: Where time comes from in this process.

    Raises:
        ConfigError: An argument is unusable, or redis-py is not installed.
    """
    try:
        from kentik_async.quota.redis.store import RedisStore
        from kentik_async.quota.redis.url import RedisAddress, RedisNames
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise ConfigError(
            "limiter is a Redis URL and redis-py is not installed: pip install 'kentik-async[redis]'"
        ) from None
    if on_outage not in ("wait", "raise"):
        raise ConfigError(f"on_outage must be 'wait' or 'raise'; got {on_outage!r}")
    address, instant = RedisAddress.parse(url), sleepless(clock).monotonic
    quotas: dict[QuotaClass, Quota] = {
        "non_query": quota or Quota.NON_QUERY,
        "query": query_quota or Quota.QUERY,
    }

    def store_of(quota_class: QuotaClass) -> Store:
        names = RedisNames.of(endpoints, customer, quota_class)
        return RedisStore(address, names, quotas[quota_class], instant, on_outage)

    return StoreLimiter(quotas, store_of, pacing=pacing, clock=clock)
