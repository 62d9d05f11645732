"""What a saved page holds, as far as a pull has to know it: its rows are read when they land. Pure."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from kentik_async._codec import kmi
from kentik_async._codec.kmi_columns import (
    count_relations,
    decode_asn_details_columns,
    decode_rankings_columns,
    ranked_asns,
)
from kentik_async.bulk.page_key import PageKey

__all__ = ["Gist", "gist_of"]


@dataclass(frozen=True, slots=True)
class Gist:
    """A page in brief: reading its rows costs more, and until they land nobody looks at them.

    Attributes:
        rows: How many rows of the tables it makes.
        leads: What it leads to: the ids of all markets, or the networks of a ranking, best first.
        content: Reads the rows themselves.
    """

    rows: int
    leads: list[Any]
    content: Callable[[], Any] = field(repr=False)

    def digest(self) -> str:
        """Return what is equal for pages with equal rows, whatever bytes they came in."""
        return hashlib.blake2b(msgspec.json.encode(self.content()), digest_size=16).hexdigest()


def gist_of(key: PageKey, raw: bytes) -> Gist:
    """Read an answer.

    Args:
        key: What was asked.
        raw: The answer's bytes.

    Raises:
        DecodeError: It is not what the schema promises.
    """
    if key.kind == "markets":
        markets = [(market.market_id, market.name) for market in kmi.decode_markets(raw)]
        return Gist(len(markets), [market_id for market_id, _ in markets], lambda: markets)
    if key.asn is None:
        asns = ranked_asns(raw)
        return Gist(len(asns), [asn for asn in asns if asn is not None], partial(_ranking, raw))
    return Gist(count_relations(raw), [], partial(_relations, raw))


def _ranking(raw: bytes) -> Any:
    return decode_rankings_columns(raw).rankings


def _relations(raw: bytes) -> Any:
    details = decode_asn_details_columns(raw)
    return details.customers, details.providers, details.peers
