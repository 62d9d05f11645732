"""What the peer remembers: who came when, until when it worked on it, and what it created."""

from collections import Counter
from dataclasses import dataclass, field
from math import inf

__all__ = ["Record", "Visit"]


@dataclass(slots=True)
class Visit:
    """One request at the peer.

    Attributes:
        number: The number of the call.
        received: When all of it was there.
        finished: When the peer was done with it, be it long after the connection was lost.
    """

    number: int
    received: float
    finished: float = inf


@dataclass
class Record:
    """All that came in one case.

    Attributes:
        visits: The requests, in the order of their coming.
        acted: How often each call's request was carried out, a refusal being none.
    """

    visits: list[Visit] = field(default_factory=list)
    acted: Counter[int] = field(default_factory=Counter)

    def receive(self, number: int, now: float) -> Visit:
        """Enter that a request has come."""
        visit = Visit(number, now)
        self.visits.append(visit)
        return visit

    def course(self, number: int, end: float) -> str:
        """Return when a call's requests were received and answered, in seconds before its end."""
        visits = [visit for visit in self.visits if visit.number == number]
        times = (f"received {end - v.received:.3f}, finished {end - v.finished:.3f}" for v in visits)
        return "; ".join(times) or "received nothing"

    def doubled(self, creates: set[int]) -> int:
        """Return how many of these calls were carried out more than once."""
        return sum(self.acted[number] > 1 for number in creates)
