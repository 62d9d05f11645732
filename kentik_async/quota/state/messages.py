"""What a member reports to the shared state, and what it is told. Pure data.

A report says what is, not what changed, so it may be entered twice: calls that wait are a count and no
increment, requests that ended are named by their grants, and grants are repeated until the member saw them.
"""

from collections.abc import Sequence
from math import inf

import msgspec

from kentik_async.quota.limits import Allowance, Outcome, Pacing, Quota

__all__ = ["Ending", "Limits", "MemberReport", "StoreReply", "Terms"]

Limits = tuple[int | None, int | None, float, int | None, int | None, float, float, float]
"""The fields of a `Quota`, in their order."""


class Ending(msgspec.Struct, gc=False):
    """How a granted request ended.

    Attributes:
        grant: The grant's number.
        outcome: See `Grant.close`.
        took: Seconds from the grant to the end, by the member's own clock.
        retry_after: With "refused", the pause that the server requested, in seconds; else None.
        hint: What the server said is left; None if nothing.
        ended_at: When it ended, by the store's clock, where the member reads that; None where it does not:
            then the instant of the report counts.
    """

    grant: int
    outcome: Outcome
    took: float
    retry_after: float | None = None
    hint: Allowance | None = None
    ended_at: float | None = None


class Terms(msgspec.Struct, frozen=True):
    """What a member keeps to, in all its reports.

    Attributes:
        member: Its name.
        quota: The limits that it keeps to.
        limits: The same as a tuple.
        pacing: The pacing that it wishes for.
        lease: See `Store`.
        patience: See `Store`.
    """

    member: str
    quota: Quota
    limits: Limits
    pacing: Pacing
    lease: float = inf
    patience: float = 0.25


class MemberReport(msgspec.Struct, gc=False):
    """What a member tells, and asks for.

    Attributes:
        terms: What it keeps to.
        demand: How many calls wait in it, by priority.
        endings: The requests that ended and are not known to have been entered.
        last_seen: The greatest grant number that it has seen; it is told of those above.
        held: How many grants it believes to hold, those in `endings` included.
    """

    terms: Terms
    demand: dict[int, int]
    endings: Sequence[Ending] = ()
    last_seen: int = 0
    held: int = 0


class StoreReply(msgspec.Struct, gc=False):
    """What a report led to.

    Attributes:
        grants: The member's new grants, as (number, priority): each lets the first call of that priority go.
        again: In how many seconds the member should report again though nothing has happened; infinity
            if that would not help.
        wake: Other members to be told, after the change is committed, in how many seconds to report.
        reclaimed: Whether the member was taken for dead meanwhile: the grants that it held are void.
        alone: Whether no other member holds a grant or waits: then nobody misses an answer for a moment.
        answers_help: Whether the answer to a request in flight may let a call go before `again`. If not, a
            member that notes when its requests ended may report the answers then.
    """

    grants: list[tuple[int, int]]
    again: float = inf
    wake: Sequence[tuple[str, float]] = ()
    reclaimed: bool = False
    answers_help: bool = True
    alone: bool = False
