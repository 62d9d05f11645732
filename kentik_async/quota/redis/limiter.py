"""From a Redis URL to a limiter: the one module of this store that can be imported without redis-py."""

from collections.abc import Sequence

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
    quota: Quota = Quota.NON_QUERY,
    query_quota: Quota = Quota.QUERY,
    pacing: Pacing = "auto",
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
        clock: Where time comes from in this process.

    Raises:
        ConfigError: An argument is unusable, or redis-py is not installed.
    """
    try:
        from kentik_async.quota.redis.store import RedisStore
        from kentik_async.quota.redis.url import RedisAddress, prefix_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise ConfigError(
            "limiter is a Redis URL and redis-py is not installed: pip install 'kentik-async[redis]'"
        ) from None
    address, instant = RedisAddress.parse(url), sleepless(clock).monotonic
    quotas: dict[QuotaClass, Quota] = {"non_query": quota, "query": query_quota}

    def store_of(quota_class: QuotaClass) -> Store:
        prefix = prefix_of(endpoints, customer, quota_class)
        return RedisStore(address, prefix, quotas[quota_class], instant)

    return StoreLimiter(quotas, store_of, pacing=pacing, clock=clock)
