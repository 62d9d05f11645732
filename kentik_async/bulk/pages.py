"""The pages of a pull: an answer as it came, and what it turned out to hold. Pure."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kentik_async.bulk.keys import PageKey
from kentik_async.errors import KentikError

__all__ = ["Answer", "Page", "digest_of", "leads_of", "page_of", "rows_of"]


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
        result: The answer: `Records[Market]`, `Rankings` or `ASNDetails`; None with an error.
        error: Why there is no answer, or None.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    result: Any = field(default=None, repr=False)
    error: KentikError | None = None


def page_of(answer: Answer) -> Page:
    """Read an answer.

    Raises:
        DecodeError: It is not what the schema promises.
    """
    result = answer.key.request(lambda: answer.fetched_at).decode(answer.raw)
    return Page(answer.key, answer.fetched_at, answer.attempts, result)


def leads_of(page: Page) -> list[Any]:
    """Return what a page leads to: the ids of all markets, or the networks of a ranking, best first."""
    if page.key.kind == "markets":
        return [market.market_id for market in page.result]
    if page.key.kind == "rankings":
        return [row.asn for row in page.result if row.asn is not None]
    return []


def rows_of(page: Page) -> int:
    """Return how many rows of the tables a page makes."""
    if page.error is not None or page.key.kind == "check":
        return 0
    if page.key.kind == "asn_details":
        return len(page.result.customers) + len(page.result.providers) + len(page.result.peers)
    return len(page.result)


def digest_of(page: Page) -> str:
    """Return what is equal for pages with equal rows, whatever bytes they came in."""
    result: Any = page.result
    if page.key.asn is not None:
        result = (*result.customers, *result.providers, *result.peers)
    rows = [msgspec.structs.astuple(row) for row in result]
    return hashlib.blake2b(msgspec.json.encode(rows), digest_size=16).hexdigest()
