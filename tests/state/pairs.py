"""Generated accounts with matching documents, and the expected accounts afterwards."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from kentik_async._generated.site import v202509 as pb
from kentik_async.emulator.world.customer import CustomerData

__all__ = ["Pair", "contents", "fill"]

NAMES = ("fra1", "lax 1", "Zürich", "core-1", "1", "true", "a: b", "x" * 200, "#", "\u2028😀", "null", " y")
ASNS = (1, 3356, 65546, 64512, 4294967295, 0)
TYPES = ("data_center", "cloud", "branch", "connectivity", "customer", "other")
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32")


def fill(data: CustomerData, chance: random.Random) -> None:
    """Give a customer some objects of each kind instead of its own."""
    data.groups.clear()
    data.sites.clear()
    data.details.sites.clear()
    data.details.market_ids.clear()
    data.details.markets.clear()
    for name in some(chance, NAMES, 8):
        data.create_group(name, tuple(some(chance, ASNS, 6)))
    for name in some(chance, NAMES, 4):
        data.details.create_market(name, chance.choice(("", "PoPs", "all: of # them")))
    for name in chance.choices(NAMES, k=chance.randrange(8)):  # two may have the same title
        site_id = data.next_site
        data.create_site({"site_name": name, "lat": degrees(chance, 90), "lon": degrees(chance, 180)})
        data.details.set(site_id, a_site(chance, list(data.details.markets.values())))


def some(chance: random.Random, values: Any, most: int) -> list[Any]:
    """Return some of the values, without duplicates."""
    return chance.sample(values, chance.randrange(min(most, len(values)) + 1))


def degrees(chance: random.Random, bound: int) -> float:
    return chance.choice((0.0, round(chance.uniform(-bound, bound), 4), float(bound)))


def address(chance: random.Random) -> dict[str, str]:
    return {
        "address": chance.choice(("Kleyerstr. 90", "1 Main St: rear")),
        "city": chance.choice(("Frankfurt", "Zürich")),
        "region": chance.choice(("", "Hessen")),
        "postal_code": chance.choice(("", "60326", "060")),
        "country": chance.choice(("Germany", "NO")),
    }


def a_site(chance: random.Random, markets: list[pb.SiteMarket]) -> pb.Site:
    """Return the fields of a site that only API v6 has."""
    site = pb.Site(type=chance.randrange(1, 9))
    if chance.random() < 0.5:
        site.postal_address.CopyFrom(pb.PostalAddress(**address(chance)))
    if chance.random() < 0.5:
        site.address_classification.infrastructure_networks.extend(some(chance, NETWORKS, 3))
        site.address_classification.other_networks.extend(some(chance, NETWORKS, 3))
    for level in range(chance.randrange(3)):
        layers = [pb.Layer(name=f"l{level}", device_ids=["1206"][: chance.randrange(2)]), pb.Layer()]
        site.architecture.append(pb.LayerSet(layers=layers))
    if markets and chance.random() < 0.5:
        site.site_market.CopyFrom(chance.choice(markets))
    for facility in some(chance, ("58", "60", "1"), 3):
        mapping = pb.PeeringDBSiteMapping(id=f"m{facility}", peeringdb_fac_id=facility)
        site.peeringdb_site_mapping.append(mapping)
    return site


Content = dict[str, dict[str, dict[str, Any]]]


def contents(data: CustomerData) -> Content:
    """Return all objects by kind and identifier, each as its fields; read without the client."""
    groups = {one.id: {"name": one.name, "asn": set(one.asns)} for one in data.groups.values()}
    markets = {
        one.id: {"name": one.name, "description": one.description} for one in data.details.markets.values()
    }
    sites = {}
    for site_id, known in data.sites.items():
        more = data.details.sites.get(site_id) or pb.Site(type=pb.SITE_TYPE_OTHER)
        fields: dict[str, Any] = {
            "title": known["site_name"],
            "lat": known["lat"] or 0.0,
            "lon": known["lon"] or 0.0,
            "type": (TYPES[more.type - 1] if 1 <= more.type <= len(TYPES) else str(more.type)),
            "site_market": data.details.market_ids.get(site_id),
            "architecture": [
                [(layer.name, list(layer.device_ids)) for layer in level.layers]
                for level in more.architecture
            ],
            "peeringdb_site_mapping": {one.peeringdb_fac_id: one.id for one in more.peeringdb_site_mapping},
        }
        for top in ("postal_address", "address_classification"):
            part = getattr(more, top)
            for described in part.DESCRIPTOR.fields:
                value = getattr(part, described.name)
                fields[f"{top}.{described.name}"] = value if isinstance(value, str) else set(value)
        sites[str(site_id)] = fields
    return {"as_groups": groups, "site_markets": markets, "sites": sites}


@dataclass
class Pair:
    """A document for an account, and the fields that it manages.

    Attributes:
        text: The document, as the value of a JSON or YAML file.
        managed: For each kind, the managed fields of the existing objects by identifier.
        new: For each kind, the fields of the objects to create by name.
        protected: For each kind, the identifiers of objects that must not be deleted.
    """

    text: dict[str, Any]
    managed: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    new: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    protected: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def make(cls, before: Content, chance: random.Random) -> "Pair":
        """Create a document that keeps, changes, renames, omits and adds objects."""
        kinds = [kind for kind in before if chance.random() < 0.8] or ["as_groups"]
        if "sites" in kinds and "site_markets" not in kinds:
            kinds.append("site_markets")
        pair = cls({"version": 1, **{kind: {} for kind in kinds}, "protect": {}})
        for kind in sorted(kinds, key=("site_markets", "as_groups", "sites").index):
            pair._add_kind(kind, before[kind], chance)
        return pair

    def _add_kind(self, kind: str, objects: Mapping[str, dict[str, Any]], chance: random.Random) -> None:
        key_field = "title" if kind == "sites" else "name"
        names = [one[key_field] for one in objects.values()]
        fresh = [f"new {number}" for number in range(20)]
        self.managed[kind], self.new[kind], self.protected[kind] = {}, {}, set()
        for id, stored in objects.items():
            name = stored[key_field]
            if chance.random() < 0.3:
                if chance.random() < 0.5:
                    self.text["protect"].setdefault(kind, []).append(pattern_of(name))
                    pattern = pattern_of(name)
                    self.protected[kind] |= {
                        i for i, one in objects.items() if fnmatchcase(one[key_field], pattern)
                    }
                continue
            entry, wanted = self._fields(kind, chance)
            key = name
            if names.count(name) > 1:
                key = f"{name} ({id})"
                entry |= {"id": id, key_field: name}
            elif chance.random() < 0.2:
                key = fresh.pop()
                entry["id"] = int(id)
                wanted[key_field] = key
            self.text[kind][key] = entry
            self.managed[kind][id] = wanted
        for _ in range(chance.randrange(3)):
            name = fresh.pop()
            entry, wanted = self._fields(kind, chance)
            required = {"as_groups": {"asn": [7]}, "sites": {"type": "cloud"}, "site_markets": {}}[kind]
            for one, value in required.items():
                if one not in entry:
                    entry[one] = value
                    wanted[one] = set(value) if isinstance(value, list) else value
            if kind == "sites" and isinstance(entry.get("postal_address"), dict):
                entry["postal_address"] = whole = address(chance)
                wanted |= {f"postal_address.{part}": value for part, value in whole.items()}
            self.text[kind][name] = entry
            self.new[kind][name] = {key_field: name, **wanted}

    def _fields(self, kind: str, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return an entry, and the expected fields of its object."""
        if kind == "site_markets":
            description = chance.choice((None, "", "PoPs"))
            entry = {} if description is None else {"description": description}
            return entry, dict(entry)
        if kind == "as_groups":
            if chance.random() < 0.3:
                return {}, {}
            asns = some(chance, ASNS, 6)
            return {"asn": [chance.choice((asn, f"AS{asn}")) for asn in asns]}, {"asn": set(asns)}
        entry: dict[str, Any] = {}
        wanted: dict[str, Any] = {}
        if chance.random() < 0.5:
            entry["lat"] = wanted["lat"] = degrees(chance, 90)
        if chance.random() < 0.5:
            entry["type"] = wanted["type"] = chance.choice(TYPES)
        if chance.random() < 0.5:
            facilities = some(chance, ("58", "60", "2"), 3)
            entry["peeringdb_site_mapping"] = facilities
            wanted["peeringdb_site_mapping"] = set(facilities)
        if chance.random() < 0.5:
            networks = some(chance, NETWORKS, 3)
            entry["address_classification"] = {"other_networks": networks}
            wanted["address_classification.other_networks"] = set(networks)
        if chance.random() < 0.5:
            layers = [{"name": "core", "device_ids": ["1", "2"]}]
            entry["architecture"] = [{"layers": layers}]
            wanted["architecture"] = [[("core", ["1", "2"])]]
        self._add_market(entry, wanted, chance)
        self._add_address(entry, wanted, chance)
        return entry, wanted

    def _add_market(self, entry: dict[str, Any], wanted: dict[str, Any], chance: random.Random) -> None:
        keys = list(self.text["site_markets"])
        if chance.random() < 0.2:
            entry["site_market"] = wanted["site_market"] = None
        elif keys and chance.random() < 0.5:
            entry["site_market"] = chance.choice(keys)
            wanted["site_market"] = ("key", entry["site_market"])

    def _add_address(self, entry: dict[str, Any], wanted: dict[str, Any], chance: random.Random) -> None:
        choice = chance.random()
        if choice < 0.2:
            entry["postal_address"] = None
            wanted |= dict.fromkeys((f"postal_address.{part}" for part in address(chance)), "")
        elif choice < 0.5:
            entry["postal_address"] = whole = address(chance)
            wanted |= {f"postal_address.{part}": value for part, value in whole.items()}

    def check(self, before: Content, after: Content, *, prune: bool) -> None:
        """Check an account after this document was applied to it."""
        for kind, objects in before.items():
            found = after[kind]
            if kind not in self.managed:
                assert comparable(found, objects) == comparable(objects, objects), f"{kind} is not managed"
                continue
            key_field = "title" if kind == "sites" else "name"
            for id, stored in objects.items():
                wanted = self.managed[kind].get(id)
                if wanted is None and prune and id not in self.protected[kind]:
                    if kind != "site_markets":
                        assert id not in found, f"{kind} {id} must be deleted"
                    continue
                self._check_object(kind, stored, found[id], wanted or {}, after)
            created = {one[key_field]: one for id, one in found.items() if id not in objects}
            assert len(created) == len(found.keys() - objects.keys()), "created twice"
            assert created.keys() == self.new[kind].keys()
            for name, wanted in self.new[kind].items():
                self._check_object(kind, {}, created[name], wanted, after)

    def _check_object(
        self, kind: str, old: dict[str, Any], new: dict[str, Any], wanted: dict[str, Any], after: Content
    ) -> None:
        for name, value in new.items():
            expected = wanted.get(name, old.get(name, value))
            if isinstance(expected, tuple):  # a key in site_markets
                market = after["site_markets"][value]["name"]
                entry = self.text["site_markets"][expected[1]]
                assert market == entry.get("name", expected[1])
            elif name == "peeringdb_site_mapping" and name in wanted:
                assert value.keys() == expected
                kept = old.get(name, {})
                assert {one: value[one] for one in value if one in kept} == {
                    one: id for one, id in kept.items() if one in value
                }, "a facility that stays keeps its identifier"
            else:
                assert value == expected, f"{kind}: {name} is {value!r}, not {expected!r}"


def comparable(objects: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    return {id: objects[id] for id in like}


def pattern_of(name: str) -> str:
    """Return a pattern that matches a name."""
    return name if name.replace(" ", "").isalnum() else "".join(c if c.isalnum() else "?" for c in name)
