"""The customers, providers and peers of a network in a market, on a day.

A link is seen in a market if both of its ends are present there, so that whoever lists a customer is listed
by it as a provider, with the same score.

The vendor does not publish what "mutual" means; here two networks are mutual if each buys transit from the
other, in which case each stands in both lists of the other, marked as mutual in the list's own flag.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from kentik_async.emulator.world.lru import Memo
from kentik_async.emulator.world.markets import Place
from kentik_async.emulator.world.networks import Network, internet
from kentik_async.emulator.world.topology import Link, topology

__all__ = [
    "FILTERS",
    "RELATIONS",
    "Details",
    "PeeringNetwork",
    "RelatedNetwork",
    "RelationTables",
    "filtered",
]

FILTERS = ("all", "only", "exclude")
RELATIONS = ("all", "customers", "providers", "peers")


class RelatedNetwork(NamedTuple):
    """A customer or a provider."""

    asn: int
    name: str
    score: int
    singlehomed_customer: bool
    mutual_customer: bool
    mutual_provider: bool


class PeeringNetwork(NamedTuple):
    """A peer, and the number of prefixes that it announces."""

    asn: int
    name: str
    pfx_count: int


class Details(NamedTuple):
    """Everything that is known of a network in a market; each list largest first."""

    network: Network
    customers: list[RelatedNetwork]
    providers: list[RelatedNetwork]
    peers: list[PeeringNetwork]


class RelationTables:
    """Answers who a network's neighbours are; a pure function of the seed and the question."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._internet = internet(seed)
        self._sizes: Memo[tuple[str, int], list[float]] = Memo(8)
        self._members: Memo[str, tuple[int, ...]] = Memo(64)
        self._present: Memo[tuple[str, str, int], frozenset[int]] = Memo(64)

    def details(self, place: Place, asn: int, ip: str, day: int) -> Details | None:
        """Return a network's neighbours in a market, or None if it is not seen there.

        Args:
            place: The market.
            asn: The network's AS number.
            ip: "v4" or "v6".
            day: The day's ordinal.
        """
        i = self._internet.index.get(asn)
        if i is None or i not in self.present(place, ip, day):
            return None
        sold = {link.customer: link for link in self._sold(i, place, ip, day)}
        bought = {link.provider(day): link for link in self._bought(i, place, ip, day)}
        customers = sold | {j: link for j, link in bought.items() if link.mutual}
        providers = bought | {j: link for j, link in sold.items() if link.mutual}
        return Details(
            self._internet.networks[i],
            sorted((self._customer(j, link, ip, day) for j, link in customers.items()), key=_by_score),
            sorted((self._provider(j, link, ip, day) for j, link in providers.items()), key=_by_score),
            sorted(self._peers(i, place, ip, day), key=lambda peer: (-peer.pfx_count, peer.asn)),
        )

    def links(
        self, place: Place, ip: str, day: int, customers: AbstractSet[int]
    ) -> Iterator[tuple[Link, int]]:
        """Yield each link of some customers in a market, with the index of its provider on a day."""
        present = self.present(place, ip, day)
        for link in topology(self._seed).links:
            if link.customer in customers and link.customer in present:
                provider = link.provider(day)
                if provider in present:
                    yield link, provider

    def present(self, place: Place, ip: str, day: int) -> frozenset[int]:
        """Return the indices of the networks in a market on a day that have addresses of a family."""
        members = self._members.get(
            place.market_id, lambda: tuple(i for i, _ in self._internet.members(place))
        )
        sizes = self.sizes(ip, day)
        key = (place.market_id, ip, day)
        return self._present.get(key, lambda: frozenset(i for i in members if sizes[i]))

    def sizes(self, ip: str, day: int) -> list[float]:
        """Return the address space of each network on a day; 0 if it is absent, or has none of the family."""
        return self._sizes.get((ip, day), lambda: self._measure(ip, day))

    def _measure(self, ip: str, day: int) -> list[float]:
        factors = self._internet.factors(day)
        space = [network.size if ip == "v4" else network.size6 for network in self._internet.networks]
        return [size * factor for size, factor in zip(space, factors, strict=True)]

    def score(self, link: Link, ip: str, day: int) -> int:
        """Return how much of the customer's address space goes by a link."""
        return 1 + int(self.sizes(ip, day)[link.customer] * link.share)

    def _sold(self, i: int, place: Place, ip: str, day: int) -> Iterator[Link]:
        present = self.present(place, ip, day)
        for link in topology(self._seed).downstream.get(i, ()):
            if link.customer in present and link.provider(day) == i:
                yield link

    def _bought(self, i: int, place: Place, ip: str, day: int) -> Iterator[Link]:
        present = self.present(place, ip, day)
        return (link for link in topology(self._seed).upstream.get(i, ()) if link.provider(day) in present)

    def _customer(self, j: int, link: Link, ip: str, day: int) -> RelatedNetwork:
        network = self._internet.networks[j]
        singlehomed = len(topology(self._seed).upstream.get(j, ())) == 1
        score = self.score(link, ip, day)
        return RelatedNetwork(
            network.asn, network.name, score, singlehomed, link.mutual, mutual_provider=False
        )

    def _provider(self, j: int, link: Link, ip: str, day: int) -> RelatedNetwork:
        network = self._internet.networks[j]
        score = self.score(link, ip, day)
        return RelatedNetwork(
            network.asn,
            network.name,
            score,
            singlehomed_customer=False,
            mutual_customer=False,
            mutual_provider=link.mutual,
        )

    def _peers(self, i: int, place: Place, ip: str, day: int) -> Iterator[PeeringNetwork]:
        present, sizes = self.present(place, ip, day), self.sizes(ip, day)
        for peering in topology(self._seed).peerings.get(i, ()):
            j = peering.other if peering.one == i else peering.one
            if j in present and peering.up(day):
                network = self._internet.networks[j]
                yield PeeringNetwork(network.asn, network.name, 1 + int(sizes[j] ** 0.5))


def filtered(related: Iterable[RelatedNetwork], **flags: str) -> list[RelatedNetwork]:
    """Return those whose flags are as wanted: each "all", "only" the flagged ones, or "exclude" them."""
    wanted = {name: choice == "only" for name, choice in flags.items() if choice != "all"}
    return [row for row in related if all(getattr(row, name) is flag for name, flag in wanted.items())]


def _by_score(row: RelatedNetwork) -> tuple[int, int]:
    return -row.score, row.asn
