"""What a saved page holds, as far as a pull has to know it: read from the columns that land later. Pure."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kentik_async.bulk.keys import PageKey
from kentik_async.codec import kmi
from kentik_async.codec.kmi_columns import decode_asn_details_columns, decode_rankings_columns

__all__ = ["Gist", "gist_of"]


@dataclass(frozen=True, slots=True)
class Gist:
    """A page in brief; models of its rows would take three times as long, and nobody would look at them.

    Attributes:
        rows: How many rows of the tables it makes.
        leads: What it leads to: the ids of all markets, or the networks of a ranking, best first.
        content: The rows themselves.
    """

    rows: int
    leads: list[Any]
    content: Any = field(repr=False)

    def digest(self) -> str:
        """Return what is equal for pages with equal rows, whatever bytes they came in."""
        return hashlib.blake2b(msgspec.json.encode(self.content), digest_size=16).hexdigest()


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
        return Gist(len(markets), [market_id for market_id, _ in markets], markets)
    if key.asn is None:
        ranking = decode_rankings_columns(raw).rankings
        asns = ranking["asn"]
        return Gist(len(asns), [asn for asn in asns if asn is not None], ranking)
    details = decode_asn_details_columns(raw)
    tables = (details.customers, details.providers, details.peers)
    return Gist(sum(len(table["asn"]) for table in tables), [], tables)
