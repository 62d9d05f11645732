"""Opens the limiter that all processes of this machine share for one customer."""

import os
import sys
from functools import partial

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
    """Open the limiter of a customer; see `Customer` for the arguments and `quota_place` for the path.

    The clock's monotonic time must be the same in all processes.

    Raises:
        ConfigError: The system has no flock, or the files cannot be used.
    """
    if sys.platform == "win32":
        raise ConfigError("limiter='file:' needs a POSIX system: omit limiter, or use 'redis://…'")
    from kentik_async.quota.file.paths import quota_place
    from kentik_async.quota.file.shared_file import SharedFile
    from kentik_async.quota.file.store import FileStore

    place, shared = quota_place(path, endpoints, customer), sleepless(clock)
    quotas: dict[QuotaClass, Quota] = {"non_query": quota, "query": query_quota}
    stores = {name: FileStore(partial(SharedFile, place, name, quotas, shared)) for name in quotas}
    limiter = StoreLimiter(quotas, stores.__getitem__, pacing=pacing, clock=clock)
    stores["non_query"].open()
    return limiter
