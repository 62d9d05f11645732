"""Creates a state after a loss, restores what members know, and moves a state to another clock. Pure."""

from bisect import insort
from collections import Counter
from math import inf

from kentik_async.quota.limits import Quota
from kentik_async.quota.state.quota_state import Member, QuotaState
from kentik_async.quota.state.sliding_window_log import SlidingWindow

__all__ = ["begin", "continue_after_reboot", "move", "quiet_time", "renew", "restore"]


def quiet_time(quota: Quota, lease: float) -> float:
    """Return how many seconds no request may be sent after a loss, so that no token or slot is used twice.

    `lease` is how long a member counts as alive after a report; 0 if the store learns of deaths at once.
    """
    return max(quota.minute, lease + quota.drain)


def begin(incarnation: str, now: float, quiet: float) -> QuotaState:
    """Return a new state; no request may be sent for `quiet` seconds (0 if nothing was used before)."""
    # Grant numbers start at the clock's value, so they differ from the numbers of a lost state.
    return QuotaState(incarnation=incarnation, now=now, blocked_until=now + quiet, issued=int(now * 1e6))


def continue_after_reboot(state: QuotaState, quota: Quota, now: float, elapsed: float) -> None:
    """Move a state that was written before a reboot to the present clock.

    The state was written `elapsed` seconds ago by the wall clock, but never after the machine's start, which
    is instant 0. The latest changes may be lost, so the last minute counts as full. `quota` applies if no
    limits were declared.
    """
    start = min(now, 0.0)
    move(state, min(now - max(elapsed, 0.0), start) - state.now)
    quota = state.strictest_quota().combined(quota) if state.declared else quota
    for name in list(state.members):
        state.reclaim(name, start)
    if quota.per_hour is not None:
        for _ in range(quota.hard_per_minute or 0):
            state.log.hour.add(quota.hour, start)
    state.blocked_until = max(state.blocked_until, start + quiet_time(quota, 0.0))


def renew(state: QuotaState, incarnation: str, now: float, quiet: float) -> None:
    """Start a new incarnation of a state whose latest changes may be lost with its server.

    Members restore the changes that they know; see `restore`. No request may be sent for `quiet` seconds.
    """
    state.incarnation = incarnation
    state.restored_until = _latest(state)
    state.recorded = state.issued
    state.issued = max(state.issued, int(now * 1e6))
    state.blocked_until = max(state.blocked_until, now + quiet)


def restore(state: QuotaState, lost: QuotaState, name: str, now: float) -> None:
    """Restore a lost state from a member's latest copy, `lost`, which was moved to the present clock.

    Every member may do this, in any order; nothing is restored twice. A member restores only its own requests
    in flight. Those of other members are restored by them, or end before `quiet_time` is over.
    """
    now = state.advance(now)
    _restore_log(state, lost, now)
    _restore_holds(state, lost, name)
    state.issued = max(state.issued, lost.issued)
    if lost.breaker.is_open and not state.breaker.is_open:
        state.breaker = lost.breaker
        state.breaker.half_open = False
    if lost.external.since > state.external.since or lost.external.reported_at > state.external.reported_at:
        state.external = lost.external
    if state.latency.latency is None:
        state.latency = lost.latency
    known_limits = {declared.limits for declared in state.declared}
    state.declared += [declared for declared in lost.declared if declared.limits not in known_limits]


def _restore_log(state: QuotaState, lost: QuotaState, now: float) -> None:
    log, known = state.log, lost.log
    known.advance(lost.strictest_quota(), now)
    for until in known.draining:
        if until not in log.draining:
            insort(log.draining, until)
            log.in_flight += 1
    for window, lost_window in ((log.minute, known.minute), (log.hour, known.hour)):
        _merge(window, lost_window, state.restored_until)
    state.restored_until = max(state.restored_until, _latest(lost))
    log.sends = max(log.sends, known.sends, key=lambda sends: sends[-1:])


def _restore_holds(state: QuotaState, lost: QuotaState, name: str) -> None:
    for number, hold in lost.holds.items():
        if hold.member == name and number not in state.holds and number > state.recorded:
            member = state.members.setdefault(name, Member(lease_until=lost.members[name].lease_until))
            state.holds[number] = hold
            state.log.in_flight += 1
            member.held += 1
            member.latest_grant = max(member.latest_grant, number)
    for number, hold in list(state.holds.items()):
        if hold.member == name and number <= lost.issued and number not in lost.holds:
            # The state was written before this request ended; the copy has recorded the end.
            del state.holds[number]
            state.log.in_flight -= 1
            state.members[name].held -= 1


def move(state: QuotaState, by: float) -> None:
    """Add `by` seconds to all instants of a state, for another clock or the same one after a reboot."""
    log = state.log
    for instants in (log.minute.ends, log.hour.ends, log.sends, log.draining):
        instants[:] = [instant + by for instant in instants]
    for part, names in (
        (state, ("now", "blocked_until", "restored_until")),
        (log.minute, ("opened",)),
        (log.hour, ("opened",)),
        (state.breaker, ("blocked_until",)),
        (state.external, ("since", "blocked_until", "reported_at")),
        (state.turns, ("next_at",)),
        *((member, ("lease_until",)) for member in state.members.values()),
        *((hold, ("granted_at",)) for hold in state.holds.values()),
        *((declared, ("until",)) for declared in state.declared),
    ):
        for name in names:
            setattr(part, name, getattr(part, name) + by)


def _latest(state: QuotaState) -> float:
    return max([-inf, *state.log.minute.ends[-1:], *state.log.hour.ends[-1:]])


def _merge(window: SlidingWindow, known: SlidingWindow, after: float) -> None:
    """Add to a window the known requests that were answered after an instant."""
    counts = Counter(dict(zip(window.ends, window.counts, strict=True)))
    counts.update({e: n for e, n in zip(known.ends, known.counts, strict=True) if e > after})
    window.ends = sorted(counts)
    window.counts = [counts[end] for end in window.ends]
    window.total = sum(window.counts)
    window.opened = max(window.opened, known.opened)
