"""Opens the limiter that all processes of this machine share for one customer."""

import os
import sys

from kentik_async._clock import SYSTEM_CLOCK, Clock, sleepless
from kentik_async.errors import ConfigError
from kentik_async.quota.limiter import StoreLimiter
from kentik_async.quota.limits import Pacing, Quota, QuotaClass

__all__ = ["open_file_limiter"]


def open_file_limiter(
    path: str | os.PathLike[str] | None,
    *,
    endpoints: tuple[str, ...],
    customer: str,
    quota: Quota,
    query_quota: Quota,
    pacing: Pacing,
    clock: Clock = SYSTEM_CLOCK,
) -> StoreLimiter:
    """Open the limiter that all processes of this machine share for one customer.

    Args:
        path: A folder, where it exists or ends with a slash: the files in it are named by a hash of
            endpoints and customer. Else what the files' names shall begin with: all that name it share
            one quota, whatever their endpoints and customer. None for the default folder.
        endpoints: Where the requests go: each installation counts for itself.
        customer: Whose quota it is.
        quota: The limits of non-query requests.
        query_quota: The limits of queries.
        pacing: "throughput", "courteous" or "auto"; of all processes the most careful one's applies.
        clock: Where time comes from; its monotonic reading must be the same in all processes.

    Raises:
        ConfigError: The system has no flock; the folder or the files can be neither used nor made; they
            are on a network file system, or others may write to them.
    """
    if sys.platform == "win32":
        raise ConfigError("limiter='file:' needs a POSIX system: leave limiter out, or share by 'redis://…'")
    from kentik_async.quota.file.paths import quota_place
    from kentik_async.quota.file.store import FileStore

    place = quota_place(path, endpoints, customer)
    quotas: dict[QuotaClass, Quota] = {"non_query": quota, "query": query_quota}
    shared = sleepless(clock)
    stores = {name: FileStore(place, name, quotas, shared) for name in quotas}
    limiter = StoreLimiter(quotas, stores.__getitem__, pacing=pacing, clock=clock)
    stores["non_query"].open()
    return limiter
