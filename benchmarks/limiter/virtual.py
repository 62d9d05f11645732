"""Our limiter on the vendor's own scale, in virtual time: an hour and more in a second.

The loop's clock jumps to the next timer whenever all wait, so nothing but the limiter's decisions counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.limiter.judge import NON_QUERY, QUERY, Journey, Rules, journeys
from benchmarks.limiter.peers import Peer
from benchmarks.limiter.runs import judged
from kentik_async.quota import LocalLimiter, Pacing, Quota
from tests.support.virtual_time import VirtualTime

__all__ = ["AtScale", "at_scale"]

_EVEN = Journey(0.02, 0.01, 0.02)


@dataclass(frozen=True, slots=True)
class AtScale:
    """What became of one pull.

    Attributes:
        name: Class, pacing and network.
        requests: How many there were.
        over: How many requests came beyond a limit.
        delayed: How many answers were delayed.
        share: The time of the fastest schedule, or of the fastest that is never delayed, by that taken.
    """

    name: str
    requests: int
    over: int
    delayed: int
    share: float


def at_scale(requests: int) -> list[AtScale]:
    """Pull so many answers in each class: fast, and without a delay; at an even latency, and under jitter."""
    classes = (("non-query", NON_QUERY, Quota.NON_QUERY), ("query", QUERY, Quota.QUERY))
    networks = (("50 ms", [_EVEN] * requests), ("jitter", journeys(requests, 1.0, 7)))
    pacings: tuple[Pacing, ...] = ("throughput", "courteous")
    return [
        _pull(f"{name}, {pacing}, {network}", rules, quota, pacing, trips)
        for name, rules, quota in classes
        for network, trips in networks
        for pacing in pacings
    ]


def _pull(name: str, rules: Rules, quota: Quota, pacing: Pacing, trips: Sequence[Journey]) -> AtScale:
    time = VirtualTime()
    limiter = LocalLimiter(quota, quota, pacing=pacing, clock=time.clock)

    def make() -> Peer:
        return Peer(partial(limiter.acquire, "query"), lambda grant: grant.close("answered"), drains=True)

    best = _without_delays(rules) if pacing == "courteous" else rules
    found = time.run(lambda: judged(make, rules, trips, best=best))
    return AtScale(name, found.requests, found.over["any"], found.delayed, found.share)


def _without_delays(rules: Rules) -> Rules:
    """Return rules whose hard limit is the soft one."""
    return Rules(rules.concurrent, rules.soft, 0.0, rules.soft, rules.hourly)
