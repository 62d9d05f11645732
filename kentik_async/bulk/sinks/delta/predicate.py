"""SQL conditions that select the rows of some owners. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from kentik_async.bulk.sinks.schema import OWNER, Owner

__all__ = ["date_predicate", "owners_predicate"]

_MOST_GROUPS = 20
_MOST_VALUES = 1000


def date_predicate(run_date: str) -> str:
    """Return the condition for all rows of a date."""
    return f"run_date = {_literal(run_date)}"


def owners_predicate(table: str, run_date: str, owners: Iterable[Owner]) -> str | None:
    """Return a condition for exactly the rows of some owners of a date.

    Owners that differ in one column only are one group: `ip = 'v4' AND market_id IN ('cc$DE', 'cc$US')`.

    Args:
        table: The table.
        run_date: The date.
        owners: The owners; at least one.

    Returns:
        The condition, or None if it would be too long: then it is faster to rewrite all rows of the date.
    """
    date, names = date_predicate(run_date), OWNER[table]
    if not names:
        return date
    listed = list(owners)
    at, groups = min(
        ((at, _grouped(listed, at)) for at in range(len(names))), key=lambda found: len(found[1])
    )
    if len(groups) > _MOST_GROUPS or sum(map(len, groups.values())) > _MOST_VALUES:
        return None
    conditions = [
        " AND ".join(
            _is(name, varying if place == at else {value})
            for place, (name, value) in enumerate(zip(names, shared, strict=True))
        )
        for shared, varying in groups.items()
    ]
    return f"{date} AND ({' OR '.join(f'({condition})' for condition in conditions)})"


def _grouped(owners: list[Owner], at: int) -> dict[Owner, set[Any]]:
    """Group owners by all columns but one; return the values of that one."""
    groups: dict[Owner, set[Any]] = defaultdict(set)
    for owner in owners:
        groups[(*owner[:at], None, *owner[at + 1 :])].add(owner[at])
    return groups


def _is(name: str, values: set[Any]) -> str:
    """Return the condition that a column has one of the given values; NULL is allowed as a value."""
    column = f'"{name}"'
    known = sorted(value for value in values if value is not None)
    conditions = [f"{column} IN ({', '.join(map(_literal, known))})"] if known else []
    if None in values:
        conditions.append(f"{column} IS NULL")
    text = " OR ".join(conditions)
    return f"({text})" if len(conditions) > 1 else text


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
