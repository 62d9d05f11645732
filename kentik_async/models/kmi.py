"""Kentik Market Intelligence: markets, rankings, a network's neighbours, insights.

Where a field may be None, the server did not send it; 0 and False mean that it sent them.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from kentik_async.models._base import Int32, Int64, Model, reads_as_dataclass
from kentik_async.models.enums import IPFamily, RankType, Relation
from kentik_async.models.records import Records

__all__ = ["ASNDetails", "CustomerProvider", "Insight", "Market", "Peer", "Ranking", "Rankings"]

# gc=False below: such a row holds numbers, texts and instants alone, so it can be in no reference cycle, and
# the collector need not walk it (10 000 rankings: made a fifth faster, and 64 bytes each instead of 80).


@reads_as_dataclass
class Market(Model, frozen=True, gc=False):
    """A geographical market: the planet, a region or a country.

    Attributes:
        market_id: Its identifier, such as "planet$earth" or "cc$US".
        name: Its name.
    """

    market_id: str
    name: str


@reads_as_dataclass
class Ranking(Model, frozen=True, gc=False):
    """A network's place in one market (Kentik KB, KMI APIs).

    Attributes:
        asn: The autonomous system's number.
        name: Its name.
        rank: Its place, 1 being the first.
        rank_change: How the rank changed; negative where its number fell.
        score: What the rank rests on.
        score_change: How the score changed; negative for a loss.
    """

    asn: Int64 | None
    name: str
    rank: Int64 | None = None
    rank_change: Int32 | None = None
    score: Int64 | None = None
    score_change: Int32 | None = None


@reads_as_dataclass
class CustomerProvider(Model, frozen=True, gc=False):
    """A customer or a provider of a network.

    Attributes:
        asn: The neighbour's autonomous system number.
        name: Its name.
        score: Its score.
        singlehomed_customer: It has only one upstream provider to the internet.
        mutual_customer: It is a mutual customer.
        mutual_provider: It is a mutual provider.
    """

    asn: Int64 | None
    name: str
    score: Int64 | None = None
    singlehomed_customer: bool | None = None
    mutual_customer: bool | None = None
    mutual_provider: bool | None = None


@reads_as_dataclass
class Peer(Model, frozen=True, gc=False):
    """A peer of a network.

    Attributes:
        asn: The peer's autonomous system number.
        name: Its name.
        pfx_count: How many distinct address blocks it announces.
    """

    asn: Int64 | None
    name: str
    pfx_count: Int64 | None = None


@reads_as_dataclass
class ASNDetails(Model, frozen=True):
    """A network and its neighbours in one market.

    Attributes:
        asn: The autonomous system's number; None where the server has no details.
        name: Its name.
        country_name: Its country.
        customers: Its customers; empty where they were not asked for.
        providers: Its providers.
        peers: Its peers.
        market_id: The market that was asked for.
        ip: The address family that was asked for.
        type: The relation that was asked for.
        fetched_at: When the answer arrived, in UTC.
    """

    asn: Int64 | None
    name: str
    country_name: str
    customers: Records[CustomerProvider]
    providers: Records[CustomerProvider]
    peers: Records[Peer]
    market_id: str
    ip: IPFamily
    type: Relation
    fetched_at: dt.datetime


@reads_as_dataclass
class Insight(Model, frozen=True, gc=False):
    """Something that happened to a network in a market.

    Attributes:
        asn: The autonomous system's number.
        name: Its name.
        type: The kind of event, a number whose meaning the vendor does not publish.
        message: The event in words.
        created_at: When it was found, in UTC; None where the server's text is no time.
    """

    asn: Int64 | None
    name: str
    type: Int64 | None = None
    message: str = ""
    created_at: dt.datetime | None = None


class Rankings(Records[Ranking]):
    """One market's ranking, best first as the server sent it, with what was asked.

    Attributes:
        market_id: The market that was asked for.
        rank_type: The order that was asked for.
        ip: The address family that was asked for.
        limit: The limit that was sent; None left it to the server, which then gives 600.
        fetched_at: When the answer arrived, in UTC.
        invalid_count: How many entries the server met that it could not use.
        maybe_truncated: There are as many rows as the limit allows, so there may be more.
    """

    market_id: str
    rank_type: RankType
    ip: IPFamily
    limit: int | None
    fetched_at: dt.datetime
    invalid_count: int

    _SERVER_LIMIT = 600

    def __new__(
        cls,
        rows: Iterable[Ranking] = (),
        *,
        market_id: str,
        rank_type: RankType,
        ip: IPFamily,
        limit: int | None,
        fetched_at: dt.datetime,
        invalid_count: int = 0,
    ) -> Self:
        """Take the rows with what was asked for."""
        self = super().__new__(cls, rows, Ranking)
        self._keep(
            market_id=market_id,
            rank_type=rank_type,
            ip=ip,
            limit=limit,
            fetched_at=fetched_at,
            invalid_count=invalid_count,
        )
        return self

    @property
    def maybe_truncated(self) -> bool:
        """Whether the server may hold more rows than it gave."""
        return len(self) >= (self._SERVER_LIMIT if self.limit is None else self.limit)
