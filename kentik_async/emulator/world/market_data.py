"""The emulated KMI: every table behind one door, asked by market, date and the words of the API."""

import datetime as dt
from functools import lru_cache

from kentik_async.emulator.world.insights import Event, InsightTables
from kentik_async.emulator.world.markets import COUNTRIES, PLACES, Place
from kentik_async.emulator.world.networks import internet
from kentik_async.emulator.world.rankings import RankedNetwork, RankingTables
from kentik_async.emulator.world.relations import Details, RelationTables

__all__ = ["MarketData", "market_data"]


class MarketData:
    """What KMI knows; a pure function of the seed and the question, and remembering what was asked lately."""

    def __init__(self, seed: int) -> None:
        self._internet = internet(seed)
        self._rankings = RankingTables(self._internet)
        self._relations = RelationTables(seed)
        self._insights = InsightTables(self._internet, self._rankings, self._relations)
        self._places = {place.market_id: place for place in PLACES}
        self._country_names = {country.code: country.name for country in COUNTRIES}

    @property
    def places(self) -> tuple[Place, ...]:
        """Every market, the planet first."""
        return PLACES

    def place(self, market_id: str) -> Place | None:
        """Return a market, or None if there is none of that identifier."""
        return self._places.get(market_id)

    def name(self, asn: int) -> str:
        """Return the name of a network, "" if there is none of that number."""
        i = self._internet.index.get(asn)
        return "" if i is None else self._internet.networks[i].name

    def knows(self, asn: int) -> bool:
        """Tell whether there is a network of that number."""
        return asn in self._internet.index

    def country_name(self, code: str) -> str:
        """Return a country's name."""
        return self._country_names[code]

    def rankings(
        self, place: Place, rank_type: str, ip: str, day: dt.date, limit: int
    ) -> list[RankedNetwork]:
        """Return the first rows of a ranking on a day."""
        return self._rankings.rows(place, rank_type, ip, day.toordinal(), limit)

    def details(self, place: Place, asn: int, ip: str, day: dt.date) -> Details | None:
        """Return a network's neighbours in a market on a day, or None if it is not seen there."""
        return self._relations.details(place, asn, ip, day.toordinal())

    def insights(
        self,
        place: Place,
        ip: str,
        day: dt.date,
        *,
        lookback: int,
        kinds: frozenset[str],
        magnitude: int,
        limit: int,
        asn: int | None = None,
    ) -> list[Event]:
        """Return what happened in a market in the days up to one, greatest first."""
        return self._insights.events(
            place,
            ip,
            day.toordinal(),
            lookback,
            kinds=kinds,
            magnitude=magnitude,
            limit=limit,
            asn=asn,
        )


# Pure but for its memory, so the emulators of one process share it.
@lru_cache(maxsize=2)
def market_data(seed: int) -> MarketData:
    """Return the KMI of a seed."""
    return MarketData(seed)
