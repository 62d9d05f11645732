"""Transit links and peerings between networks, and when they change."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations

from msgspec import Struct

from kentik_async.emulator.world.networks import Internet, Tier, below, internet

__all__ = ["Peering", "Topology", "TransitLink", "topology"]

# Larger networks win customers more often, but less than in proportion to their size.
_APPEAL = 0.75
# Share of transit bought from networks in the same country. Without it, they would have no customers.
_LOCAL = 0.45
# Retail networks with at least this many addresses have peerings.
_PEERING_SIZE = 4_000.0


# `gc=False`: as with networks, the garbage collector would visit all links again and again.
class TransitLink(Struct, frozen=True, gc=False):
    """One upstream link of a customer. Its provider changes over time.

    Attributes:
        customer: The index of the customer.
        candidates: The indices of the providers, which take turns.
        phase: Offset of the days on which the provider changes.
        interval: Days between two changes.
        share: The share of the customer's traffic on this link.
        reciprocal: Whether the provider also buys transit from the customer.
    """

    customer: int
    candidates: tuple[int, ...]
    phase: int
    interval: int
    share: float
    reciprocal: bool

    def provider(self, day: int) -> int:
        """Return the index of the provider on a day."""
        return self.candidates[(day + self.phase) // self.interval % len(self.candidates)]


class Peering(Struct, frozen=True, gc=False):
    """A settlement-free peering between two networks, which is sometimes down."""

    one: int
    other: int
    phase: int
    interval: int

    def up(self, day: int) -> bool:
        """Return whether the peering exists on a day."""
        return (day + self.phase) // self.interval % 9 != 0


@dataclass(frozen=True, slots=True)
class Topology:
    """All links and peerings, by the index of a network.

    Attributes:
        links: All links.
        upstream: The links where the network is the customer.
        downstream: The links where the network is a provider on some days.
        peerings: The peerings of the network.
    """

    links: tuple[TransitLink, ...]
    upstream: dict[int, list[TransitLink]]
    downstream: dict[int, list[TransitLink]]
    peerings: dict[int, list[Peering]]


# Pure and expensive, so the emulators of one process share the result.
@lru_cache(maxsize=2)
def topology(seed: int) -> Topology:
    """Return the topology of a seed, which is the same on every machine."""
    world = internet(seed)
    rng = random.Random(f"topology {seed}")
    links = tuple(_transit_links(world, rng))
    upstream: dict[int, list[TransitLink]] = defaultdict(list)
    downstream: dict[int, list[TransitLink]] = defaultdict(list)
    for link in links:
        upstream[link.customer].append(link)
        for candidate in link.candidates:
            downstream[candidate].append(link)
    peerings: dict[int, list[Peering]] = defaultdict(list)
    transit = {(link.customer, candidate) for link in links for candidate in link.candidates}
    for one, other in sorted(set(_peering_pairs(world, rng))):
        if (one, other) not in transit and (other, one) not in transit:
            peering = Peering(one, other, below(rng, 1000), 3 + below(rng, 12))
            peerings[one].append(peering)
            peerings[other].append(peering)
    return Topology(links, dict(upstream), dict(downstream), dict(peerings))


def _transit_links(world: Internet, rng: random.Random) -> Iterator[TransitLink]:
    networks = world.networks
    backbones = [i for i, network in enumerate(networks) if network.tier is Tier.BACKBONE]
    for locals_ in world.homes.values():
        near = [i for i in locals_ if networks[i].tier is Tier.WHOLESALE]
        sellers = near + backbones
        appeal = list(
            accumulate(_seller_weights(world, near, _LOCAL) + _seller_weights(world, backbones, 1.0 - _LOCAL))
        )
        for i in locals_:
            network = networks[i]
            if network.tier is Tier.BACKBONE:
                continue
            wholesale = network.tier is Tier.WHOLESALE
            upstreams = rng.choices((1, 2, 3, 4), cum_weights=(35, 75, 93, 100))[0] + wholesale
            chosen = rng.choices(sellers, cum_weights=appeal, k=2 * upstreams)
            larger = [j for j in dict.fromkeys(chosen) if networks[j].size > network.size]
            yield from _links(i, larger, upstreams, wholesale, rng)


def _seller_weights(world: Internet, sellers: list[int], total: float) -> list[float]:
    appeals = [world.networks[i].size ** _APPEAL for i in sellers]
    scale = total / (sum(appeals) or 1.0)
    return [appeal * scale for appeal in appeals]


def _links(
    i: int, candidates: list[int], upstreams: int, wholesale: bool, rng: random.Random
) -> Iterator[TransitLink]:
    share = 0.6
    for slot in range(min(upstreams, len(candidates))):
        yield TransitLink(
            customer=i,
            candidates=tuple(candidates[slot::upstreams]),
            phase=below(rng, 1000),
            interval=60 + below(rng, 240),
            share=share,
            reciprocal=wholesale and rng.random() < 0.06,
        )
        share /= 2


def _peering_pairs(world: Internet, rng: random.Random) -> Iterator[tuple[int, int]]:
    networks = world.networks
    backbones = [i for i, network in enumerate(networks) if network.tier is Tier.BACKBONE]
    yield from combinations(backbones, 2)
    for locals_ in world.homes.values():
        peers = [
            i
            for i in locals_
            if networks[i].tier is Tier.WHOLESALE
            or (networks[i].tier is Tier.RETAIL and networks[i].size >= _PEERING_SIZE)
        ]
        for i in peers:
            wholesale = networks[i].tier is Tier.WHOLESALE
            met = rng.choices(peers, k=2 + below(rng, 14 if wholesale else 3))
            if wholesale:
                met += rng.choices(world.abroad, k=below(rng, 12))
            for j in met:
                if i != j:
                    yield min(i, j), max(i, j)
