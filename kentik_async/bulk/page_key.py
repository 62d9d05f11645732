"""What identifies one page of a pull: everything that was asked. Pure."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from kentik_async import _operations
from kentik_async._operations import Request
from kentik_async.errors import DecodeError

__all__ = ["PageKey", "PageKind"]

PageKind: TypeAlias = Literal["markets", "rankings", "asn_details", "check"]


class PageKey(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """One call of a pull, by all of its arguments: two pages with equal keys hold the same.

    Attributes:
        kind: "markets", "rankings" or "asn_details"; "check" for a page that is fetched a second time, to
            see whether the data changed.
        market_id: The market; empty for the list of markets.
        rank_type: The kind of ranking; empty for details.
        ip: "v4" or "v6"; empty for the list of markets.
        asn: The network; None but for details.
        limit: The rows asked for; None for the server's default.
        type: Which neighbours; empty but for details.
        mutual_provider: The filter on mutual providers, likewise.
        mutual_customer: The filter on mutual customers, likewise.
        singlehomed_customer: The filter on single-homed customers, likewise.
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

    @property
    def text(self) -> str:
        """The key as one line of JSON, the same for equal keys."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> "PageKey":
        """Read a key back from its text.

        Raises:
            DecodeError: It is no key's text.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"{text[:80]!r} is no page's key: {error}") from None

    def shard(self, shards: int) -> int:
        """Return which of `shards` equal parts the page belongs to, the same on every machine."""
        digest = hashlib.blake2b(self.text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % shards

    def request(self, now: Callable[[], datetime]) -> Request[Any]:
        """Return the call that fetches the page."""
        if self.kind == "markets":
            return _operations.list_markets()
        if self.asn is None:
            return _operations.get_rankings(self.market_id, self.rank_type, self.ip, self.limit, now)
        return _operations.get_asn_details(
            self.market_id,
            self.asn,
            self.type,
            self.ip,
            self.mutual_provider,
            self.mutual_customer,
            self.singlehomed_customer,
            now,
        )
