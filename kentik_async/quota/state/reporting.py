"""The change that a member makes: it reports, and is granted what it may have. Pure.

A member is granted requests only while it reports: one that is stopped, or died, is not given what it does
not use. So whoever reports tells the member whose turn it is to come, and all others that wait to look later,
one after another. Who is due and has not come by then loses its place until it reports again.
"""

from math import inf

from kentik_async.quota.limits import Quota
from kentik_async.quota.state.messages import Ending, MemberReport, StoreReply, Terms
from kentik_async.quota.state.quota_state import Member, QuotaState

__all__ = ["enter", "enter_alone"]

_BATCH = 32
"""How many requests that ended may still count as in flight while no slot is needed."""


def enter(report: MemberReport, state: QuotaState, now: float) -> StoreReply:
    """Enter what a member reports, and return what it may do; entering it twice does no harm."""
    terms, demand, turns, now = report.terms, report.demand, state.turns, state.advance(now)
    name = terms.member
    state.revision += 1
    quota = state.quota_in_force(terms.quota, terms.limits, now)
    member, reply = state.members.get(name), StoreReply([])
    if member is None:
        reply.reclaimed = report.held > 0
        member = state.members[name] = Member()
    # Here and below an attribute is not set to what it is: setting one takes five times as long as reading.
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
            # Nobody else waits, so no order is needed.
            (priority,) = demand
            reply.grants.append((state.grant(name, member, priority, now), priority))
        else:
            turns.announce(name, demand)
            _take_turns(report, member, state, quota, per_minute, room, reply)
    reply.alone = len(state.members) == 1
    if not (member.held or turns.waits(name)):
        del state.members[name]
    return reply


def enter_alone(
    terms: Terms, endings: list[Ending], priority: int, state: QuotaState, now: float
) -> int | None:
    """Grant one call of the only member; return the grant's number, None if it must wait.

    This is `enter` without what is for others: leases, turns, lost replies. What ended is taken out of
    `endings` when its slot is needed, or in a batch.
    """
    quota = state.quota_in_force(terms.quota, terms.limits, now)
    slots = quota.max_concurrent
    if len(endings) >= _BATCH or (slots is not None and state.log.in_flight >= slots):
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
    """Grant again what the member was granted by a report whose reply was lost; return what else it wants."""
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
    """Let the member take its turns; then see to it that somebody comes for the next one."""
    turns, name, now = state.turns, report.terms.member, state.now
    while (level := turns.next_level()) is not None:
        head = next(iter(level.members))
        if room < 1:
            due = state.free_at(quota, per_minute, now)
            # Where only a full window is in the way an answer does not help: its token stays used.
            lowered = per_minute != quota.hard_per_minute  # for a reason that an answer may end
            reply.answers_help = due == inf or lowered or state.breaker.is_open or bool(state.log.draining)
            if state.external.spent:
                due = min(due, state.external.eases_at(quota, now))
            _call(head, due, report, state, reply)
            return
        if head == name:
            reply.grants.append((state.grant(name, member, level.priority, now), level.priority))
            turns.granted(level)
            room = 0 if state.breaker.is_open else room - 1
        elif turns.told == head and turns.due + report.terms.patience <= now:
            turns.announce(head, {})
            if not state.members[head].held:
                del state.members[head]
        else:
            _call(head, now, report, state, reply)
            return


def _call(head: str, due: float, report: MemberReport, state: QuotaState, reply: StoreReply) -> None:
    """Have the member whose turn it is come when that is, and the others look whether it has come.

    It is at `due`; that is infinity if a request in flight must end first: its holder reports then.
    """
    turns, now = state.turns, state.now
    if due == inf:
        turns.told = ""
    else:
        called = turns.told == head and (turns.due == due or max(turns.due, due) <= now)
        if not called:
            turns.told, turns.due = head, due
        wake: list[tuple[str, float]] = []
        waiting = (head,) if len(state.members) == 1 else dict.fromkeys((head, *turns.members()))
        for place, name in enumerate(waiting):
            delay = max(turns.due + place * report.terms.patience - now, 0.0)
            if name == report.terms.member:
                reply.again = delay
            elif not called:
                wake.append((name, delay))
        reply.wake = wake
    for name, member in state.members.items():
        # Whoever holds may die: the end of its lease is an instant to look again.
        if member.held and name != report.terms.member:
            reply.again = min(reply.again, max(member.lease_until - now, 0.0))
