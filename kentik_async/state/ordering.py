"""The order of changes: which changes must be made before others. Pure."""

from collections.abc import Sequence

from kentik_async.models import SiteV6
from kentik_async.state.format.fields import KINDS, NAME_KEYS, SINGULAR, Kind
from kentik_async.state.format.nodes import Mistakes
from kentik_async.state.plan import Action, Change

__all__ = ["ordered"]

_ACTIONS: tuple[Action, ...] = ("create", "update", "delete")


def ordered(changes: Sequence[Change], mistakes: Mistakes) -> tuple[list[Change], list[frozenset[int]]]:
    """Sort changes into the order in which they start, and find the changes that each of them needs.

    Site markets are created first, then sites, then AS groups; updates follow, then deletions, those of site
    markets last.

    Args:
        changes: The changes.
        mistakes: Collects objects that exchange their names, for which there is no order.

    Returns:
        The changes; and for each, the positions of the changes that must be done before it.
    """
    result = sorted(changes, key=_rank)
    needs = _all_needs(result)
    done: set[int] = set()
    waiting = set(range(len(result)))
    while ready := {index for index in waiting if needs[index] <= done}:
        done |= ready
        waiting -= ready
    for index in sorted(waiting):
        change = result[index]
        if change.entry is not None:
            mistakes.add(
                change.entry.place_of(NAME_KEYS[change.kind]),
                f"{change.kind}.{change.entry.key}: another {SINGULAR[change.kind]} still has the name"
                f" {change.name!r}, and waits for this one's; rename one of them to a third name first",
            )
    return result, needs


def _rank(change: Change) -> tuple[int, int, str, str]:
    kind = KINDS.index(change.kind)
    if change.action == "delete":
        kind = -kind
    return _ACTIONS.index(change.action), kind, change.name, change.id or ""


def _all_needs(changes: Sequence[Change]) -> list[frozenset[int]]:
    """Return the positions of the changes that each change needs."""
    frees: dict[tuple[Kind, str], int] = {}
    creates: dict[str, int] = {}
    leaves: dict[str, set[int]] = {}
    for index, change in enumerate(changes):
        name = _released_name(change)
        if name is not None:
            frees[change.kind, name] = index
        if change.kind == "site_markets" and change.action == "create" and change.entry is not None:
            creates[change.entry.key] = index
        model = None if change.stored is None else change.stored.model
        if isinstance(model, SiteV6) and model.site_market is not None and model.site_market.id:
            leaves.setdefault(model.site_market.id, set()).add(index)
    needs = []
    for index, change in enumerate(changes):
        found = {frees.get((change.kind, _takes(change) or ""))}
        if change.kind == "sites" and "site_market" in change.fields:
            found.add(creates.get(change.fields["site_market"].new))
        if change.kind == "site_markets" and change.action == "delete":
            found |= leaves.get(change.id or "", set())
        needs.append(frozenset(one for one in found if one is not None and one != index))
    return needs


def _takes(change: Change) -> str | None:
    """Return the name that an object gets."""
    renamed = NAME_KEYS[change.kind] in change.fields
    return change.name if change.action == "create" or (change.action == "update" and renamed) else None


def _released_name(change: Change) -> str | None:
    """Return the name that an object had before, if no two objects may have it."""
    if change.stored is None or isinstance(change.stored.model, SiteV6):
        return None
    renamed = NAME_KEYS[change.kind] in change.fields
    return change.stored.name if change.action == "delete" or renamed else None
