"""The order in which a pull walks through its pages: which comes next, and which once more. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Page, leads_of
from kentik_async.bulk.spec import Ask
from kentik_async.errors import BadRequestError, NotFoundError

__all__ = ["Walk"]

_SECOND_CHANCES = 1
"""How often a page that failed is asked for again, after all others."""

_ANSWERS = (BadRequestError, NotFoundError)
"""Errors that say something about the page: asking again would cost a call and bring the same."""


class Walk:
    """One walk through a pull's pages.

    Attributes:
        first: The first page that is asked for, the list of markets aside; None before any is known.
        done: Pages that were answered.
        failed: Pages that were given up.
    """

    def __init__(
        self, ask: Ask, landed: Mapping[PageKey, Sequence[Any]], shard: tuple[int, int] | None
    ) -> None:
        """Enter the pages that are known from the start.

        Args:
            ask: What the pull is about.
            landed: Pages that need no asking, each with what it leads to.
            shard: (i, n): only the i-th, from 0, of n equal parts of the pages.
        """
        self.first: PageKey | None = None
        self.done = 0
        self.failed = 0
        self._ask = ask
        self._landed = landed
        self._shard = shard
        self._seen: set[PageKey] = set()
        self._pending: deque[PageKey] = deque()
        self._again: list[PageKey] = []
        self._attempts: dict[PageKey, int] = {}
        self._note(ask.opening())

    @property
    def waiting(self) -> int:
        """How many pages are to be asked for, as far as they are known."""
        return len(self._pending) + len(self._again)

    def next(self, *, in_flight: int) -> tuple[PageKey, int] | None:
        """Take the next page to ask for, and which attempt at it this is; None while there is none.

        Args:
            in_flight: How many pages are being asked for: those that failed come after all others.
        """
        if not self._pending and not in_flight:
            self._pending.extend(self._again)
            self._again.clear()
        if not self._pending:
            return None
        key = self._pending.popleft()
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        return key, attempt

    def settle(self, page: Page) -> bool:
        """Enter a page's end; return whether it is final, rather than asked for once more."""
        passing = page.error is not None and not isinstance(page.error, _ANSWERS)
        if passing and page.attempts <= _SECOND_CHANCES:
            self._again.append(page.key)
            return False
        if page.error is not None:
            self.failed += 1
        else:
            self.done += 1
            self._note(self._ask.following(page.key, leads_of(page)))
        return True

    def _note(self, keys: Iterable[PageKey]) -> None:
        """Enter pages to ask for; of those that have landed, enter what they lead to."""
        for key in keys:
            if key in self._seen or not self._ask.wanted(key, self._shard):
                continue
            self._seen.add(key)
            if self.first is None and key.kind != "markets":
                self.first = key
            if key in self._landed:
                self._note(self._ask.following(key, self._landed[key]))
            else:
                self._pending.append(key)
