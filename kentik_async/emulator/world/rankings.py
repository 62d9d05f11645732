"""Rankings by market, rank type, address family and day, computed on demand."""

import zlib
from itertools import islice
from typing import NamedTuple

from kentik_async.emulator.world.lru import LRUCache
from kentik_async.emulator.world.markets import MarketArea
from kentik_async.emulator.world.networks import Internet

__all__ = ["IPS", "RANK_TYPES", "RankedNetwork", "RankingTables"]

IPS = ("v4", "v6")

# Weight of a backbone, a wholesale and a retail network in a rank type; 0 excludes it from the ranking.
_WEIGHTS = {
    "customer_base": (1.0, 1.0, 1.0),
    "customer_base_retail": (0.02, 0.3, 1.0),
    "customer_base_wholesome": (0.3, 1.0, 0.0),
    "customer_base_backbone": (1.0, 0.01, 0.0),
    "customer_growth": (1.0, 1.0, 1.0),
    "peering_base": (0.6, 0.3, 0.0002),
}
RANK_TYPES = tuple(_WEIGHTS)
_GROWTH_DAYS = 20

Order = list[int]
"""The (score, index) of every ranked network, best first, packed into integers, which sort fast."""

_SHIFT = 32
_INDEX = (1 << _SHIFT) - 1


class RankedNetwork(NamedTuple):
    """One row of a ranking. Changes are relative to the day before; a gain is positive."""

    asn: int
    name: str
    rank: int
    rank_change: int
    score: int
    score_change: int


class RankingTables:
    """Computes rankings: a pure function of the generated Internet and the arguments."""

    def __init__(self, internet: Internet) -> None:
        self._internet = internet
        self._factors: LRUCache[int, list[float]] = LRUCache(8)
        self._sizes: LRUCache[tuple[str, str, str], list[tuple[int, float]]] = LRUCache(64)
        self._orders: LRUCache[tuple[str, str, str, int], Order] = LRUCache(64)

    def rows(self, market: MarketArea, rank_type: str, ip: str, day: int, limit: int) -> list[RankedNetwork]:
        """Return the first `limit` rows of a ranking.

        Args:
            market: The market.
            rank_type: One of `RANK_TYPES`.
            ip: "v4" or "v6".
            day: The ordinal of the day.
            limit: Maximum number of rows.
        """
        networks = self._internet.networks
        before = self.ranks(market, rank_type, ip, day - 1)
        rows: list[RankedNetwork] = []
        for rank, packed in enumerate(islice(self.order(market, rank_type, ip, day), limit), 1):
            index, score = self.unpack(packed)
            network = networks[index]
            old_rank, old_score = before.get(index, (rank, 0))
            rows.append(
                RankedNetwork(network.asn, network.name, rank, old_rank - rank, score, score - old_score)
            )
        return rows

    def ranks(self, market: MarketArea, rank_type: str, ip: str, day: int) -> dict[int, tuple[int, int]]:
        """Return the (rank, score) of each ranked network by its index."""
        order = self.order(market, rank_type, ip, day)
        return {packed & _INDEX: (rank, packed >> _SHIFT) for rank, packed in enumerate(order, 1)}

    def order(self, market: MarketArea, rank_type: str, ip: str, day: int) -> Order:
        """Return a complete ranking in packed form."""
        key = (market.market_id, rank_type, ip, day)
        return self._orders.get(key, lambda: self._sort(market, rank_type, ip, day))

    @staticmethod
    def unpack(packed: int) -> tuple[int, int]:
        """Return the (index, score) of a packed entry."""
        return packed & _INDEX, packed >> _SHIFT

    def factors(self, day: int) -> list[float]:
        """Return the size of each network on a day, relative to its normal size."""
        return self._factors.get(day, lambda: self._internet.factors(day))

    def _sort(self, market: MarketArea, rank_type: str, ip: str, day: int) -> Order:
        sizes = self._sizes.get(
            (market.market_id, rank_type, ip), lambda: self._measure(market, rank_type, ip)
        )
        now = self.factors(day)
        if rank_type == "customer_growth":
            then = self.factors(day - _GROWTH_DAYS)
            scores = [(int(size * (now[i] - then[i])), i) for i, size in sizes]
        else:
            scores = [(int(size * now[i]), i) for i, size in sizes]
        return sorted((score << _SHIFT | i for score, i in scores if score > 0), reverse=True)

    def _measure(self, market: MarketArea, rank_type: str, ip: str) -> list[tuple[int, float]]:
        """Return the size of each network in a ranking, before the changes of a day."""
        weights = _WEIGHTS[rank_type]
        salt = zlib.crc32(rank_type.encode())
        networks, noise = self._internet.networks, self._internet.noise
        sizes: list[tuple[int, float]] = []
        for i, presence in self._internet.members(market):
            network = networks[i]
            size = (network.size if ip == "v4" else network.size6) * weights[network.tier]
            if size:
                sizes.append((i, size * presence * (1.0 + 0.3 * noise[(i * 97 + salt) % len(noise)])))
        return sizes
