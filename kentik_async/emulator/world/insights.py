"""Insights: the changes in a market between two days, derived from the rankings and relations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from kentik_async.emulator.world.lru import LRUCache
from kentik_async.emulator.world.markets import MarketArea
from kentik_async.emulator.world.networks import Internet
from kentik_async.emulator.world.rankings import RankingTables
from kentik_async.emulator.world.relations import RelationTables
from kentik_async.emulator.world.topology import TransitLink

__all__ = ["INSIGHT_TYPES", "LOOKBACKS", "InsightTables", "MarketEvent"]

# The vendor publishes the names for requests, but not the numbers in answers. The emulator uses the position
# in this list, from 1.
INSIGHT_TYPES = (
    "market_entrance",
    "market_exit",
    "ranking_gain",
    "ranking_loss",
    "start_prefix_origination",
    "stop_prefix_origination",
    "increase_prefix_origination",
    "decrease_prefix_origination",
    "customer_gain",
    "customer_loss",
    "provider_gain",
    "provider_loss",
    "customer_routing_gain",
    "customer_routing_loss",
    "provider_routing_gain",
    "provider_routing_loss",
)
LOOKBACKS = (1, 7, 30)

# Only the top networks of a market have insights; changes further down are noise.
_NOTABLE = 2_000


class MarketEvent(NamedTuple):
    """One insight. `magnitude` is from 1 (any change) to 5 (a large change)."""

    asn: int
    name: str
    type: str
    magnitude: int
    message: str
    created_at: str


class _Draft(NamedTuple):
    """An event whose message is not formatted yet; only the events in an answer are formatted."""

    type: str
    network: int
    share: float
    words: str
    values: tuple[object, ...]

    @property
    def magnitude(self) -> int:
        return 1 + sum(self.share >= step for step in (0.01, 0.03, 0.08, 0.15))


class InsightTables:
    """Computes insights: a pure function of the generated Internet and the arguments."""

    def __init__(self, internet: Internet, rankings: RankingTables, relations: RelationTables) -> None:
        self._internet = internet
        self._rankings = rankings
        self._relations = relations
        self._drafts: LRUCache[tuple[str, str, int, int], list[_Draft]] = LRUCache(8)

    def events(
        self,
        market: MarketArea,
        ip: str,
        day: int,
        lookback: int,
        *,
        types: frozenset[str],
        magnitude: int,
        limit: int,
        asn: int | None = None,
    ) -> list[MarketEvent]:
        """Return the insights of a market for the `lookback` days up to a day, largest first.

        Args:
            market: The market.
            ip: "v4" or "v6".
            day: The ordinal of the day.
            lookback: One of `LOOKBACKS`.
            types: Names from `INSIGHT_TYPES`; empty selects all.
            magnitude: Minimum magnitude, 1 to 5.
            limit: Maximum number of insights.
            asn: The AS number of a network; None selects all.
        """
        network = self._internet.index.get(asn, -1) if asn is not None else None
        drafts = self._drafts.get(
            (market.market_id, ip, day, lookback), lambda: self._draft(market, ip, day, lookback)
        )
        chosen = (
            draft
            for draft in drafts
            if (not types or draft.type in types)
            and (network is None or draft.network == network)
            and draft.magnitude >= magnitude
        )
        return [self._event(draft, market, day, lookback) for draft in islice(chosen, limit)]

    def _event(self, draft: _Draft, market: MarketArea, day: int, lookback: int) -> MarketEvent:
        network = self._internet.networks[draft.network]
        moment = datetime.fromordinal(day - network.phase % lookback) + timedelta(minutes=network.phase)
        message = f"AS{network.asn} ({network.name}) {draft.words.format(*draft.values, market=market.name)}"
        return MarketEvent(
            network.asn, network.name, draft.type, draft.magnitude, message, f"{moment.isoformat()}Z"
        )

    def _draft(self, market: MarketArea, ip: str, day: int, lookback: int) -> list[_Draft]:
        drafts = [
            *self._ranking_changes(market, ip, day, lookback),
            *self._link_changes(market, ip, day, lookback),
        ]
        drafts.sort(key=lambda draft: (-draft.share, draft.type, draft.network))
        return drafts

    def _notable(self, market: MarketArea, ip: str, day: int, lookback: int) -> set[int]:
        orders = (self._rankings.order(market, "customer_base", ip, d) for d in (day, day - lookback))
        return {self._rankings.unpack(packed)[0] for order in orders for packed in order[:_NOTABLE]}

    def _ranking_changes(self, market: MarketArea, ip: str, day: int, lookback: int) -> Iterator[_Draft]:
        now = self._rankings.ranks(market, "customer_base", ip, day)
        then = self._rankings.ranks(market, "customer_base", ip, day - lookback)
        notable = self._notable(market, ip, day, lookback)
        for i in sorted(notable & now.keys()):
            rank, score = now[i]
            if i not in then:
                yield _Draft("market_entrance", i, 0.1, "entered {market} at rank {}", (rank,))
                yield _Draft("start_prefix_origination", i, 0.1, "now originates {} addresses", (score,))
                continue
            old_rank, old_score = then[i]
            if rank != old_rank:
                gained = rank < old_rank
                change, verb = ("ranking_gain", "rose") if gained else ("ranking_loss", "fell")
                share = abs(rank - old_rank) / len(now)
                words = "{} in {market} from rank {} to {}"
                yield _Draft(change, i, share, words, (verb, old_rank, rank))
            if score != old_score:
                change = f"{'in' if score > old_score else 'de'}crease_prefix_origination"
                share = abs(score - old_score) / old_score
                yield _Draft(change, i, share, "went from {} to {} addresses in {market}", (old_score, score))
        for i in sorted(notable - now.keys()):
            rank, score = then[i]
            yield _Draft("market_exit", i, 0.1, "left {market}, where it was at rank {}", (rank,))
            yield _Draft("stop_prefix_origination", i, 0.1, "withdrew {} addresses", (score,))

    def _link_changes(self, market: MarketArea, ip: str, day: int, lookback: int) -> Iterator[_Draft]:
        notable = self._notable(market, ip, day, lookback)
        now = dict(self._relations.links(market, ip, day, notable))
        then = dict(self._relations.links(market, ip, day - lookback, notable))
        for link, provider in now.items():
            if then.get(link) == provider:
                yield from self._reroutings(link, provider, ip, day, lookback)
            else:
                yield from self._sides(link, provider, "gain", "gained")
        for link, provider in then.items():
            if now.get(link) != provider:
                yield from self._sides(link, provider, "loss", "lost")

    def _sides(self, link: TransitLink, provider: int, change: str, verb: str) -> Iterator[_Draft]:
        customer, networks = link.customer, self._internet.networks
        words = "{} {} AS{} in {market}"
        share = link.share / 4
        for i, role, other in ((provider, "customer", customer), (customer, "provider", provider)):
            yield _Draft(f"{role}_{change}", i, share, words, (verb, role, networks[other].asn))

    def _reroutings(
        self, link: TransitLink, provider: int, ip: str, day: int, lookback: int
    ) -> Iterator[_Draft]:
        before = self._relations.score(link, ip, day - lookback)
        moved = self._relations.score(link, ip, day) - before
        if moved:
            customer, networks = link.customer, self._internet.networks
            change = "gain" if moved > 0 else "loss"
            words = "routes {:+d} addresses with {} AS{} in {market}"
            share = min(abs(moved) / before, 0.2)
            for i, role, other in ((provider, "customer", customer), (customer, "provider", provider)):
                yield _Draft(f"{role}_routing_{change}", i, share, words, (moved, role, networks[other].asn))
