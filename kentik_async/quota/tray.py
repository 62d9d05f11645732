"""What may go this instant, laid out so that it can be taken, and given back, without a lock.

Waiting for quota is rare and may cost microseconds; finding it free is the common case and may not. So the
lane works out under its lock how many requests may go whatever happens next, and lays that out in deques,
whose every operation is atomic:

- `permits`: each is the right to send one request, slot and token included. Taking one is `pop`.
- `tokens`: spare tokens. Who is answered puts his slot back as a permit for the next: he pops a token for
  it, and finding none (or the tray taken in meanwhile) he goes to the lane and its lock.
- `ended`: when the requests that ended so were sent and answered; the lane enters them later.

The lane counts what is laid out as in flight. So it does not matter to its sums when it takes the tray in:
a permit that it no longer finds is a request in flight. (Measured: 0.6 µs for a request's acquire and
close in this way, 1.1 with a lock round each.)
"""

from collections import deque
from collections.abc import Callable
from itertools import repeat
from threading import get_ident
from typing import TYPE_CHECKING

import msgspec

from kentik_async.quota.allowance import Allowance
from kentik_async.quota.home import Home
from kentik_async.quota.rules import Outcome

if TYPE_CHECKING:
    from kentik_async.quota.lane import Lane

__all__ = ["LaneGrant", "Tray"]


# A Struct, because one is made for each request: 45 ns, where a class with __init__ takes 95.
class LaneGrant(msgspec.Struct, eq=False):
    """The right to send one request of a lane; see `Grant`.

    Attributes:
        tray: Where it came from.
        home: The event loop that it was given in.
        epoch: The epoch of the lane's `Freeze` that it was given in.
        sent: The instant at which it was given.
    """

    tray: "Tray"
    home: Home
    epoch: int
    sent: float

    def valid(self) -> bool:
        """Tell whether the right still holds: not closed, not reaped, and not inherited through a fork."""
        return self in self.tray.holders

    def heed(self, allowance: Allowance) -> None:
        """Enter what the server says is left; before `close`, after which it is no news."""
        if self.valid():
            self.tray.lane.told(self, allowance)

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Give the slot back and enter how the request ended; only the first call counts."""
        tray = self.tray
        try:
            tray.holders.remove(self)
        except KeyError:
            return
        if outcome == "answered" and tray.tokens:
            try:
                token = tray.tokens.pop()
            except IndexError:  # taken by another thread this moment
                pass
            else:
                # In this order: until its slot is a permit again, the request counts as in flight.
                tray.ended.append((self.sent, tray.monotonic()))
                tray.permits.append(token)
                if not tray.open:
                    tray.lane.look()
                return
        tray.lane.end(self, outcome, retry_after)


class Tray:
    """Permits and spare tokens, each of them the epoch (see `Freeze`) in which it was laid out.

    Attributes:
        lane: Who lays out.
        monotonic: The clock.
        holders: The grants that are out.
        homes: The event loop at home in each thread, by the thread's identifier.
        permits: The rights to send that may be taken.
        tokens: The spare tokens.
        ended: The instants (sent, answered) of requests whose slot went back as a permit.
        open: Whether the tray is laid out. Who has put a permit back and then sees it taken in tells the
            lane, which may have looked for permits just before.
    """

    __slots__ = ("ended", "holders", "homes", "lane", "monotonic", "open", "permits", "tokens")

    def __init__(self, lane: "Lane", monotonic: Callable[[], float]) -> None:
        self.lane = lane
        self.monotonic = monotonic
        self.holders: set[LaneGrant] = set()
        self.homes: dict[int, Home] = {}
        self.permits: deque[int] = deque()
        self.tokens: deque[int] = deque()
        self.ended: deque[tuple[float, float]] = deque()
        self.open = False

    def home(self) -> Home | None:
        """Return the running loop's home, or None if this thread runs none that is known."""
        home = self.homes.get(get_ident())
        return home if home is not None and home.is_running() else None

    def take(self) -> LaneGrant | None:
        """Return a grant if a permit is laid out and the running loop is known."""
        if not self.permits:
            return None
        # Not asyncio.get_running_loop(): it costs a system call (150 ns) in Python 3.11.
        home = self.homes.get(get_ident())
        if home is None or not home.is_running():
            return None
        try:
            epoch = self.permits.pop()
        except IndexError:  # another thread took the last one this moment
            return None
        grant = LaneGrant(self, home, epoch, self.monotonic())
        self.holders.add(grant)
        return grant

    def lay_out(self, epoch: int, permits: int, tokens: int) -> None:
        """Lay out so many permits and, beside them, spare tokens."""
        self.permits.extend(repeat(epoch, permits))
        self.tokens.extend(repeat(epoch, tokens))
        self.open = True

    def take_in(self) -> int:
        """Take everything back; return how many permits nobody had taken."""
        self.open = False
        self.tokens.clear()
        unused = 0
        while self.permits:
            try:
                self.permits.pop()
            except IndexError:  # another thread took the last one this moment
                break
            unused += 1
        return unused
