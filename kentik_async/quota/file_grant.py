"""The right to send one request under a shared quota file."""

from typing import TYPE_CHECKING

import msgspec

from kentik_async.quota.file_flight import Flight
from kentik_async.quota.file_store import Store
from kentik_async.quota.limits import Outcome
from kentik_async.quota.rate_limit_header import Allowance

if TYPE_CHECKING:
    from kentik_async.quota.file_lane import FileLane

__all__ = ["FileGrant"]


# A Struct, because one is made for each request: 60 ns, where a class with __init__ takes 200.
class FileGrant(msgspec.Struct, eq=False):
    """The right to send one request; see `Grant`. One that is forgotten ends as "unknown".

    Attributes:
        lane: Where it came from.
        store: The files that it was entered in.
        flight: What was entered.
        open: Whether it has not been closed.
    """

    lane: "FileLane"
    store: Store
    flight: Flight
    open: bool = True

    def valid(self) -> bool:
        """Tell whether the right still holds: not closed, not inherited by a fork, and still in the file."""
        return self.open and self.store.holds(self.flight) and self.store.book.holds(self.flight)

    def apply_hint(self, allowance: Allowance) -> None:
        """Enter what the server says is left; before `close`, after which it is no news."""
        if self.open:
            self.lane.heed(self.store, self.flight, allowance)

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Give the slot back and enter how the request ended; only the first call counts."""
        if self.open:
            self.open = False
            self.lane.end(self.store, self.flight, outcome, retry_after)

    def __del__(self) -> None:
        if self.open:
            self.close("unknown")
