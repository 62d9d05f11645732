"""Our limiter on the vendor's own scale, in virtual time: an hour and more in a second.

The loop's clock jumps to the next timer whenever all calls wait, so only the limiter's decisions count.
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
    """The result of one pull.

    Attributes:
        name: Class, pacing and network.
        requests: The number of requests.
        over: The number of requests over a limit.
        delayed: The number of delayed answers.
        share: The time of the fastest schedule (for courteous, without delays) divided by the measured time.
    """

    name: str
    requests: int
    over: int
    delayed: int
    share: float


def at_scale(requests: int) -> list[AtScale]:
    """Pull answers in each class: fast, and without delays; with constant latency, and with jitter."""
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
    """Return rules whose hard limit is the soft limit."""
    return Rules(rules.concurrent, rules.soft, 0.0, rules.soft, rules.hourly)
