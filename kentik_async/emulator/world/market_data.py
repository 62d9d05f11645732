"""The KMI data: rankings, relations and insights by market and date."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from kentik_async.emulator.world.insights import InsightTables, MarketEvent
from kentik_async.emulator.world.lru import LRUCache
from kentik_async.emulator.world.markets import COUNTRIES, MARKETS, MarketArea
from kentik_async.emulator.world.networks import internet
from kentik_async.emulator.world.rankings import RankedNetwork, RankingTables
from kentik_async.emulator.world.relations import NeighbourDetails, RelationTables

__all__ = ["MarketData", "market_data"]


class MarketData:
    """The KMI data of a seed: a pure function of seed and arguments, with caches of recent results.

    Attributes:
        responses: Cache of serialized answers, by request and day.
    """

    def __init__(self, seed: int) -> None:
        self._internet = internet(seed)
        self._rankings = RankingTables(self._internet)
        self._relations = RelationTables(seed)
        self._insights = InsightTables(self._internet, self._rankings, self._relations)
        self._markets = {market.market_id: market for market in MARKETS}
        self._country_names = {country.code: country.name for country in COUNTRIES}
        self.responses: LRUCache[tuple[object, ...], bytes] = LRUCache(512)
        self._ranked: LRUCache[tuple[object, ...], Sequence[RankedNetwork]] = LRUCache(64)
        self._detailed: LRUCache[tuple[object, ...], NeighbourDetails | None] = LRUCache(64)

    @property
    def markets(self) -> tuple[MarketArea, ...]:
        """Every market, the planet first."""
        return MARKETS

    def market(self, market_id: str) -> MarketArea | None:
        """Return the market with an identifier; None if there is none."""
        return self._markets.get(market_id)

    @property
    def own_asns(self) -> frozenset[int]:
        """The AS numbers of the emulated customers' own networks, which "mutual" neighbours refer to."""
        return self._relations.own_asns

    def name(self, asn: int) -> str:
        """Return the name of a network; "" if there is no such network."""
        i = self._internet.index.get(asn)
        return "" if i is None else self._internet.networks[i].name

    def has_network(self, asn: int) -> bool:
        """Return whether a network with this AS number exists."""
        return asn in self._internet.index

    def country_name(self, code: str) -> str:
        """Return the name of a country."""
        return self._country_names[code]

    def rankings(
        self, market: MarketArea, rank_type: str, ip: str, day: dt.date, limit: int
    ) -> Sequence[RankedNetwork]:
        """Return the first rows of a ranking on a day."""
        key = (market.market_id, rank_type, ip, day, limit)
        return self._ranked.get(
            key, lambda: self._rankings.rows(market, rank_type, ip, day.toordinal(), limit)
        )

    def details(self, market: MarketArea, asn: int, ip: str, day: dt.date) -> NeighbourDetails | None:
        """Return the neighbours of a network in a market on a day; None if it is not present there."""
        key = (market.market_id, asn, ip, day)
        return self._detailed.get(key, lambda: self._relations.details(market, asn, ip, day.toordinal()))

    def insights(
        self,
        market: MarketArea,
        ip: str,
        day: dt.date,
        *,
        lookback: int,
        types: frozenset[str],
        magnitude: int,
        limit: int,
        asn: int | None = None,
    ) -> list[MarketEvent]:
        """Return the insights of a market for the days up to a day, largest first."""
        return self._insights.events(
            market,
            ip,
            day.toordinal(),
            lookback,
            types=types,
            magnitude=magnitude,
            limit=limit,
            asn=asn,
        )


# Pure except for its cache, so the emulators of one process can share it.
@lru_cache(maxsize=2)
def market_data(seed: int) -> MarketData:
    """Return the KMI data of a seed."""
    return MarketData(seed)
