"""The state of one quota class within one process."""

from collections.abc import Callable
from math import inf

from kentik_async.errors import KentikError
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["MemoryStore"]


class MemoryStore:
    """The state of one member; see `Store`. The limiter's lock is sufficient for mutual exclusion."""

    member = "process"
    lease = inf
    patience = 0.0

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Start with nothing used."""
        self._monotonic = monotonic
        self.own_state = QuotaState()

    def bind(self, wake: Wake) -> None:
        """Do nothing: no other member could wake this one."""

    def transact(self, change: Change, on_reply: Callable[[StoreReply | KentikError], None]) -> StoreReply:
        """Make a change."""
        return change(self.own_state, self._monotonic())

    def grants_valid(self) -> bool:
        """Return True: a grant of this process is valid until it is closed."""
        return True

    def restart(self) -> None:
        """Record the parent's requests in flight as used; the parent keeps its waiters."""
        self.own_state.end_all(self._monotonic())

    def close(self) -> None:
        """Do nothing: the state is part of the store."""

    async def aclose(self) -> None:
        """Do nothing: the state is part of the store."""
