"""Plans: what a company has licensed, and which devices use it."""

import datetime as dt

from kentik_async.models._base import Int64, JSONValue, Model, Number, reads_as_dataclass

__all__ = ["Plan", "PlanDevice", "PlanDeviceType"]


@reads_as_dataclass
class PlanDeviceType(Model, frozen=True, gc=False):
    """A type of device that a plan admits.

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
    """A plan (Kentik KB, Site and Plan APIs). The vendor may leave out any field but the identifier.

    Attributes:
        id: The identifier that the vendor gave it.
        company_id: The company that it belongs to.
        name: Its name, not necessarily unique.
        description: What it is for.
        active: It is in force.
        max_devices: How many devices may use it.
        max_fps: Flow records a second that each device may send.
        bgp_enabled: Its devices may be peered to collect routing data.
        fast_retention: Days that data stays in the Fast dataseries.
        full_retention: Days that data stays in the Full dataseries.
        cdate: When it was made, in UTC.
        edate: When it was last changed, in UTC.
        max_bigdata_fps: Flow records a second for fast rollups: a number or an object, as sent.
        device_types: The types of device that it admits.
        devices: The devices that use it.
        metadata: Whatever else the vendor attached, as sent.
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
        # Not over all fields: the two of free form may hold dicts, which have no hash.
        return hash((Plan, self.id, self.company_id, self.name))
