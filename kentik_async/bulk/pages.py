"""The pages of a pull: an answer as received, and a summary of it. Pure."""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from kentik_async._codec import kmi
from kentik_async._codec.kmi_columns import (
    count_relations,
    decode_asn_details_columns,
    decode_rankings_columns,
    summarize_rankings,
)
from kentik_async.bulk.page_key import PageKey
from kentik_async.errors import KentikError
from kentik_async.models import Market, Rankings, Records

__all__ = ["Answer", "Page", "PageSummary", "leads_of", "summarize"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a pull: its result, or the error that ended it.

    Attributes:
        key: The request.
        fetched_at: When the answer or the error was received, in UTC.
        attempts: How often the pull made the call, without the retries within a call.
        result: The answer: `Rankings`, `ASNDetails` or `Records[Insight]`; None with an error.
        error: Why there is no answer, or None.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    result: R | None = field(default=None, repr=False)
    error: KentikError | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one call as received.

    Attributes:
        key: The request.
        fetched_at: When the answer was received, in UTC.
        attempts: How often the pull made the call.
        raw: The bytes of the answer.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageSummary:
    """The summary of an answer that a pull needs immediately; the rows are decoded when they are saved.

    Attributes:
        rows: Number of rows.
        invalid_count: Entries that the server skipped; None where it does not say.
        leads: The keys of further pages: the ids of all markets, or the networks of a ranking, best
            first.
        content: Decodes the rows.
    """

    rows: int
    invalid_count: int | None
    leads: Sequence[Any]
    content: Callable[[], Any] = field(repr=False)

    def digest(self) -> str:
        """Return a digest that is equal for answers with equal rows, even if their bytes differ."""
        return hashlib.blake2b(msgspec.json.encode(self.content()), digest_size=16).hexdigest()


def summarize(key: PageKey, raw: bytes) -> PageSummary:
    """Summarize an answer.

    Args:
        key: The request.
        raw: The bytes of the answer.

    Raises:
        DecodeError: The answer does not fit the schema.
    """
    if key.kind == "markets":
        markets = [(market.market_id, market.name) for market in kmi.decode_markets(raw)]
        return PageSummary(len(markets), None, [market_id for market_id, _ in markets], lambda: markets)
    if key.kind == "insights":
        decode = kmi.decode_global_insights if key.asn is None else kmi.decode_asn_insights
        insights = decode(raw)
        return PageSummary(len(insights), None, (), insights.to_dicts)
    if key.asn is None:
        asns, invalid_count = summarize_rankings(raw)
        leads = [asn for asn in asns if asn is not None]
        return PageSummary(len(asns), invalid_count, leads, partial(_ranking, raw))
    return PageSummary(count_relations(raw), None, (), partial(_relations, raw))


def leads_of(result: Any) -> Sequence[Any]:
    """Return the market ids or networks of a result that lead to further pages, best first."""
    if isinstance(result, PageSummary):
        return result.leads
    if isinstance(result, Rankings):
        return [row.asn for row in result if row.asn is not None]
    if isinstance(result, Records):
        return [row.market_id for row in result if isinstance(row, Market)]
    return ()


def _ranking(raw: bytes) -> Any:
    return decode_rankings_columns(raw).rankings


def _relations(raw: bytes) -> Any:
    details = decode_asn_details_columns(raw)
    return details.customers, details.providers, details.peers
