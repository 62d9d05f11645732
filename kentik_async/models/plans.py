"""Plans: the licences of a company, and the devices that use them."""

import datetime as dt

from kentik_async.models._base import Int64, JSONValue, Model, Number, reads_as_dataclass

__all__ = ["Plan", "PlanDevice", "PlanDeviceType"]


@reads_as_dataclass
class PlanDeviceType(Model, frozen=True, gc=False):
    """A type of device that a plan allows.

    Attributes:
        device_subtype: The type's name, such as "router".
    """

    device_subtype: str | None = None


@reads_as_dataclass
class PlanDevice(Model, frozen=True, gc=False):
    """A device that uses a plan.

    Attributes:
        id: The device's identifier.
        device_name: Its name.
        device_subtype: Its type, such as "router".
    """

    id: Int64 | None = None
    device_name: str | None = None
    device_subtype: str | None = None


@reads_as_dataclass
class Plan(Model, frozen=True):
    """A plan (Kentik KB, Site and Plan APIs). The vendor may omit any field but the identifier.

    Attributes:
        id: Its identifier, assigned by the vendor.
        company_id: The company that it belongs to.
        name: Its name, not necessarily unique.
        description: Its description.
        active: Whether it is active.
        max_devices: The number of devices that may use it.
        max_fps: Flow records per second that each device may send.
        bgp_enabled: Whether its devices may peer to collect routing data.
        fast_retention: Days that data stays in the Fast dataseries.
        full_retention: Days that data stays in the Full dataseries.
        cdate: When it was created, in UTC.
        edate: When it was last changed, in UTC.
        max_bigdata_fps: Flow records per second for fast rollups: a number or an object, as sent.
        device_types: The types of device that it allows.
        devices: The devices that use it.
        metadata: Further data of the vendor, as sent.
    """

    id: Int64
    company_id: Int64 | None = None
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    max_devices: Int64 | None = None
    max_fps: Number | None = None
    bgp_enabled: bool | None = None
    fast_retention: Number | None = None
    full_retention: Number | None = None
    cdate: dt.datetime | None = None
    edate: dt.datetime | None = None
    max_bigdata_fps: JSONValue = None
    device_types: tuple[PlanDeviceType, ...] = ()
    devices: tuple[PlanDevice, ...] = ()
    metadata: JSONValue = None

    def __hash__(self) -> int:
        # Not of all fields: max_bigdata_fps and metadata may contain dicts, which cannot be hashed.
        return hash((Plan, self.id, self.company_id, self.name))
