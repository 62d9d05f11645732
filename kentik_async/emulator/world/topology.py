"""Who buys transit from whom and who peers with whom, and when that changes."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations
from typing import NamedTuple

from kentik_async.emulator.world.networks import Internet, Tier, internet

__all__ = ["Link", "Peering", "Topology", "topology"]

# The larger of two networks wins a customer more often, and not in proportion.
_APPEAL = 0.75
# How much of the transit is bought from a network of the same country, or none of them had a customer.
_LOCAL = 0.45
# A retail network of this many addresses or more peers.
_PEERING_SIZE = 4_000.0


class Link(NamedTuple):
    """One upstream of a customer, which in the course of time passes from provider to provider.

    Attributes:
        customer: The customer's index.
        candidates: The indices of those who provide it by turns.
        phase: Which days are the days of a change.
        hold: How many days a provider keeps it.
        share: The part of the customer's traffic that goes this way.
        mutual: Whether the two sell transit to each other.
    """

    customer: int
    candidates: tuple[int, ...]
    phase: int
    hold: int
    share: float
    mutual: bool

    def provider(self, day: int) -> int:
        """Return the index of the one who provides it on a day."""
        return self.candidates[(day + self.phase) // self.hold % len(self.candidates)]


class Peering(NamedTuple):
    """A settlement-free session between two networks, down for a while now and then."""

    one: int
    other: int
    phase: int
    hold: int

    def up(self, day: int) -> bool:
        """Tell whether the session exists on a day."""
        return (day + self.phase) // self.hold % 9 != 0


@dataclass(frozen=True, slots=True)
class Topology:
    """All links and peerings, by the index of each network that takes part in them.

    Attributes:
        links: Every link.
        upstream: The links of which a network is the customer.
        downstream: The links that a network provides, if only by turns.
        peerings: The peerings of a network.
    """

    links: tuple[Link, ...]
    upstream: dict[int, list[Link]]
    downstream: dict[int, list[Link]]
    peerings: dict[int, list[Peering]]


# A pure function of the seed, and dear: the emulators of one process share what it returned.
@lru_cache(maxsize=2)
def topology(seed: int) -> Topology:
    """Connect the networks of a seed's Internet; the same seed gives the same topology."""
    world = internet(seed)
    rng = random.Random(f"topology {seed}")
    links = tuple(_buy_transit(world, rng))
    upstream: dict[int, list[Link]] = defaultdict(list)
    downstream: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        upstream[link.customer].append(link)
        for candidate in link.candidates:
            downstream[candidate].append(link)
    peerings: dict[int, list[Peering]] = defaultdict(list)
    transit = {(link.customer, candidate) for link in links for candidate in link.candidates}
    for one, other in sorted(set(_meet(world, rng))):
        if (one, other) not in transit and (other, one) not in transit:
            peering = Peering(one, other, rng.randrange(1000), rng.randrange(3, 15))
            peerings[one].append(peering)
            peerings[other].append(peering)
    return Topology(links, dict(upstream), dict(downstream), dict(peerings))


def _by_country(world: Internet) -> dict[str, list[int]]:
    homes: dict[str, list[int]] = defaultdict(list)
    for i, network in enumerate(world.networks):
        homes[network.country].append(i)
    return homes


def _buy_transit(world: Internet, rng: random.Random) -> Iterator[Link]:
    networks = world.networks
    backbones = [i for i, network in enumerate(networks) if network.tier is Tier.BACKBONE]
    for locals_ in _by_country(world).values():
        near = [i for i in locals_ if networks[i].tier is Tier.WHOLESALE]
        sellers = near + backbones
        appeal = list(accumulate(_appeal(world, near, _LOCAL) + _appeal(world, backbones, 1.0 - _LOCAL)))
        for i in locals_:
            network = networks[i]
            if network.tier is Tier.BACKBONE:
                continue
            upstreams = rng.choices((1, 2, 3, 4), (35, 40, 18, 7))[0] + (network.tier is Tier.WHOLESALE)
            chosen = rng.choices(sellers, cum_weights=appeal, k=2 * upstreams)
            larger = [j for j in dict.fromkeys(chosen) if networks[j].size > network.size]
            yield from _links(i, larger, upstreams, networks[i].tier is Tier.WHOLESALE, rng)


def _appeal(world: Internet, sellers: list[int], total: float) -> list[float]:
    appeals = [world.networks[i].size ** _APPEAL for i in sellers]
    scale = total / (sum(appeals) or 1.0)
    return [appeal * scale for appeal in appeals]


def _links(
    i: int, candidates: list[int], upstreams: int, wholesale: bool, rng: random.Random
) -> Iterator[Link]:
    share = 0.6
    for slot in range(min(upstreams, len(candidates))):
        yield Link(
            customer=i,
            candidates=tuple(candidates[slot::upstreams]),
            phase=rng.randrange(1000),
            hold=rng.randrange(60, 300),
            share=share,
            mutual=wholesale and rng.random() < 0.06,
        )
        share /= 2


def _meet(world: Internet, rng: random.Random) -> Iterator[tuple[int, int]]:
    networks = world.networks
    backbones = [i for i, network in enumerate(networks) if network.tier is Tier.BACKBONE]
    abroad = [i for i, network in enumerate(networks) if network.global_]
    yield from combinations(backbones, 2)
    for locals_ in _by_country(world).values():
        peers = [
            i
            for i in locals_
            if networks[i].tier is Tier.WHOLESALE
            or (networks[i].tier is Tier.RETAIL and networks[i].size >= _PEERING_SIZE)
        ]
        for i in peers:
            wholesale = networks[i].tier is Tier.WHOLESALE
            met = rng.choices(peers, k=rng.randrange(2, 16 if wholesale else 5))
            if wholesale:
                met += rng.choices(abroad, k=rng.randrange(12))
            for j in met:
                if i != j:
                    yield min(i, j), max(i, j)
