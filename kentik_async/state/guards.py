"""The checks before a plan is applied. Pure."""

from collections.abc import Collection

from kentik_async.errors import ValidationError
from kentik_async.state.format.fields import KINDS, SINGULAR
from kentik_async.state.plan import StatePlan

__all__ = ["check_checksum", "check_deletions", "excessive_deletions"]

_FEW = 10
_MOST_PERCENT = 30


def excessive_deletions(plan: StatePlan) -> list[str]:
    """Return a line for each kind that has 10 objects and would lose more than 30 % of them."""
    lines = []
    for kind in KINDS:
        count = len(plan.ids.get(kind, ()))
        deleted = sum(change.kind == kind and change.action == "delete" for change in plan.changes)
        if count >= _FEW and deleted * 100 > count * _MOST_PERCENT:
            lines.append(
                f"the plan deletes {deleted} of {count} {SINGULAR[kind]}s, more than {_MOST_PERCENT} %"
            )
    return lines


def check_deletions(plan: StatePlan, *, force: bool) -> None:
    """Check the share of deletions.

    Raises:
        ValidationError: The plan deletes too many objects of a kind, and is not forced.
    """
    lines = [] if force else excessive_deletions(plan)
    if lines:
        raise ValidationError(f"{'; '.join(lines)}; check the document, or force it (--force, force=True)")


def check_checksum(plan: StatePlan, expected: str | None, begun: Collection[str]) -> None:
    """Check that a plan is the reviewed plan, or its remaining part.

    Args:
        plan: The plan.
        expected: The checksum of the reviewed plan; None for no check.
        begun: The digests of the reviewed plan's changes, if an earlier apply has started it.

    Raises:
        ValidationError: The plan is another one.
    """
    if expected is None or plan.checksum == expected:
        return
    if begun and all(change.digest in begun for change in plan.changes):
        return
    raise ValidationError(
        f"the plan has the checksum {plan.checksum}, not the reviewed {expected}: the document or the account"
        " has changed; review the plan again"
    )
