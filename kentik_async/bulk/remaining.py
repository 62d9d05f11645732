"""What is left of a pull, where a date holds some of its pages already. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kentik_async.bulk.coverage import PageState
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.spec import PullSpec

__all__ = ["Remaining", "SavedDate", "remaining", "walk"]


class SavedDate(Protocol):
    """What a date holds already."""

    def state(self, key: PageKey) -> PageState:
        """Return whether a request is answered already: "saved", "failed" (definitely) or "missing"."""
        ...

    def leads(self, key: PageKey) -> Sequence[Any]:
        """Return what further pages follow from a page that is saved."""
        ...


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of a spec.

    Attributes:
        saved: Pages that are saved already, the list of markets aside.
        failed: Pages that failed with a definite answer, and are not requested again.
        rankings: Rankings to request.
        calls: Pages to request, rankings and the list of markets included.
        exact: Whether `calls` is known; else it is the most that it can be.
    """

    saved: int
    failed: int
    rankings: int
    calls: int
    exact: bool


def walk(spec: PullSpec, saved: SavedDate) -> dict[PageKey, PageState]:
    """Return the pages of a spec, as far as they are known, each with its state.

    Args:
        spec: The spec, its market names resolved.
        saved: What the date holds.
    """
    states: dict[PageKey, PageState] = {}
    waiting = list(spec.opening())
    while waiting:
        key = waiting.pop()
        if key not in states and spec.wanted(key):
            states[key] = saved.state(key)
            if states[key] == "saved" and spec.leads_on(key):
                waiting.extend(spec.following(key, saved.leads(key)))
    return states


def remaining(spec: PullSpec, saved: SavedDate) -> Remaining:
    """Return what is left of a spec.

    Args:
        spec: The spec, its market names resolved. If it is about all markets, their list must be saved.
        saved: What the date holds.
    """
    states = walk(spec, saved)
    data = [(key.kind, state) for key, state in states.items() if key.kind != "markets"]
    count = Counter(state for _, state in data)
    rankings = data.count(("rankings", "missing"))
    calls = list(states.values()).count("missing")
    exact = spec.top is None or not rankings
    if spec.top is not None and rankings:
        calls += -(-rankings * spec.top // (1 if spec.shard is None else spec.shard[1]))
    return Remaining(count["saved"], count["failed"], rankings, calls, exact)
