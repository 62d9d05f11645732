"""The autonomous systems of the generated Internet: their names, sizes, and changes from day to day.

Everything is a pure function of (seed, day). All networks are fictional; any match with a real AS number or
name is a coincidence.
"""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate

from msgspec import Struct

from kentik_async.emulator.world.markets import COUNTRIES, Country, MarketArea

__all__ = ["Internet", "Network", "Tier", "below", "internet"]

# First and second parts of network names, combined at random.
_STEM_TEXT = """
Aber Alder Amber Anvil Arbor Argent Ash Aurora Basalt Bay Beacon Birch Bluff Boreal Bracken Bright Cairn
Cedar Cinder Clear Cliff Cobalt Copper Coral Crane Crest Dawn Delta Drift Dune Ember Fathom Fen Fern
Field Flint Ford Gale Garnet Glen Granite Grove Gull Harbor Hazel Heath Heron Hollow Indigo Iris Iron
Jade Juniper Kelp Kestrel Lagoon Larch Lark Laurel Linden Lupin Lunar Maple Marsh Meadow Mesa Mist Moor
Moss North Oak Onyx Opal Orchid Osprey Otter Pebble Pine Plover Quartz Quill Raven Reed Ridge River Rowan
Sable Sage Salt Shale Shore Silver Slate Solar Sorrel South Spruce Stone Storm Summit Swift Tarn Teal
Thistle Tide Timber Topaz Vale Vesper Violet Wave West Willow Wren Yarrow Zephyr
"""
_END_TEXT = """
bridge cast core field gate grid hub lane line link loop mark mesh node path point port span way wire
"""
_STEMS = tuple(_STEM_TEXT.split())
_ENDS = tuple(_END_TEXT.split())
_KINDS = (
    ("Backbone", "Carrier Services", "Global Transit", "International"),
    ("Carrier", "Communications", "Exchange Services", "Networks", "Telecom"),
    (
        "Broadband",
        "Cable",
        "Cloud",
        "Data Centers",
        "Fiber",
        "Hosting",
        "Internet",
        "Mobile",
        "Online",
        "University",
    ),
)
_FORMS = ("Inc.", "Ltd", "LLC", "S.A.", "GmbH", "Group", "")

_ASNS = (range(1_000, 64_000), range(131_072, 402_000))
_NOISE = 4096
_DRIFT = 0.03
# Mean and standard deviation of the logarithm of the address space, by tier.
_SIZES = ((17.0, 0.8), (10.5, 1.3), (7.0, 1.5))


class Tier(IntEnum):
    """The role of a network."""

    BACKBONE = 0
    WHOLESALE = 1
    RETAIL = 2


_TIERS = tuple(Tier)


# With `gc=False` the garbage collector does not visit the 28,600 networks again and again.
class Network(Struct, frozen=True, gc=False):
    """One autonomous system.

    Attributes:
        asn: The AS number.
        name: The name.
        country: The code of the home country.
        tier: The role.
        size: The IPv4 address space that it transits or originates, in addresses.
        size6: The same for IPv6, in /48 networks; 0 if it has none.
        phase: Offset of the days on which it changes.
        interval: Days between two changes.
        intermittent: Whether it is sometimes absent from all tables.
        global_: Whether it is present outside its home region.
    """

    asn: int
    name: str
    country: str
    tier: Tier
    size: float
    size6: float
    phase: int
    interval: int
    intermittent: bool
    global_: bool


