"""What one customer keeps at Kentik: AS groups, sites and plans."""

import datetime as dt
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from kentik_async.emulator.errors import AnswerError

__all__ = ["Company", "Group"]


@dataclass(frozen=True, slots=True)
class Group:
    """An AS group."""

    id: str
    name: str
    asns: tuple[int, ...]
    created: dt.datetime
    updated: dt.datetime


@dataclass(slots=True)
class Company:
    """One customer's belongings.

    Attributes:
        company_id: The number by which API v5 calls the customer.
        groups: AS groups by id.
        sites: Sites by id, in the form of API v5's JSON.
        plans: Plans, in the form of API v5's JSON.
        now: The clock that stamps changes.
    """

    company_id: int
    now: Callable[[], dt.datetime]
    groups: dict[str, Group] = field(default_factory=dict)
    sites: dict[int, dict[str, Any]] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)
    next_group: int = 1001
    next_site: int = 1

    @classmethod
    def settle(cls, customer: str, now: Callable[[], dt.datetime]) -> "Company":
        """Make a customer as Kentik might know it: with groups, sites and plans in all forms that occur."""
        company = cls(company_id=1000 + zlib.crc32(customer.encode()) % 9000, now=now)
        company.create_group("Documentation", (64496, 64511, 65551))
        company.create_group("Private use", (64512, 4200000000))
        company.create_site({"site_name": "Frankfurt 1", "lat": 50.1109, "lon": 8.6821})
        company.create_site({"site_name": "LAX_02", "lat": "33.7700504", "lon": "-118.1937395"})
        company.create_site({"site_name": "Warehouse", "lat": None, "lon": None})
        company.sites[2]["company_id"] = str(company.company_id)
        company.plans.extend(_plans(company.company_id))
        return company

    def group(self, group_id: str) -> Group:
        """Return an AS group.

        Raises:
            AnswerError: 404; there is none of that id.
        """
        try:
            return self.groups[group_id]
        except KeyError:
            raise AnswerError("NOT_FOUND", f"AS group {group_id!r} not found") from None

    def create_group(self, name: str, asns: tuple[int, ...]) -> Group:
        """Add an AS group.

        Raises:
            AnswerError: 409; another group has that name.
        """
        self._check_name(name, other_than=None)
        now = self.now()
        group = Group(str(self.next_group), name, asns, created=now, updated=now)
        self.next_group += 1
        self.groups[group.id] = group
        return group

    def update_group(self, group_id: str, name: str, asns: tuple[int, ...]) -> Group:
        """Replace an AS group's name and numbers.

        Raises:
            AnswerError: 404, there is none of that id; 409, another group has that name.
        """
        old = self.group(group_id)
        self._check_name(name, other_than=group_id)
        self.groups[group_id] = group = replace(old, name=name, asns=asns, updated=self.now())
        return group

    def delete_group(self, group_id: str) -> None:
        """Remove an AS group.

        Raises:
            AnswerError: 404; there is none of that id.
        """
        del self.groups[self.group(group_id).id]

    def site(self, site_id: int) -> dict[str, Any]:
        """Return a site.

        Raises:
            AnswerError: 404; there is none of that id.
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

    def _check_name(self, name: str, *, other_than: str | None) -> None:
        if any(group.name == name and group.id != other_than for group in self.groups.values()):
            raise AnswerError("ALREADY_EXISTS", f"AS group name {name!r} is already in use")


def _plans(company_id: int) -> list[dict[str, Any]]:
    """Return two plans: one as the vendor's page shows it, one older, with less and more in it."""
    routers = [
        {"device_name": "edge_fra_1", "device_subtype": "router", "id": "1206"},
        {"device_name": "edge_lax_2", "device_subtype": "router", "id": "4806"},
        {"device_name": "probe_basic", "device_subtype": "host-nprobe-basic", "id": "8937"},
    ]
    subtypes = ("router", "host-nprobe-basic", "host-nprobe-dns-www")
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
        "deviceTypes": [{"device_subtype": subtype} for subtype in subtypes],
        "devices": routers,
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
