"""The state of one quota class within one process."""

from collections.abc import Callable
from math import inf

from kentik_async.errors import KentikError
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState

__all__ = ["MemoryStore"]


class MemoryStore:
    """Holds the state of one member: its limiter's lock is all the mutual exclusion that there is to do."""

    member = "process"
    lease = inf
    patience = 0.0

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Start with nothing used."""
        self._monotonic = monotonic
        self.own_state = QuotaState()

    def bind(self, wake: Wake) -> None:
        """Do nothing: nobody else would wake the member."""

    def transact(self, change: Change, later: Callable[[StoreReply | KentikError], None]) -> StoreReply:
        """Make a change."""
        return change(self.own_state, self._monotonic())

    def holds(self) -> bool:
        """Return True: a grant of this process is void only when it is closed."""
        return True

    def restart(self) -> None:
        """Count what the parent has in flight as used; it keeps those that wait."""
        self.own_state.end_all(self._monotonic())

    def close(self) -> None:
        """Do nothing: the state goes with the store."""

    async def aclose(self) -> None:
        """Do nothing: the state goes with the store."""