@dataclass(frozen=True, slots=True)
class Internet:
    """All networks, and the noise that changes them.

    Attributes:
        networks: All networks. The rest of the emulator refers to a network by its index here.
        index: The index of each AS number.
        homes: The indices of the networks of each country.
        abroad: The indices of the networks that are present outside their home region.
        noise: A table of random numbers in [-1, 1], which are faster to look up than to generate.
    """

    networks: tuple[Network, ...]
    index: dict[int, int]
    homes: dict[str, range]
    abroad: tuple[int, ...]
    noise: tuple[float, ...]

    def members(self, market: MarketArea) -> list[tuple[int, float]]:
        """Return the index of each network in a market, with the weight of its presence in (0, 1]."""
        salt = zlib.crc32(market.market_id.encode())
        width = 0.02 + 0.5 * len(market.countries) / len(COUNTRIES)
        locals_ = sum(country.networks for country in COUNTRIES if country.code in market.countries)
        bar = 0.6 - min(1.2, locals_ / 400)
        found = [(i, 1.0) for code, home in self.homes.items() if code in market.countries for i in home]
        for i in self.abroad:
            network = self.networks[i]
            if network.country not in market.countries:
                chance = self.noise[(i * 769 + salt) % _NOISE]
                if chance > bar or network.tier is Tier.BACKBONE:
                    found.append((i, width * (0.2 + abs(chance))))
        return found

    def factors(self, day: int) -> list[float]:
        """Return the size of each network on a day, relative to its normal size; 0 if it is absent.

        Args:
            day: The ordinal of the day.
        """
        noise = self.noise
        factors: list[float] = []
        for i, network in enumerate(self.networks):
            step = (day + network.phase) // network.interval
            if network.intermittent and not step % 3:
                factors.append(0.0)
            else:
                factors.append(1.0 + _DRIFT * noise[(i * 31 + step * 2477) % _NOISE])
        return factors


# Pure and expensive, so the emulators of one process share the result.
@lru_cache(maxsize=2)
def internet(seed: int) -> Internet:
    """Return the generated Internet of a seed, which is the same on every machine."""
    rng = random.Random(f"networks {seed}")
    numbers = [rng.sample(span, 24_000) for span in _ASNS]
    networks = tuple(network for country in COUNTRIES for network in _networks_of(country, rng, numbers))
    index = {network.asn: i for i, network in enumerate(networks)}
    ends = accumulate(country.networks for country in COUNTRIES)
    homes = {
        country.code: range(end - country.networks, end) for country, end in zip(COUNTRIES, ends, strict=True)
    }
    abroad = tuple(i for i, network in enumerate(networks) if network.global_)
    return Internet(networks, index, homes, abroad, tuple(rng.uniform(-1.0, 1.0) for _ in range(_NOISE)))


def _networks_of(country: Country, rng: random.Random, numbers: list[list[int]]) -> Iterator[Network]:
    backbones = country.networks // 320
    wholesalers = backbones + max(1, country.networks // 8)
    for position in range(country.networks):
        tier = _TIERS[(position >= backbones) + (position >= wholesalers)]
        chance = rng.random()
        size = rng.lognormvariate(*_SIZES[tier])
        yield Network(
            asn=numbers[tier is Tier.RETAIL and chance < 0.7].pop(),
            name=_name(tier, rng),
            country=country.code,
            tier=tier,
            size=size,
            size6=size * 0.3 * rng.random() if chance < 0.55 or tier is Tier.BACKBONE else 0.0,
            phase=below(rng, 1000),
            interval=5 + below(rng, 35),
            intermittent=tier is Tier.RETAIL and rng.random() < 0.04,
            global_=tier is Tier.BACKBONE or (tier is Tier.WHOLESALE and chance < 0.2),
        )


def _name(tier: Tier, rng: random.Random) -> str:
    words = (_choice(_STEMS, rng) + _choice(_ENDS, rng), _choice(_KINDS[tier], rng), _choice(_FORMS, rng))
    return " ".join(filter(None, words))


def _choice(texts: tuple[str, ...], rng: random.Random) -> str:
    return texts[below(rng, len(texts))]


def below(rng: random.Random, end: int) -> int:
    """Return the number that `rng.randrange(end)` would return, in a third of the time."""
    bits = end.bit_length()
    while (number := rng.getrandbits(bits)) >= end:
        pass
    return number
