"""A second implementation of the vendor's rules: a server that counts at receipt, and a judge of its log.

Nothing here is shared with the package, so that the package is not judged by its own code.
"""

import asyncio
import heapq
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

__all__ = ["NON_QUERY", "QUERY", "Journey", "Rules", "Server", "Visit", "in_minute", "journeys", "optimum"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a customer in one class (Kentik KB, "Kentik APIs", section "API Rate Limiting")."""

    concurrent: int
    soft: int
    delay: float
    hard: int
    hourly: int
    minute: float = 60.0
    hour: float = 3600.0

    def scaled(self, speed: float) -> "Rules":
        """Return the same rules on a clock that runs faster by a factor."""
        return replace(self, delay=self.delay / speed, minute=self.minute / speed, hour=self.hour / speed)


NON_QUERY = Rules(concurrent=1, soft=20, delay=1.5, hard=60, hourly=3750)
QUERY = Rules(concurrent=4, soft=30, delay=1.0, hard=100, hourly=1500)


@dataclass(frozen=True, slots=True)
class Journey:
    """The times of a request in seconds: to the server, in the server, and back."""

    there: float
    work: float
    back: float


def journeys(count: int, speed: float, seed: int, *, stuck_each: int = 0) -> list[Journey]:
    """Return the times of requests over a network with jitter: one way, median 30 ms, 95th percentile 155.

    Args:
        count: The number of requests.
        speed: The clock speed-up factor.
        seed: The seed of the random numbers.
        stuck_each: One request in `stuck_each` takes the server 8 s; 0 for none.
    """
    chance = random.Random(seed)

    def way() -> float:
        return min(0.03 * chance.lognormvariate(0.0, 1.0), 2.0) / speed

    return [
        Journey(way(), (8.0 if stuck_each and number % stuck_each == stuck_each - 1 else 0.02) / speed, way())
        for number in range(count)
    ]


@dataclass(slots=True)
class Visit:
    """One request: when it was sent, received, finished (including its delay), and answered."""

    sent: float
    received: float = 0.0
    finished: float = 0.0
    answered: float = 0.0
    delay: float = 0.0


@dataclass(slots=True)
class Server:
    """Receives and answers requests, delays answers beyond the soft limit, and refuses nothing."""

    rules: Rules
    visits: list[Visit] = field(default_factory=list)
    _minute: deque[float] = field(default_factory=deque)

    async def serve(self, journey: Journey) -> None:
        """Serve one request; it continues if its caller stops waiting."""
        loop = asyncio.get_running_loop()
        visit = Visit(loop.time())
        await asyncio.sleep(journey.there)
        visit.received = loop.time()
        while self._minute and self._minute[0] + self.rules.minute <= visit.received:
            self._minute.popleft()
        visit.delay = self.rules.delay if len(self._minute) >= self.rules.soft else 0.0
        self._minute.append(visit.received)
        await asyncio.sleep(journey.work + visit.delay)
        visit.finished = loop.time()
        await asyncio.sleep(journey.back)
        visit.answered = loop.time()
        self.visits.append(visit)

    def overruns(self) -> dict[str, int]:
        """Return the number of requests over each limit, and under "any" the number over at least one.

        A request counts for a window's length from its receipt, and as concurrent until it is finished.
        """
        visits = sorted(self.visits, key=lambda visit: visit.received)
        received = [visit.received for visit in visits]
        rules, found = self.rules, dict.fromkeys(("concurrent", "minute", "hour", "any"), 0)
        flying: list[Visit] = []
        for place, now in enumerate(received):
            flying = [visit for visit in flying if visit.finished > now]
            over = {
                "concurrent": len(flying) >= rules.concurrent,
                "minute": place - bisect_right(received, now - rules.minute, hi=place) >= rules.hard,
                "hour": place - bisect_right(received, now - rules.hour, hi=place) >= rules.hourly,
            }
            for name, broken in over.items():
                found[name] += broken
            found["any"] += any(over.values())
            flying.append(visits[place])
        return found

    def took(self) -> float:
        """Return the seconds from the first request to the last answer."""
        return max(visit.answered for visit in self.visits) - min(visit.sent for visit in self.visits)


def optimum(visits: Sequence[Visit], rules: Rules) -> float:
    """Return the duration of the fastest schedule within the rules.

    A client with this schedule knows the server's state and sends the same requests in the same order, with
    the same network times; a slot is free when its answer is received.
    """
    received: list[float] = []
    slots, end = [0.0] * rules.concurrent, 0.0
    for visit in sorted(visits, key=lambda visit: visit.sent):
        there, back = visit.received - visit.sent, visit.answered - visit.finished
        work = visit.finished - visit.received - visit.delay
        at = heapq.heappop(slots) + there
        for limit, window in ((rules.hard, rules.minute), (rules.hourly, rules.hour)):
            if len(received) >= limit:
                at = max(at, received[-limit] + window)
        late = len(received) >= rules.soft and received[-rules.soft] + rules.minute > at
        received = [*received[-rules.hourly :], at]
        answered = at + work + back + (rules.delay if late else 0.0)
        heapq.heappush(slots, answered)
        end = max(end, answered)
    return end


def in_minute(visits: Sequence[Visit], minute: float) -> list[tuple[float, int]]:
    """Return, for each receipt, its minute since the first one and the number in the rolling minute."""
    received = sorted(visit.received for visit in visits)
    return [
        ((now - received[0]) / minute, place + 1 - bisect_right(received, now - minute, hi=place))
        for place, now in enumerate(received)
    ]
