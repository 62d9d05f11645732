"""Plans: compares a document with an account. Pure."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from kentik_async._validation import valid_site_name
from kentik_async.errors import ValidationError
from kentik_async.models import SiteMarket, SiteV6
from kentik_async.state.account import AccountState, StoredObject
from kentik_async.state.document import Document
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import KINDS, NAME_KEYS, SINGULAR, Field, Kind, fields_of, same
from kentik_async.state.format.nodes import Mistakes
from kentik_async.state.ordering import ordered
from kentik_async.state.plan import Change, FieldChange, StatePlan, Unmanaged

__all__ = ["differences", "make_plan"]

_ADDRESS = ("address", "city", "country")
"""The parts that every postal address has."""


def make_plan(
    document: Document, account: AccountState, *, prune: bool = False, restore: bool = False
) -> StatePlan:
    """Compare a document with an account.

    Args:
        document: The declared content of the account.
        account: Its current content; all kinds of the document were read.
        prune: Whether to delete objects that the document does not name.
        restore: Whether an object whose id does not exist is found by its name, or created.

    Raises:
        DocumentError: The document does not fit the account; the error lists all mistakes.
    """
    mistakes = Mistakes()
    matching = _Matching(document, account, mistakes, restore=restore)
    changes = [
        change
        for entry in document.entries
        if (entry.kind, entry.key) not in matching.unclear
        and (change := _change(document, entry, matching, mistakes)) is not None
    ]
    deleted, unmanaged = _leftovers(document, account, matching, changes, prune=prune)
    _check_names(document, changes, unmanaged, mistakes)
    changes += deleted
    changes, needs = ordered(changes, mistakes)
    mistakes.check()
    return StatePlan(
        changes=tuple(changes),
        unmanaged=tuple(unmanaged),
        ids={kind: frozenset(one.id for one in account.of(kind)) for kind in document.kinds},
        api=document.api,
        market_ids=matching.market_ids,
        needs=tuple(needs),
    )


class _Matching:
    """Matches the entries of the document with the objects of the account."""

    def __init__(
        self, document: Document, account: AccountState, mistakes: Mistakes, *, restore: bool
    ) -> None:
        self.stored: dict[tuple[Kind, str], StoredObject] = {}
        self.unclear: set[tuple[Kind, str]] = set()
        self.restore = restore
        by_id: dict[tuple[Kind, str], StoredObject] = {
            (one.kind, one.id): one for kind in KINDS for one in account.of(kind)
        }
        by_name: dict[tuple[Kind, str], list[StoredObject]] = {}
        for entry in document.entries:
            if entry.id is None:
                continue
            found = by_id.pop((entry.kind, entry.id), None)
            if found is not None:
                self.stored[entry.kind, entry.key] = found
            elif not restore:
                self.unclear.add((entry.kind, entry.key))
                mistakes.add(
                    entry.place_of("id"),
                    f"{entry.kind}.{entry.key}: no {SINGULAR[entry.kind]} has the id {entry.id!r};"
                    " remove the id to find it by its name, or to create it",
                )
        for (kind, _), one in by_id.items():
            by_name.setdefault((kind, one.name), []).append(one)
        for entry in document.entries:
            if (entry.kind, entry.key) in self.stored or (entry.id is not None and not restore):
                continue
            alike = by_name.get((entry.kind, entry.name), [])
            if len(alike) > 1 and not restore:
                self.unclear.add((entry.kind, entry.key))
                ids = ", ".join(sorted(one.id for one in alike))
                mistakes.add(
                    entry.place,
                    f"{entry.kind}.{entry.key}: the account has {len(alike)} {SINGULAR[entry.kind]}s of this"
                    f" name: {ids}; add id: to choose one",
                )
            elif alike:
                # Deleted objects with the same name are indistinguishable again after they are restored.
                best = min(
                    alike, key=lambda one: sum(one.fields.get(n) != v for n, v in entry.fields.items())
                )
                alike.remove(best)
                self.stored[entry.kind, entry.key] = best
        self.taken = {(one.kind, one.id) for one in self.stored.values()}

    def of(self, entry: DeclaredObject) -> StoredObject | None:
        """Return the object of an entry; None if it must be created."""
        return self.stored.get((entry.kind, entry.key))

    @cached_property
    def market_ids(self) -> dict[str, str]:
        """The identifiers of the keys in site_markets that exist."""
        return {key: one.id for (kind, key), one in self.stored.items() if kind == "site_markets"}


def _change(
    document: Document, entry: DeclaredObject, matching: _Matching, mistakes: Mistakes
) -> Change | None:
    stored = matching.of(entry)
    known = fields_of(entry.kind, document.api)
    fields = differences(entry, stored, known, matching.market_ids)
    if stored is None:
        missing = [name for name, field in known.items() if field.required and name not in entry.fields]
        if missing and not matching.restore:  # fields that a backup lacks cannot be added to it
            mistakes.add(entry.place, f"{_shown(entry)} does not exist yet, and needs {', '.join(missing)}")
    elif not fields:
        return None
    _check_address(entry, stored, fields, mistakes)
    if document.api == "v5" and entry.kind == "sites" and (stored is None or "title" in fields):
        try:
            valid_site_name(entry.name, "title")
        except ValidationError as error:
            mistakes.add(entry.place_of("title"), f"{_shown(entry)}: {error}")
    if stored is None:
        return Change(entry.kind, entry.name, None, "create", fields, entry)
    return Change(entry.kind, entry.name, stored.id, "update", fields, entry, stored)


def differences(
    entry: DeclaredObject,
    stored: StoredObject | None,
    known: Mapping[str, Field],
    market_ids: Mapping[str, str],
) -> dict[str, FieldChange]:
    """Return the fields that an entry changes.

    Args:
        entry: The entry.
        stored: The object; None if it does not exist.
        known: The fields of this kind.
        market_ids: The identifiers of the keys in site_markets that exist.
    """
    found = {} if stored is None else stored.fields
    changes: dict[str, FieldChange] = {}
    if stored is not None and stored.name != entry.name:
        changes[NAME_KEYS[entry.kind]] = FieldChange(stored.name, entry.name)
    for name, new in entry.fields.items():
        if name == "site_market":
            change = _market_change(stored, new, market_ids)
        elif name not in known:
            change = _removal(found, name)
        else:
            change = _value_change(known[name], found.get(name), new)
        if change is not None:
            changes[name] = change
    return changes


def _market_change(
    stored: StoredObject | None, new: str | None, ids: Mapping[str, str]
) -> FieldChange | None:
    old = None if stored is None else stored.fields.get("site_market")
    # A market that does not exist yet has no identifier.
    same_market = old is None if new is None else old is not None and ids.get(new) == old
    return None if same_market else FieldChange(_market_name(stored), new)


def _removal(found: Mapping[str, Any], name: str) -> FieldChange | None:
    """Return the removal of a mapping, such as postal_address."""
    parts = {one.partition(".")[2]: old for one, old in found.items() if one.startswith(f"{name}.")}
    return FieldChange(parts, None) if parts else None


def _value_change(field: Field, old: Any, new: Any) -> FieldChange | None:
    if not field.many:
        return None if same(old, new) else FieldChange(old, new)
    before, after = set(old or ()), set(new)
    if before == after:
        return None
    return FieldChange(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _market_name(stored: StoredObject | None) -> str | None:
    model = None if stored is None else stored.model
    return model.site_market.name if isinstance(model, SiteV6) and model.site_market is not None else None


def _shown(entry: DeclaredObject) -> str:
    return f"{entry.kind}.{entry.key}"


def _check_address(
    entry: DeclaredObject, stored: StoredObject | None, fields: Mapping[str, FieldChange], mistakes: Mistakes
) -> None:
    """Check that a new address is complete."""
    given = [name for name in fields if name.startswith("postal_address.")]
    has_one = stored is not None and any(name.startswith("postal_address.") for name in stored.fields)
    missing = [part for part in _ADDRESS if f"postal_address.{part}" not in entry.fields]
    if given and missing and not has_one:
        place = entry.place_of(given[0])
        mistakes.add(place, f"{_shown(entry)}: a new postal_address needs {', '.join(missing)}")


def _leftovers(
    document: Document, account: AccountState, matching: _Matching, changes: list[Change], *, prune: bool
) -> tuple[list[Change], list[Unmanaged]]:
    """Return the deletions, and the objects that are not in the document and stay."""
    deleted: list[Change] = []
    unmanaged: list[Unmanaged] = []
    for kind in ("sites", "as_groups", "site_markets"):  # markets last: their sites may leave them
        if kind not in document.kinds:
            continue
        for stored in account.of(kind):
            if (kind, stored.id) in matching.taken:
                continue
            reason = _reason_to_keep(document, account, stored, [*changes, *deleted]) if prune else None
            if prune and reason is None:
                deleted.append(_deletion(document, stored))
            else:
                unmanaged.append(Unmanaged(kind, stored.name, stored.id, reason))
    unmanaged.sort(key=lambda one: (one.kind, one.name, one.id))
    return deleted, unmanaged


def _deletion(document: Document, stored: StoredObject) -> Change:
    known = fields_of(stored.kind, document.api)
    fields = {}
    for name, value in stored.fields.items():
        if name == "site_market":
            fields[name] = FieldChange(_market_name(stored), None)
        elif known[name].many:
            fields[name] = FieldChange(added=(), removed=tuple(value))
        else:
            fields[name] = FieldChange(value, None)
    return Change(stored.kind, stored.name, stored.id, "delete", fields, None, stored)


def _reason_to_keep(
    document: Document, account: AccountState, stored: StoredObject, changes: list[Change]
) -> str | None:
    if not stored.name or not stored.id:
        return "has no valid name"
    if any(fnmatchcase(stored.name, pattern) for pattern in document.protect.get(stored.kind, ())):
        return "protected"
    if isinstance(stored.model, SiteMarket):
        users = {one.id for one in account.of("sites") if one.fields.get("site_market") == stored.id}
        leaving = {
            change.id
            for change in changes
            if change.kind == "sites"
            and change.id in users
            and (change.action == "delete" or "site_market" in change.fields)
        }
        staying = max(len(users), stored.model.number_of_sites) - len(leaving)
        if staying > 0:
            return "still has sites"
    return None


def _check_names(
    document: Document,
    changes: Iterable[Change],
    unmanaged: Iterable[Unmanaged],
    mistakes: Mistakes,
) -> None:
    """Check that no object gets the name of another one that stays."""
    taken = {(one.kind, one.name): one.id for one in unmanaged}
    for change in changes:
        entry = change.entry
        if entry is None or (entry.kind == "sites" and document.api == "v6"):
            continue
        owner = taken.get((change.kind, change.name))
        if owner is not None and (change.action == "create" or NAME_KEYS[change.kind] in change.fields):
            mistakes.add(
                entry.place_of(NAME_KEYS[change.kind]),
                f"{_shown(entry)}: the {SINGULAR[change.kind]} {owner} already has the name {change.name!r}",
            )
