"""The key and the identity of one page of a pull. Pure.

A key holds all arguments of the request. An identity holds only some of them: a target keeps one answer for
each identity and date, so it never holds both a ranking of 100 rows and one of 600 rows of the same
market.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from kentik_async._operations import kmi
from kentik_async._operations.request import Request
from kentik_async.errors import DecodeError

__all__ = ["MARKETS", "RELATIONS", "PageIdentity", "PageKey", "PageKind", "relations_of"]

PageKind: TypeAlias = Literal["markets", "rankings", "asn_details", "insights", "check"]

RELATIONS = ("customer", "provider", "peer")
"""The values of the column `relation`; a request names them in the plural."""


class PageIdentity(NamedTuple):
    """A date holds at most one answer for each identity."""

    kind: str
    market_id: str = ""
    rank_type: str = ""
    ip: str = ""
    asn: int | None = None
    type: str = ""


class PageKey(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """One call of a pull, with all of its arguments.

    Attributes:
        kind: "markets", "rankings", "asn_details" or "insights"; "check" for a page that is fetched a second
            time to see whether the data changed.
        market_id: The market; empty for the list of markets, and for insights of all markets.
        rank_type: The ranking metric; empty except for rankings.
        ip: "v4" or "v6"; empty for the list of markets, and for insights of both.
        asn: The network; None for markets, rankings and global insights.
        limit: Maximum number of rows; None for the server's default.
        type: The relation that is requested; empty except for details.
        mutual_provider: Filter on mutual providers; empty except for details.
        mutual_customer: Filter on mutual customers; empty except for details.
        singlehomed_customer: Filter on single-homed customers; empty except for details.
        types: Insight types; empty for all.
        lookback: Days of insights; None for the server's default.
        magnitude: Minimum magnitude of insights; None for the server's default.
    """

    kind: PageKind
    market_id: str = ""
    rank_type: str = ""
    ip: str = ""
    asn: int | None = None
    limit: int | None = None
    type: str = ""
    mutual_provider: str = ""
    mutual_customer: str = ""
    singlehomed_customer: str = ""
    types: tuple[str, ...] = ()
    lookback: int | None = None
    magnitude: int | None = None

    @property
    def text(self) -> str:
        """The key as one line of JSON, the same for equal keys."""
        return msgspec.json.encode(self).decode()

    @property
    def identity(self) -> PageIdentity:
        """The identity: a date holds one answer for each; all checks of a date share one identity."""
        if self.kind == "check":
            return PageIdentity("check")
        return PageIdentity(self.kind, self.market_id, self.rank_type, self.ip, self.asn, self.type)

    @classmethod
    def parse(cls, text: str) -> "PageKey":
        """Read a key back from its text.

        Raises:
            DecodeError: The text is not a key.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"invalid page key {text[:80]!r}: {error}") from None

    def shard(self, shards: int) -> int:
        """Return which of `shards` equal parts the page belongs to, the same on every machine."""
        digest = hashlib.blake2b(self.text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % shards

    def request(self, now: Callable[[], datetime]) -> Request[Any]:
        """Return the call that fetches the page."""
        if self.kind == "markets":
            return kmi.list_markets()
        if self.kind == "insights":
            return self._insights_request()
        if self.asn is None:
            return kmi.get_rankings(self.market_id, self.rank_type, self.ip, self.limit, now)
        return kmi.get_asn_details(
            self.market_id,
            self.asn,
            self.type,
            self.ip,
            self.mutual_provider,
            self.mutual_customer,
            self.singlehomed_customer,
            now,
        )

    def _insights_request(self) -> Request[Any]:
        options: dict[str, Any] = {
            "market_id": self.market_id or None,
            "ip": self.ip or None,
            "types": self.types,
            "lookback": self.lookback,
            "magnitude": self.magnitude,
            "limit": self.limit,
        }
        if self.asn is None:
            return kmi.get_global_insights(**options)
        return kmi.get_asn_insights(self.asn, **options)


MARKETS = PageKey("markets")
"""The list of all markets."""


def relations_of(type: str) -> frozenset[str]:
    """Return the values of the column `relation` that a request of a type fetches."""
    return frozenset(RELATIONS) if type == "all" else frozenset({type.removesuffix("s")})
