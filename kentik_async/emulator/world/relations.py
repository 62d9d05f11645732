"""The customers, providers and peers of a network in a market on a day.

A link is visible in a market if both of its ends are present there. So if A lists B as a customer, B lists A
as a provider with the same score.

A neighbour is mutual if it is a customer (or a provider) both of the network and of the Kentik customer's own
networks, as the vendor's KMI page defines it.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import NamedTuple

from kentik_async.emulator.world.lru import LRUCache
from kentik_async.emulator.world.markets import MarketArea
from kentik_async.emulator.world.networks import Network, Tier, internet
from kentik_async.emulator.world.topology import TransitLink, topology

__all__ = [
    "FILTERS",
    "RELATIONS",
    "NeighbourDetails",
    "PeeringNetwork",
    "RelatedNetwork",
    "RelationTables",
    "filtered",
]

FILTERS = ("all", "only", "exclude")
RELATIONS = ("all", "customers", "providers", "peers")

_OWN_NETWORKS = 3
"""Number of networks that belong to the emulated customers."""


class RelatedNetwork(NamedTuple):
    """A customer or a provider."""

    asn: int
    name: str
    score: int
    singlehomed_customer: bool
    mutual_customer: bool
    mutual_provider: bool


class PeeringNetwork(NamedTuple):
    """A peer, with its number of announced prefixes."""

    asn: int
    name: str
    pfx_count: int


class NeighbourDetails(NamedTuple):
    """A network and its neighbours in a market; each list is sorted by size, largest first."""

    network: Network
    customers: list[RelatedNetwork]
    providers: list[RelatedNetwork]
    peers: list[PeeringNetwork]


class RelationTables:
    """Computes the neighbours of a network: a pure function of the seed and the arguments."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._internet = internet(seed)
        self._sizes: LRUCache[tuple[str, int], list[float]] = LRUCache(8)
        self._members: LRUCache[str, tuple[int, ...]] = LRUCache(64)
        self._present: LRUCache[tuple[str, str, int], frozenset[int]] = LRUCache(64)
        self._neighbours: LRUCache[int, tuple[frozenset[int], frozenset[int]]] = LRUCache(8)

    def details(self, market: MarketArea, asn: int, ip: str, day: int) -> NeighbourDetails | None:
        """Return the neighbours of a network in a market; None if it is not present there.

        Args:
            market: The market.
            asn: The AS number of the network.
            ip: "v4" or "v6".
            day: The ordinal of the day.
        """
        i = self._internet.index.get(asn)
        if i is None or i not in self.present(market, ip, day):
            return None
        sold = {link.customer: link for link in self._sold(i, market, ip, day)}
        bought = {link.provider(day): link for link in self._bought(i, market, ip, day)}
        customers = sold | {j: link for j, link in bought.items() if link.reciprocal}
        providers = bought | {j: link for j, link in sold.items() if link.reciprocal}
        return NeighbourDetails(
            self._internet.networks[i],
            sorted((self._customer(j, link, ip, day) for j, link in customers.items()), key=_by_score),
            sorted((self._provider(j, link, ip, day) for j, link in providers.items()), key=_by_score),
            sorted(self._peers(i, market, ip, day), key=lambda peer: (-peer.pfx_count, peer.asn)),
        )

    def links(
        self, market: MarketArea, ip: str, day: int, customers: AbstractSet[int]
    ) -> Iterator[tuple[TransitLink, int]]:
        """Yield each link of some customers in a market, with the index of its provider on the day."""
        present = self.present(market, ip, day)
        for link in topology(self._seed).links:
            if link.customer in customers and link.customer in present:
                provider = link.provider(day)
                if provider in present:
                    yield link, provider

    def present(self, market: MarketArea, ip: str, day: int) -> frozenset[int]:
        """Return the indices of the networks in a market on a day that have addresses of the family."""
        members = self._members.get(
            market.market_id, lambda: tuple(i for i, _ in self._internet.members(market))
        )
        sizes = self.sizes(ip, day)
        key = (market.market_id, ip, day)
        return self._present.get(key, lambda: frozenset(i for i in members if sizes[i]))

    def sizes(self, ip: str, day: int) -> list[float]:
        """Return the address space of each network on a day; 0 if it is absent or has none of the family."""
        return self._sizes.get((ip, day), lambda: self._measure(ip, day))

    def _measure(self, ip: str, day: int) -> list[float]:
        factors = self._internet.factors(day)
        space = [network.size if ip == "v4" else network.size6 for network in self._internet.networks]
        return [size * factor for size, factor in zip(space, factors, strict=True)]

    def score(self, link: TransitLink, ip: str, day: int) -> int:
        """Return how much of the customer's address space is routed over a link."""
        return 1 + int(self.sizes(ip, day)[link.customer] * link.share)

    def _sold(self, i: int, market: MarketArea, ip: str, day: int) -> Iterator[TransitLink]:
        present = self.present(market, ip, day)
        for link in topology(self._seed).downstream.get(i, ()):
            if link.customer in present and link.provider(day) == i:
                yield link

    def _bought(self, i: int, market: MarketArea, ip: str, day: int) -> Iterator[TransitLink]:
        present = self.present(market, ip, day)
        return (link for link in topology(self._seed).upstream.get(i, ()) if link.provider(day) in present)

    def _customer(self, j: int, link: TransitLink, ip: str, day: int) -> RelatedNetwork:
        network = self._internet.networks[j]
        singlehomed = len(topology(self._seed).upstream.get(j, ())) == 1
        score = self.score(link, ip, day)
        own_customers, _ = self._own_neighbours(day)
        return RelatedNetwork(
            network.asn,
            network.name,
            score,
            singlehomed,
            mutual_customer=j in own_customers,
            mutual_provider=False,
        )

    def _provider(self, j: int, link: TransitLink, ip: str, day: int) -> RelatedNetwork:
        network = self._internet.networks[j]
        score = self.score(link, ip, day)
        _, own_providers = self._own_neighbours(day)
        return RelatedNetwork(
            network.asn,
            network.name,
            score,
            singlehomed_customer=False,
            mutual_customer=False,
            mutual_provider=j in own_providers,
        )

    @cached_property
    def own_asns(self) -> frozenset[int]:
        """The AS numbers of the emulated customers' own networks: the wholesale networks with most links."""
        return frozenset(self._internet.networks[i].asn for i in self._own)

    @cached_property
    def _own(self) -> tuple[int, ...]:
        downstream, networks = topology(self._seed).downstream, self._internet.networks
        wholesale = [i for i in downstream if networks[i].tier is Tier.WHOLESALE]
        return tuple(sorted(wholesale, key=lambda i: (-len(downstream[i]), i))[:_OWN_NETWORKS])

    def _own_neighbours(self, day: int) -> tuple[frozenset[int], frozenset[int]]:
        """Return the indices of the customers and of the providers of the own networks on a day."""
        return self._neighbours.get(day, lambda: self._find_own_neighbours(day))

    def _find_own_neighbours(self, day: int) -> tuple[frozenset[int], frozenset[int]]:
        links = topology(self._seed)
        sold = [link for i in self._own for link in links.downstream.get(i, ()) if link.provider(day) == i]
        bought = [link for i in self._own for link in links.upstream.get(i, ())]
        customers = {link.customer for link in sold}
        providers = {link.provider(day) for link in bought}
        return (
            frozenset(customers | {link.provider(day) for link in bought if link.reciprocal}),
            frozenset(providers | {link.customer for link in sold if link.reciprocal}),
        )

    def _peers(self, i: int, market: MarketArea, ip: str, day: int) -> Iterator[PeeringNetwork]:
        present, sizes = self.present(market, ip, day), self.sizes(ip, day)
        for peering in topology(self._seed).peerings.get(i, ()):
            j = peering.other if peering.one == i else peering.one
            if j in present and peering.up(day):
                network = self._internet.networks[j]
                yield PeeringNetwork(network.asn, network.name, 1 + int(sizes[j] ** 0.5))


def filtered(related: Iterable[RelatedNetwork], **flags: str) -> list[RelatedNetwork]:
    """Return the rows that match all flags: "all" rows, "only" rows with the flag, or "exclude" them."""
    wanted = {name: choice == "only" for name, choice in flags.items() if choice != "all"}
    return [row for row in related if all(getattr(row, name) is flag for name, flag in wanted.items())]


def _by_score(row: RelatedNetwork) -> tuple[int, int]:
    return -row.score, row.asn
