"""The objects of one customer: AS groups, sites and plans."""

import datetime as dt
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from kentik_async._generated.site import v202509 as pb
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.sites import SiteDetails

__all__ = ["CustomerData", "StoredGroup"]


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """An AS group."""

    id: str
    name: str
    asns: tuple[int, ...]
    created: dt.datetime
    updated: dt.datetime


@dataclass(slots=True)
class CustomerData:
    """The objects of one customer.

    Attributes:
        company_id: The identifier of the customer in API v5.
        now: Returns the current time, for creation and update times.
        groups: AS groups by id.
        sites: Sites by id, as the JSON of API v5.
        plans: Plans, as the JSON of API v5.
        details: Site markets, and the fields of sites that only API v6 has.
    """

    company_id: int
    now: Callable[[], dt.datetime]
    groups: dict[str, StoredGroup] = field(default_factory=dict)
    sites: dict[int, dict[str, Any]] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)
    next_group: int = 1001
    next_site: int = 1
    details: SiteDetails = field(init=False)

    def __post_init__(self) -> None:
        self.details = SiteDetails(self.now)

    @classmethod
    def with_sample_data(cls, name: str, now: Callable[[], dt.datetime]) -> "CustomerData":
        """Create a customer with sample groups, sites and plans, in all forms that the API uses."""
        customer = cls(company_id=1000 + zlib.crc32(name.encode()) % 9000, now=now)
        customer.create_group("Documentation", (64496, 64511, 65551))
        customer.create_group("Private use", (64512, 4200000000))
        customer.create_site({"site_name": "Frankfurt 1", "lat": 50.1109, "lon": 8.6821})
        customer.create_site({"site_name": "LAX_02", "lat": 33.7700504, "lon": -118.1937395})
        customer.create_site({"site_name": "Warehouse", "lat": None, "lon": None})
        market = customer.details.create_market("Europe", "Data centers in Europe")
        customer.details.set(1, _frankfurt(market))
        customer.details.set(2, pb.Site(type=pb.SITE_TYPE_CLOUD))
        customer.plans.extend(_plans(customer.company_id))
        return customer

    def group(self, group_id: str) -> StoredGroup:
        """Return an AS group.

        Raises:
            AnswerError: 404; there is no such object.
        """
        try:
            return self.groups[group_id]
        except KeyError:
            raise AnswerError("NOT_FOUND", f"AS group {group_id!r} not found") from None

    def create_group(self, name: str, asns: tuple[int, ...]) -> StoredGroup:
        """Add an AS group.

        Raises:
            AnswerError: 409; another group has that name.
        """
        self._check_name(name, other_than=None)
        now = self.now()
        group = StoredGroup(str(self.next_group), name, asns, created=now, updated=now)
        self.next_group += 1
        self.groups[group.id] = group
        return group

    def update_group(self, group_id: str, name: str, asns: tuple[int, ...]) -> StoredGroup:
        """Replace the name and the members of an AS group.

        Raises:
            AnswerError: 404, there is no such group; 409, another group has that name.
        """
        old = self.group(group_id)
        self._check_name(name, other_than=group_id)
        self.groups[group_id] = group = replace(old, name=name, asns=asns, updated=self.now())
        return group

    def delete_group(self, group_id: str) -> None:
        """Remove an AS group.

        Raises:
            AnswerError: 404; there is no such object.
        """
        del self.groups[self.group(group_id).id]

    def site(self, site_id: int) -> dict[str, Any]:
        """Return a site.

        Raises:
            AnswerError: 404; there is no such object.
        """
        try:
            return self.sites[site_id]
        except KeyError:
            raise AnswerError(404, f"Site {site_id} not found") from None

    def create_site(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Add a site."""
        site = {"id": self.next_site, **fields, "company_id": self.company_id}
        self.sites[self.next_site] = site
        self.next_site += 1
        return site

    def delete_site(self, site_id: int) -> None:
        """Remove a site.

        Raises:
            AnswerError: 404; there is no such object.
        """
        del self.sites[int(self.site(site_id)["id"])]
        self.details.remove(site_id)

    def _check_name(self, name: str, *, other_than: str | None) -> None:
        if any(group.name == name and group.id != other_than for group in self.groups.values()):
            raise AnswerError("ALREADY_EXISTS", f"AS group name {name!r} is already in use")


def _frankfurt(market: pb.SiteMarket) -> pb.Site:
    """Return the details of a site that has all fields of API v6."""
    return pb.Site(
        type=pb.SITE_TYPE_DATA_CENTER,
        postal_address=pb.PostalAddress(
            address="Kleyerstr. 90", city="Frankfurt", postal_code="60326", country="Germany"
        ),
        address_classification=pb.SiteIpAddressClassification(
            infrastructure_networks=["192.0.2.0/24"], other_networks=["2001:db8::/32"]
        ),
        architecture=[
            pb.LayerSet(layers=[pb.Layer(name="edge", device_ids=["1206"])]),
            pb.LayerSet(layers=[pb.Layer(name="core"), pb.Layer(name="access", device_ids=["4806"])]),
        ],
        site_market=market,
        peeringdb_site_mapping=[pb.PeeringDBSiteMapping(id="1", site_id="1", peeringdb_fac_id="58")],
    )


def _plans(company_id: int) -> list[dict[str, Any]]:
    """Return two plans: one like the vendor's example, and an older one with fewer and other fields."""
    devices = [
        {"device_name": "edge_fra_1", **_both("router"), "id": "1206"},
        {"device_name": "edge_lax_2", **_both("router"), "id": "4806"},
        {"device_name": "probe_basic", **_both("host-nprobe-basic"), "id": "8937"},
    ]
    types = ("router", "host-nprobe-basic", "host-nprobe-dns-www")
    default = {
        "id": 550,
        "company_id": company_id,
        "name": "Default",
        "description": "The plan to which devices are added by default.",
        "active": True,
        "max_devices": 75,
        "max_fps": 4000,
        "bgp_enabled": True,
        "fast_retention": 120,
        "full_retention": 120,
        "cdate": "2016-10-27T00:35:42.652Z",
        "edate": None,
        "max_bigdata_fps": 30,
        "deviceTypes": [_both(name) for name in types],
        "devices": devices,
    }
    former = {
        "id": "551",
        "company_id": str(company_id),
        "name": "Trial",
        "active": False,
        "max_devices": 5,
        "cdate": "2015-03-01T12:00:00.000Z",
        "edate": "2016-10-27T00:35:42.652Z",
        "deviceTypes": [{"device_type": "router"}],
        "devices": [{"device_name": "lab", "device_type": "router", "id": "77"}],
        "metadata": {"source": "sales"},
    }
    return [default, former]


def _both(device_type: str) -> dict[str, str]:
    """Return the type of a device under the name of the vendor's page and that of the vendor's SDK."""
    return {"device_subtype": device_type, "device_type": device_type}
