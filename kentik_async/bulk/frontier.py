"""The frontier of a pull: which pages are left, which is requested next, and which once more. Pure."""

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
"""How often a page that failed is requested again, after all others."""


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


class Frontier:
    """The pages of one pull that are known, requested, answered and given up.

    Attributes:
        states: The pages that are known, each with its state when it became known.
        done: Pages that were answered.
        failed: Pages that were given up.
    """

    def __init__(self, spec: PullSpec, saved: SavedDate | None) -> None:
        """Enter the pages that are known from the start.

        Args:
            spec: What the pull requests, its market names resolved.
            saved: What is there already; None for nothing.
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
        """How many pages are to be requested, as far as they are known."""
        return len(self._pending) + len(self._again)

    def remaining(self) -> Remaining:
        """Return what is left before anything was requested.

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
        """Take the next page to request, and which attempt at it this is; None while there is none.

        Args:
            in_flight: How many pages are being requested: those that failed come after all others.
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
        """Enter that a page was answered, and discover the pages that follow from it."""
        self.done += 1
        self._discover(self._spec.following(key, leads))

    def failed_with(self, key: PageKey, error: KentikError) -> bool:
        """Enter that a page failed; return whether that is final, rather than to be requested once more."""
        definite = type(error).__name__ in DEFINITE_ERRORS
        if not definite and self._attempts.get(key, 0) <= _SECOND_CHANCES:
            self._again.append(key)
            return False
        self.failed += 1
        return True

    def _discover(self, keys: Iterable[PageKey]) -> None:
        """Enter pages, and the pages that follow from saved ones."""
        for key in keys:
            if key in self.states or not self._spec.wanted(key):
                continue
            state = self.states[key] = "missing" if self._saved is None else self._saved.state(key)
            if state == "missing":
                self._pending.append(key)
            elif state == "saved" and self._saved is not None and self._spec.leads_on(key):
                self._discover(self._spec.following(key, self._saved.leads(key)))
