"""The peer's record: the requests, their times, and the objects that it created."""

from collections import Counter
from dataclasses import dataclass, field
from math import inf

__all__ = ["Record", "Visit"]


@dataclass(slots=True)
class Visit:
    """One request at the peer.

    Attributes:
        number: The number of the call.
        received: When it was received completely.
        finished: When the peer finished it, perhaps long after the connection was lost.
    """

    number: int
    received: float
    finished: float = inf


@dataclass
class Record:
    """All requests of one case.

    Attributes:
        visits: The requests, in the order of receipt.
        acted: How often each call's request was executed; refusals do not count.
    """

    visits: list[Visit] = field(default_factory=list)
    acted: Counter[int] = field(default_factory=Counter)

    def receive(self, number: int, now: float) -> Visit:
        """Record that a request was received."""
        visit = Visit(number, now)
        self.visits.append(visit)
        return visit

    def course(self, number: int, end: float) -> str:
        """Return when a call's requests were received and answered, in seconds before its end."""
        visits = [visit for visit in self.visits if visit.number == number]
        times = (f"received {end - v.received:.3f}, finished {end - v.finished:.3f}" for v in visits)
        return "; ".join(times) or "received nothing"

    def doubled(self, creates: set[int]) -> int:
        """Return how many of the given calls were executed more than once."""
        return sum(self.acted[number] > 1 for number in creates)
