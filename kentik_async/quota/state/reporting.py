"""Applies a member's report to the state and grants it requests. Pure.

A member gets grants only in its own report, so a process that is stopped or dead gets none that it cannot
use. Each report therefore wakes the member that has the next turn, and the other waiting members later, one
after another. If the member does not report in time, it loses its turn until it reports again.
"""

from math import inf

from kentik_async.quota.limits import Quota
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import Member, QuotaState

__all__ = ["apply_report", "grant_alone"]

_BATCH = 32
"""The number of ended requests that may still count as in flight while no slot is needed."""


def apply_report(report: MemberReport, state: QuotaState, now: float) -> StoreReply:
    """Apply a member's report to the state and return the reply; applying it twice has the same result."""
    terms, demand, turns, now = report.terms, report.demand, state.turns, state.advance(now)
    name = terms.member
    state.revision += 1
    quota = state.quota_in_force(terms.quota, terms.limits, now)
    member, reply = state.members.get(name), StoreReply([])
    if member is None:
        reply.reclaimed = report.held > 0
        member = state.members[name] = Member()
    # Attributes are set only if they change: setting one takes five times as long as reading it.
    if terms.lease != inf:
        member.lease_until = now + terms.lease
    if member.pacing != terms.pacing:
        member.pacing = terms.pacing
    for ending in report.endings:
        state.end(ending, quota, now)
    if member.latest_grant > report.last_seen:
        demand = _repeat(report, state, reply)
    if demand or turns.levels:
        per_minute = state.per_minute(quota, terms.pacing, now)
        room = state.room(quota, per_minute, now)
        if room >= 1 and not turns.levels and len(demand) == 1 and 1 in demand.values():
            # No other call waits, so the turn order is not needed.
            (priority,) = demand
            reply.grants.append((state.grant(name, member, priority, now), priority))
        else:
            turns.announce(name, demand)
            _take_turns(report, member, state, quota, per_minute, room, reply)
    reply.alone = len(state.members) == 1
    if not (member.held or turns.waits(name)):
        del state.members[name]
    return reply


def grant_alone(
    terms: Terms, endings: list[Ending], priority: int, state: QuotaState, now: float
) -> int | None:
    """Grant one call of the only member; return the grant's number, or None if the call must wait.

    This is `apply_report` without the parts for other members: leases, turns, lost replies. Ended requests
    are recorded, and removed from `endings`, in a batch or when they may matter for the grant.
    """
    quota, log = state.quota_in_force(terms.quota, terms.limits, now), state.log
    full = quota.max_concurrent is not None and log.in_flight >= quota.max_concurrent
    if full or state.breaker.is_open or log.draining or len(endings) >= _BATCH:
        for ending in endings:
            state.end(ending, quota, now)
        endings.clear()
    if state.turns.levels or state.room(quota, state.per_minute(quota, terms.pacing, now), now) < 1:
        return None
    member = state.members.get(terms.member)
    if member is None:
        member = state.members[terms.member] = Member(pacing=terms.pacing)
    return state.grant(terms.member, member, priority, now)


def _repeat(report: MemberReport, state: QuotaState, reply: StoreReply) -> dict[int, int]:
    """Repeat grants whose reply the member has not seen; return the remaining demand."""
    demand = dict(report.demand)
    for number, hold in state.holds.items():
        if hold.member == report.terms.member and number > report.last_seen:
            reply.grants.append((number, hold.priority))
            if demand.get(hold.priority):
                demand[hold.priority] -= 1
    return {priority: calls for priority, calls in demand.items() if calls}


def _take_turns(
    report: MemberReport,
    member: Member,
    state: QuotaState,
    quota: Quota,
    per_minute: int | None,
    room: float,
    reply: StoreReply,
) -> None:
    """Grant the member its turns, then schedule the member that has the next one."""
    turns, name, now = state.turns, report.terms.member, state.now
    while (level := turns.next_level()) is not None:
        head = next(iter(level.members))
        if room < 1:
            due = state.free_at(quota, per_minute, now)
            # An answer does not help if only a window is full: the token stays used.
            lowered = per_minute != quota.hard_per_minute  # an answer may end the reason
            reply.answers_help = due == inf or lowered or state.breaker.is_open or bool(state.log.draining)
            if state.external.spent:
                due = min(due, state.external.eases_at(quota, now))
            _schedule(head, due, report, state, reply)
            return
        if head == name:
            reply.grants.append((state.grant(name, member, level.priority, now), level.priority))
            turns.granted(level)
            room = 0 if state.breaker.is_open else room - 1
        elif turns.next_member == head and turns.next_at + report.terms.patience <= now:
            turns.announce(head, {})
            if not state.members[head].held:
                del state.members[head]
        else:
            _schedule(head, now, report, state, reply)
            return


def _schedule(head: str, due: float, report: MemberReport, state: QuotaState, reply: StoreReply) -> None:
    """Schedule a report of the member that has the next turn, at `due`, and later ones of the others.

    The others check whether it has reported. `due` is infinity if a request in flight must end first.
    """
    turns, now = state.turns, state.now
    if due == inf:
        turns.next_member = ""
    else:
        unchanged = turns.next_member == head and (turns.next_at == due or max(turns.next_at, due) <= now)
        if not unchanged:
            turns.next_member, turns.next_at = head, due
        wake: list[tuple[str, float]] = []
        waiting = (head,) if len(state.members) == 1 else dict.fromkeys((head, *turns.members()))
        for position, name in enumerate(waiting):
            delay = max(turns.next_at + position * report.terms.patience - now, 0.0)
            if name == report.terms.member:
                reply.report_in = delay
            elif not unchanged:
                wake.append((name, delay))
        reply.wake = wake
    for name, member in state.members.items():
        # A member with a grant may die: report again when its lease expires.
        if member.held and name != report.terms.member:
            reply.report_in = min(reply.report_in, max(member.lease_until - now, 0.0))
