"""The frontier of a pull: which page is requested next, and which once more. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from kentik_async.bulk.coverage import DEFINITE_ERRORS
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.remaining import SavedDate
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import KentikError

__all__ = ["Frontier"]

_SECOND_CHANCES = 1
"""How often a page that failed is requested again, after all others."""


class Frontier:
    """The pages of one pull that are known, requested, answered and given up.

    Attributes:
        done: Pages that were answered.
        failed: Pages that were given up.
        saved: Pages that needed no request, the list of markets aside.
        skipped: Pages that had failed with a definite answer before, and were not requested.
    """

    def __init__(self, spec: PullSpec, saved: SavedDate | None) -> None:
        """Enter the pages that are known from the start.

        Args:
            spec: What the pull requests, its market names resolved.
            saved: What is there already; None for nothing.
        """
        self.done = 0
        self.failed = 0
        self.saved = 0
        self.skipped: list[PageKey] = []
        self._spec = spec
        self._saved = saved
        self._seen: set[PageKey] = set()
        self._pending: deque[PageKey] = deque()
        self._again: list[PageKey] = []
        self._attempts: dict[PageKey, int] = {}
        self._discover(spec.opening())

    @property
    def waiting(self) -> int:
        """How many pages are to be requested, as far as they are known."""
        return len(self._pending) + len(self._again)

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
        """Enter pages to request, and the pages that follow from saved ones."""
        for key in keys:
            if key in self._seen or not self._spec.wanted(key):
                continue
            self._seen.add(key)
            state = "missing" if self._saved is None else self._saved.state(key)
            if state == "missing":
                self._pending.append(key)
            elif state == "failed":
                self.skipped.append(key)
            else:
                self.saved += key.kind != "markets"
                if self._saved is not None and self._spec.leads_on(key):
                    self._discover(self._spec.following(key, self._saved.leads(key)))
