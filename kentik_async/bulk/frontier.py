"""The frontier of a pull: which pages remain, which is requested next, and which again. Pure."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kentik_async.bulk.coverage import DEFINITE_ERRORS, PageState
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import KentikError

__all__ = ["Frontier", "Remaining", "SavedDate"]

_SECOND_CHANCES = 1
"""How often a failed page is requested again, after all other pages."""


class SavedDate(Protocol):
    """The pages that a date already holds."""

    def state(self, key: PageKey) -> PageState:
        """Return whether a request is answered already: "saved", "failed" (definitely) or "missing"."""
        ...

    def leads(self, key: PageKey) -> Sequence[Any]:
        """Return what further pages follow from a page that is saved."""
        ...


@dataclass(frozen=True, slots=True)
class Remaining:
    """The work that remains of a spec.

    Attributes:
        saved: Pages that are saved already, without the list of markets.
        failed: Pages that failed with a definite answer, and are not requested again.
        rankings: Rankings to request.
        calls: Pages to request, rankings and the list of markets included.
        exact: Whether `calls` is exact; otherwise it is an upper bound.
    """

    saved: int
    failed: int
    rankings: int
    calls: int
    exact: bool


class Frontier:
    """The pages of one pull: known, requested, answered and failed.

    Attributes:
        states: The pages that are known, each with its state when it became known.
        done: Number of pages that were answered.
        failed: Number of pages that failed.
    """

    def __init__(self, spec: PullSpec, saved: SavedDate | None) -> None:
        """Add the pages that are known from the start.

        Args:
            spec: What the pull requests, its market names resolved.
            saved: The pages that are saved already; None if there are none.
        """
        self.states: dict[PageKey, PageState] = {}
        self.done = 0
        self.failed = 0
        self._spec = spec
        self._saved = saved
        self._pending: deque[PageKey] = deque()
        self._again: list[PageKey] = []
        self._attempts: dict[PageKey, int] = {}
        self._discover(spec.opening())

    @property
    def waiting(self) -> int:
        """Number of pages to request, as far as they are known."""
        return len(self._pending) + len(self._again)

    def remaining(self) -> Remaining:
        """Return the remaining work; call it before the first request.

        If the spec is about all markets, their list must be saved.
        """
        count = Counter([(key.kind, state) for key, state in self.states.items()])
        data = Counter([state for key, state in self.states.items() if key.kind != "markets"])
        rankings, calls = count["rankings", "missing"], len(self._pending)
        top, shard = self._spec.top, self._spec.shard
        if top is not None:
            calls += -(-rankings * top // (1 if shard is None else shard[1]))
        return Remaining(data["saved"], data["failed"], rankings, calls, top is None or not rankings)

    def next(self, *, in_flight: int) -> tuple[PageKey, int] | None:
        """Take the next page to request, with the number of the attempt; None while there is none.

        Args:
            in_flight: Number of pages being requested: failed pages are retried after all others.
        """
        if not self._pending and not in_flight:
            self._pending.extend(self._again)
            self._again.clear()
        if not self._pending:
            return None
        key = self._pending.popleft()
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        return key, attempt

    def answered(self, key: PageKey, leads: Sequence[Any]) -> None:
        """Record that a page was answered, and add the pages that follow from it."""
        self.done += 1
        self._discover(self._spec.following(key, leads))

    def failed_with(self, key: PageKey, error: KentikError) -> bool:
        """Record that a page failed; return whether that is final, so that it is not requested again."""
        definite = type(error).__name__ in DEFINITE_ERRORS
        if not definite and self._attempts.get(key, 0) <= _SECOND_CHANCES:
            self._again.append(key)
            return False
        self.failed += 1
        return True

    def _discover(self, keys: Iterable[PageKey]) -> None:
        """Add pages, and the pages that follow from saved ones."""
        for key in keys:
            if key in self.states or not self._spec.wanted(key):
                continue
            state = self.states[key] = "missing" if self._saved is None else self._saved.state(key)
            if state == "missing":
                self._pending.append(key)
            elif state == "saved" and self._saved is not None and self._spec.leads_on(key):
                self._discover(self._spec.following(key, self._saved.leads(key)))
