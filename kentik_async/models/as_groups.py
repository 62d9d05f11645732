"""AS groups: named sets of autonomous systems."""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from kentik_async.models._base import Int64, Model, reads_as_dataclass
from kentik_async.models.records import Records

__all__ = ["ASGroup", "ASGroupList", "AutonomousSystem"]


@reads_as_dataclass
class AutonomousSystem(Model, frozen=True, gc=False):
    """One member of an AS group.

    Attributes:
        asn: The autonomous system's number.
        name: Its name, assigned by the vendor.
    """

    asn: Int64
    name: str = ""


@reads_as_dataclass
class ASGroup(Model, frozen=True):
    """A configured AS group (Kentik KB, AS Group APIs).

    Attributes:
        id: Its identifier, assigned by the vendor.
        name: Its name, unique within the company.
        asn: Its members, in the server's order.
        created_date: When it was created, in UTC.
        updated_date: When it was last changed, in UTC.
    """

    id: str
    name: str
    asn: tuple[AutonomousSystem, ...] = ()
    created_date: dt.datetime | None = None
    updated_date: dt.datetime | None = None


class ASGroupList(Records[ASGroup]):
    """All AS groups of a company.

    Attributes:
        invalid_count: The number of invalid entries that the server skipped.
    """

    invalid_count: int

    def __new__(cls, rows: Iterable[ASGroup] = (), *, invalid_count: int = 0) -> Self:
        """Create the list from rows and the server's count of invalid entries."""
        self = super().__new__(cls, rows, ASGroup)
        self._keep(invalid_count=invalid_count)
        return self
