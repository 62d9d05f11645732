"""Backups: the original objects that a plan changes or deletes."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentik_async._clock import utc_now
from kentik_async.errors import ConfigError
from kentik_async.models import SiteV6
from kentik_async.state.account import StoredObject
from kentik_async.state.document import Document
from kentik_async.state.files import state_folder, write_whole
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import KINDS, Kind, fields_of
from kentik_async.state.format.nodes import Position
from kentik_async.state.plan import StatePlan

__all__ = ["Backup", "begun_changes", "read_backup", "write_backup"]

_FORMAT = "kentik_async_backup"


@dataclass(frozen=True, slots=True)
class Backup:
    """The content of a backup.

    Attributes:
        checksum: The checksum of the plan that was applied.
        changes: The digests of its changes.
        document: The original objects that it changed or deleted.
    """

    checksum: str
    changes: frozenset[str]
    document: Document


def write_backup(plan: StatePlan, path: str | os.PathLike[str] | None) -> Path:
    """Write the objects that a plan changes or deletes.

    A file of the same plan, or of a plan that started with the same changes, is not replaced: it holds the
    objects before the first change. Any other file of this name is renamed.

    Args:
        plan: The plan.
        path: The file; None for one in the folder `backups` of the user's state folder.

    Returns:
        The file.

    Raises:
        TargetError: It cannot be written.
    """
    digests = [change.digest for change in plan.changes]
    if path is None:
        stamp = utc_now().strftime("%Y-%m-%dT%H-%M-%SZ")
        place = _free(state_folder("backups") / f"{stamp}-{plan.checksum}.json")
    else:
        place = Path(path)
        if place.exists():
            if frozenset(digests) <= _digests(place):
                return place
            place.replace(_free(place))
    stored = [change.stored for change in plan.changes if change.stored is not None]
    content = {
        _FORMAT: 1,
        "created": utc_now().isoformat(timespec="seconds"),
        "checksum": plan.checksum,
        "changes": digests,
        "document": _document(stored, plan).to_dict(),
    }
    write_whole(place, json.dumps(content, indent=2) + "\n")
    return place


def read_backup(path: str | os.PathLike[str]) -> Backup:
    """Read a backup.

    Raises:
        ConfigError: It cannot be read, or is not a backup.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content[_FORMAT] != 1:
            raise ConfigError(f"{path} was written by a newer version of kentik-async; update it")
        return Backup(
            checksum=str(content["checksum"]),
            changes=frozenset(map(str, content["changes"])),
            document=Document.parse(json.dumps(content["document"]), name=os.fspath(path)),
        )
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a backup of kentik-async: {error}") from None


def begun_changes(checksum: str, path: str | os.PathLike[str] | None) -> frozenset[str]:
    """Return the digests of a plan's changes, if an earlier apply has started it.

    Args:
        checksum: The checksum of the plan.
        path: The file that was given for its backup, if any.
    """
    places = [] if path is None else [Path(path)]
    if checksum.isalnum():
        places += sorted(state_folder("backups").glob(f"*-{checksum}*.json"))
    return next((found for place in places if (found := _digests(place, checksum))), frozenset())


def _digests(path: Path, checksum: str | None = None) -> frozenset[str]:
    """Return the digests in a backup; none if it is another file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        fits = content[_FORMAT] == 1 and checksum in (None, content["checksum"])
        return frozenset(map(str, content["changes"])) if fits else frozenset()
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _free(path: Path) -> Path:
    """Return a similar path that does not exist."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _document(stored: Iterable[StoredObject], plan: StatePlan) -> Document:
    """Return the document that restores objects: with all their fields, including empty ones."""
    entries: dict[tuple[str, str], DeclaredObject] = {}
    place = Position("<backup>")

    def add(one: StoredObject, fields: dict[str, Any]) -> str:
        key = one.name or f"({one.id})"
        while (one.kind, key) in entries and entries[one.kind, key].id != one.id:
            key += f" ({one.id})"
        entries[one.kind, key] = DeclaredObject(one.kind, key, one.name or key, one.id, fields, place)
        return key

    found = list(stored)
    market_keys = {one.id: add(one, _whole(one, plan)) for one in found if one.kind == "site_markets"}
    for one in found:
        if one.kind == "site_markets":
            continue
        fields = _whole(one, plan)
        market = one.model.site_market if isinstance(one.model, SiteV6) else None
        if market is not None and market.id is not None and fields.get("site_market") is not None:
            if market.id not in market_keys:  # it must exist, whatever its content
                neighbour = StoredObject("site_markets", market.id, market.name, {}, market)
                market_keys[market.id] = add(neighbour, {})
            fields["site_market"] = market_keys[market.id]
        add(one, fields)
    kinds: frozenset[Kind] = frozenset(entry.kind for entry in entries.values())
    ordered = sorted(entries.values(), key=lambda entry: (KINDS.index(entry.kind), entry.key))
    return Document(kinds, tuple(ordered), plan.api)


def _whole(stored: StoredObject, plan: StatePlan) -> dict[str, Any]:
    """Return all fields of an object; an empty field is null, an empty text or an empty list."""
    fields = dict(stored.fields)
    for name, field in fields_of(stored.kind, plan.api).items():
        top, _, short = name.partition(".")
        if name in fields:
            continue
        if short and not any(one.startswith(f"{top}.") for one in stored.fields):
            fields[top] = None
        elif field.many or name == "architecture":
            fields[name] = []
        elif field.removable:
            fields[name] = None
        elif name in ("description", "postal_address.region", "postal_address.postal_code"):
            fields[name] = ""
    return fields
