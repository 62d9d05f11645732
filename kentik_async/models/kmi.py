"""Kentik Market Intelligence: markets, rankings, a network's neighbours, insights.

None in a field means that the server did not send it; 0 and False are values that it sent.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from kentik_async.models._base import Int32, Int64, Model, reads_as_dataclass
from kentik_async.models.enums import IPFamily, RankType, Relation
from kentik_async.models.records import Records

__all__ = ["ASNDetails", "CustomerProvider", "Insight", "Market", "Peer", "Ranking", "Rankings"]

# gc=False below: the fields are numbers, strings and times, which cannot form a reference cycle, so the
# garbage collector need not visit the rows (10 000 rankings: created a fifth faster, 64 bytes each instead of
# 80).


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
    """A network's rank in one market (Kentik KB, KMI APIs).

    Attributes:
        asn: The autonomous system's number.
        name: Its name.
        rank: Its rank; 1 is the highest.
        rank_change: The change of the rank; negative if its number became smaller.
        score: The value of the ranking metric.
        score_change: The change of the score; negative for a loss.
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
        singlehomed_customer: Whether it has only one upstream provider to the Internet.
        mutual_customer: Whether it is a mutual customer.
        mutual_provider: Whether it is a mutual provider.
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
        pfx_count: The number of distinct address blocks that it announces.
    """

    asn: Int64 | None
    name: str
    pfx_count: Int64 | None = None


@reads_as_dataclass
class ASNDetails(Model, frozen=True):
    """A network and its neighbours in one market.

    Attributes:
        asn: The autonomous system's number; None if the server has no details.
        name: Its name.
        country_name: Its country.
        customers: Its customers; empty if they were not requested.
        providers: Its providers.
        peers: Its peers.
        market_id: The requested market.
        ip: The requested address family.
        type: The requested relation.
        fetched_at: When the response arrived, in UTC.
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

    def _repr_html_(self) -> str:
        """Return the HTML that Jupyter shows: the network, and a table for each requested relation."""
        from kentik_async.models import _html

        network = f"AS{self.asn} {self.name}; market {self.market_id}, {self.ip}"
        relations = ("customers", "providers", "peers") if self.type == "all" else (str(self.type),)
        return _html.sections(network, {name: getattr(self, name)._repr_html_() for name in relations})


@reads_as_dataclass
class Insight(Model, frozen=True, gc=False):
    """An event that concerns a network in a market.

    Attributes:
        asn: The autonomous system's number.
        name: Its name.
        type: The type of event, a number that the vendor does not document.
        message: A description of the event.
        created_at: When it was detected, in UTC; None if the server's text is not a valid time.
    """

    asn: Int64 | None
    name: str
    type: Int64 | None = None
    message: str = ""
    created_at: dt.datetime | None = None


class Rankings(Records[Ranking]):
    """One market's ranking, in the server's order, with the arguments of the request.

    Attributes:
        market_id: The requested market.
        rank_type: The requested ranking metric.
        ip: The requested address family.
        limit: The requested limit; None for the server's default of 600.
        fetched_at: When the response arrived, in UTC.
        invalid_count: The number of invalid entries that the server skipped.
        maybe_truncated: Whether there are as many rows as the limit allows, so that there may be more.
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
        """Create the ranking from rows and the arguments of the request."""
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
        """Whether the server may have more rows than it returned."""
        return len(self) >= (self._SERVER_LIMIT if self.limit is None else self.limit)
