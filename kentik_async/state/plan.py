"""The parts of a plan."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from kentik_async.state.account import StoredObject
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import API, Kind

__all__ = ["Action", "Change", "FieldChange", "StatePlan", "Unmanaged"]

Action: TypeAlias = Literal["create", "update", "delete"]

_CALLS: Mapping[Action, int] = {"create": 1, "update": 2, "delete": 2}
"""An update reads before it writes, and a deletion before it deletes."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A change of one field.

    Attributes:
        old: The value that the server has; None if it has none.
        new: The value that it will have; None if it will have none.
        added: For lists without order: what is added.
        removed: For lists without order: what is removed.
    """

    old: Any = None
    new: Any = None
    added: tuple[Any, ...] | None = None
    removed: tuple[Any, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return `{"from", "to"}`, or for a list without order `{"added", "removed"}`."""
        if self.added is not None or self.removed is not None:
            return {"added": list(self.added or ()), "removed": list(self.removed or ())}
        return {"from": self.old, "to": self.new}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one object.

    Attributes:
        kind: The kind: "as_groups", "sites" or "site_markets".
        name: The object's name or title after the change.
        id: Its identifier; None for a new object.
        action: "create", "update" or "delete".
        fields: The changed fields by name; `postal_address.city` is the city of the address.
    """

    kind: Kind
    name: str
    id: str | None
    action: Action
    fields: Mapping[str, FieldChange]
    entry: DeclaredObject | None = field(default=None, repr=False)
    stored: StoredObject | None = field(default=None, repr=False)

    @property
    def calls(self) -> int:
        """The number of requests that it takes."""
        return _CALLS[self.action]

    @property
    def digest(self) -> str:
        """A checksum of this change."""
        return _digest(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain values."""
        return {**self.subject(), "fields": {name: one.to_dict() for name, one in self.fields.items()}}

    def subject(self) -> dict[str, Any]:
        """Return kind, name, id and action."""
        return {"kind": self.kind, "name": self.name, "id": self.id, "action": self.action}


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """An object that the document does not name; it is not changed.

    Attributes:
        kind: Its kind.
        name: Its name or title.
        id: Its identifier.
        reason: Why it is not deleted although the plan prunes; None if the plan does not prune.
    """

    kind: Kind
    name: str
    id: str
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the object as plain values."""
        return {"kind": self.kind, "name": self.name, "id": self.id, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class StatePlan:
    """The changes that `apply` would make.

    Attributes:
        changes: The changes, in the order in which they start.
        unmanaged: Objects that the document does not name.
        seconds: How long the calls will take, as estimated from the quota.
        ids: The identifiers of all objects that the account has, by kind.
        api: The API that sites are managed with.
        market_ids: The identifiers of the keys in site_markets that exist.
        needs: For each change, the positions of the changes that must be done before it.
    """

    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...] = ()
    seconds: float = 0.0
    ids: Mapping[Kind, frozenset[str]] = field(default_factory=dict, repr=False)
    api: API = "v6"
    market_ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    needs: tuple[frozenset[int], ...] = field(default=(), repr=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change."""
        return not self.changes

    @property
    def calls(self) -> int:
        """The number of requests that the changes take, without retries."""
        return sum(change.calls for change in self.changes)

    @property
    def checksum(self) -> str:
        """A checksum of all changes; another plan with the same checksum makes the same changes."""
        return _digest([change.to_dict() for change in self.changes])

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, as `kentik-async plan -o json` prints it."""
        return {
            "changes": [change.to_dict() for change in self.changes],
            "unmanaged": [one.to_dict() for one in self.unmanaged],
            "calls": self.calls,
            "seconds": self.seconds,
            "checksum": self.checksum,
        }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
