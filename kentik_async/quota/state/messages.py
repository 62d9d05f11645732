"""The report of a member to the shared state, and the reply. Pure data.

A report describes the present state of the member, not a change, so it may be applied twice: waiting calls
are a count, ended requests are named by their grants, and grants are repeated until the member has seen them.
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
        took: Seconds from the grant to the end, by the member's clock.
        retry_after: With "refused", the pause that the server requested, in seconds; else None.
        hint: The remaining requests that the server reported, or None.
        ended_at: When it ended, by the store's clock. None if the member cannot read that clock: the time of
            the report is used.
    """

    grant: int
    outcome: Outcome
    took: float
    retry_after: float | None = None
    hint: Allowance | None = None
    ended_at: float | None = None


class Terms(msgspec.Struct, frozen=True):
    """The settings of a member, sent with each report.

    Attributes:
        member: The member's name.
        quota: The limits that it applies.
        limits: `quota` as a tuple.
        pacing: The pacing that it requests.
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
    """The state of a member: its waiting calls, its grants, and the requests that have ended.

    Attributes:
        terms: The member's settings.
        demand: The number of waiting calls, by priority.
        endings: The requests that ended and may not be recorded yet.
        last_seen: The greatest grant number that the member has seen; the reply repeats later grants.
        held: The number of grants that the member holds as far as it knows, including those in `endings`.
    """

    terms: Terms
    demand: dict[int, int]
    endings: Sequence[Ending] = ()
    last_seen: int = 0
    held: int = 0


class StoreReply(msgspec.Struct, gc=False):
    """The result of a report.

    Attributes:
        grants: The member's new grants, as (number, priority): each is for the first call of that priority.
        report_in: Seconds until the member should report again even if nothing has happened; infinity if that
            would not help.
        wake: Other members to wake after the commit, each with the seconds until it should report.
        reclaimed: Whether the member's lease had expired: the grants that it held are void.
        alone: Whether no other member holds a grant or waits. Then a member may report an answer later.
        answers_help: Whether the answer to a request in flight may let a call be sent before `report_in`. If
            not, a member that notes when its requests ended may report the answers then.
    """

    grants: list[tuple[int, int]]
    report_in: float = inf
    wake: Sequence[tuple[str, float]] = ()
    reclaimed: bool = False
    answers_help: bool = True
    alone: bool = False
