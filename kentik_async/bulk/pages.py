"""The pages of a pull: an answer as it came, and what it turned out to hold. Pure."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.page_summary import Gist
from kentik_async.errors import KentikError

__all__ = ["Answer", "Page", "leads_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One call's answer as it came.

    Attributes:
        key: What was asked.
        fetched_at: When the answer came.
        attempts: How often the pull asked for it.
        raw: The answer's bytes.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One call's end.

    Attributes:
        key: What was asked.
        fetched_at: When the answer, or the error, came.
        attempts: How often the pull asked for it.
        result: The answer: `Records[Market]`, `Rankings` or `ASNDetails`, or a `Gist` where it is saved;
            None with an error.
        error: Why there is no answer, or None.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    result: Any = field(default=None, repr=False)
    error: KentikError | None = None


def leads_of(page: Page) -> list[Any]:
    """Return what a page leads to: the ids of all markets, or the networks of a ranking, best first."""
    if isinstance(page.result, Gist):
        return page.result.leads
    if page.key.kind == "markets":
        return [market.market_id for market in page.result]
    if page.key.kind == "rankings":
        return [row.asn for row in page.result if row.asn is not None]
    return []
