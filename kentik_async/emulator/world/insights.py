"""The insights: what changed in a market between two days, read off the tables behind all other answers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from kentik_async.emulator.world.lru import Memo
from kentik_async.emulator.world.markets import Place
from kentik_async.emulator.world.networks import Internet
from kentik_async.emulator.world.rankings import RankingTables
from kentik_async.emulator.world.relations import RelationTables
from kentik_async.emulator.world.topology import Link

__all__ = ["INSIGHT_TYPES", "LOOKBACKS", "Event", "InsightTables"]

# The vendor publishes the names for requests and not the numbers of the answers: here the position, from 1.
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

# Insights concern the networks that were once among this many first of a market: the tail is noise.
_NOTABLE = 2_000


class Event(NamedTuple):
    """One insight; `magnitude` is 1 for any change, up to 5 for a great one."""

    asn: int
    name: str
    kind: str
    magnitude: int
    message: str
    created_at: str


class _Draft(NamedTuple):
    """An event before its words are put together, which is done for the few that are wanted."""

    kind: str
    network: int
    share: float
    words: str
    values: tuple[object, ...]

    @property
    def magnitude(self) -> int:
        return 1 + sum(self.share >= step for step in (0.01, 0.03, 0.08, 0.15))


class InsightTables:
    """Answers what changed; a pure function of the Internet and the question."""

    def __init__(self, internet: Internet, rankings: RankingTables, relations: RelationTables) -> None:
        self._internet = internet
        self._rankings = rankings
        self._relations = relations
        self._drafts: Memo[tuple[str, str, int, int], list[_Draft]] = Memo(8)

    def events(
        self,
        place: Place,
        ip: str,
        day: int,
        lookback: int,
        *,
        kinds: frozenset[str],
        magnitude: int,
        limit: int,
        asn: int | None = None,
    ) -> list[Event]:
        """Return what happened in a market during `lookback` days up to a day, greatest first.

        Args:
            place: The market.
            ip: "v4" or "v6".
            day: The day's ordinal.
            lookback: One of `LOOKBACKS`.
            kinds: Of which `INSIGHT_TYPES`; empty for all.
            magnitude: The least magnitude, 1 to 5.
            limit: How many at most.
            asn: Of which network; None for all.
        """
        wanted = self._internet.index.get(asn, -1) if asn is not None else None
        drafts = self._drafts.get(
            (place.market_id, ip, day, lookback), lambda: self._draft(place, ip, day, lookback)
        )
        chosen = (
            draft
            for draft in drafts
            if (not kinds or draft.kind in kinds)
            and (wanted is None or draft.network == wanted)
            and draft.magnitude >= magnitude
        )
        return [self._event(draft, place, day, lookback) for draft in islice(chosen, limit)]

    def _event(self, draft: _Draft, place: Place, day: int, lookback: int) -> Event:
        network = self._internet.networks[draft.network]
        moment = datetime.fromordinal(day - network.phase % lookback) + timedelta(minutes=network.phase)
        message = f"AS{network.asn} ({network.name}) {draft.words.format(*draft.values, place=place.name)}"
        return Event(
            network.asn, network.name, draft.kind, draft.magnitude, message, f"{moment.isoformat()}Z"
        )

    def _draft(self, place: Place, ip: str, day: int, lookback: int) -> list[_Draft]:
        drafts = [
            *self._ranking_changes(place, ip, day, lookback),
            *self._link_changes(place, ip, day, lookback),
        ]
        drafts.sort(key=lambda draft: (-draft.share, draft.kind, draft.network))
        return drafts

    def _notable(self, place: Place, ip: str, day: int, lookback: int) -> set[int]:
        orders = (self._rankings.order(place, "customer_base", ip, d) for d in (day, day - lookback))
        return {self._rankings.unpack(packed)[0] for order in orders for packed in order[:_NOTABLE]}

    def _ranking_changes(self, place: Place, ip: str, day: int, lookback: int) -> Iterator[_Draft]:
        now = self._rankings.ranks(place, "customer_base", ip, day)
        then = self._rankings.ranks(place, "customer_base", ip, day - lookback)
        notable = self._notable(place, ip, day, lookback)
        for i in sorted(notable & now.keys()):
            rank, score = now[i]
            if i not in then:
                yield _Draft("market_entrance", i, 0.1, "entered {place} at rank {}", (rank,))
                yield _Draft("start_prefix_origination", i, 0.1, "now originates {} addresses", (score,))
                continue
            old_rank, old_score = then[i]
            if rank != old_rank:
                gained = rank < old_rank
                kind, verb = ("ranking_gain", "rose") if gained else ("ranking_loss", "fell")
                share = abs(rank - old_rank) / len(now)
                words = "{} in {place} from rank {} to {}"
                yield _Draft(kind, i, share, words, (verb, old_rank, rank))
            if score != old_score:
                kind = f"{'in' if score > old_score else 'de'}crease_prefix_origination"
                share = abs(score - old_score) / old_score
                yield _Draft(kind, i, share, "went from {} to {} addresses in {place}", (old_score, score))
        for i in sorted(notable - now.keys()):
            rank, score = then[i]
            yield _Draft("market_exit", i, 0.1, "left {place}, where it was at rank {}", (rank,))
            yield _Draft("stop_prefix_origination", i, 0.1, "withdrew {} addresses", (score,))

    def _link_changes(self, place: Place, ip: str, day: int, lookback: int) -> Iterator[_Draft]:
        notable = self._notable(place, ip, day, lookback)
        now = dict(self._relations.links(place, ip, day, notable))
        then = dict(self._relations.links(place, ip, day - lookback, notable))
        for link, provider in now.items():
            if then.get(link) == provider:
                yield from self._reroutings(link, provider, ip, day, lookback)
            else:
                yield from self._sides(link, provider, "gain", "gained")
        for link, provider in then.items():
            if now.get(link) != provider:
                yield from self._sides(link, provider, "loss", "lost")

    def _sides(self, link: Link, provider: int, change: str, verb: str) -> Iterator[_Draft]:
        customer, networks = link.customer, self._internet.networks
        words = "{} {} AS{} in {place}"
        share = link.share / 4
        for i, role, other in ((provider, "customer", customer), (customer, "provider", provider)):
            yield _Draft(f"{role}_{change}", i, share, words, (verb, role, networks[other].asn))

    def _reroutings(self, link: Link, provider: int, ip: str, day: int, lookback: int) -> Iterator[_Draft]:
        before = self._relations.score(link, ip, day - lookback)
        moved = self._relations.score(link, ip, day) - before
        if moved:
            customer, networks = link.customer, self._internet.networks
            change = "gain" if moved > 0 else "loss"
            words = "routes {:+d} addresses with {} AS{} in {place}"
            share = min(abs(moved) / before, 0.2)
            for i, role, other in ((provider, "customer", customer), (customer, "provider", provider)):
                yield _Draft(f"{role}_routing_{change}", i, share, words, (moved, role, networks[other].asn))
