"""The turns of waiting members, with priorities. Pure.

A member is a process that uses the quota (more exactly, one of its limiters). Within a priority, its own
calls are served first come, first served. This order decides which priority has the next turn, and which
member of it: members are served round-robin, however many calls wait in each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

__all__ = ["TURNS_AHEAD", "Level", "TurnOrder"]

TURNS_AHEAD = 8
"""How many grants may overtake a waiting call of lower priority before its priority gets a turn.

If several priorities are due, the highest is first. So between two grants of a priority with waiters there
are at most `TURNS_AHEAD` other grants, and one for each further lower priority with waiters.
"""


class Level(msgspec.Struct, array_like=True):
    """The waiting members of one priority.

    Attributes:
        priority: The priority.
        members: The number of waiting calls of each member; the first member has the next turn.
        passed_over: How many grants went to higher priorities since this one had a turn.
    """

    priority: int
    members: dict[str, int]
    passed_over: int = 0


class TurnOrder(msgspec.Struct, array_like=True):
    """The waiting members, and the one that is scheduled for the next turn.

    Attributes:
        levels: One for each priority with waiting calls, the highest first.
        next_member: The member that is scheduled for the next turn; empty if none.
        next_at: When its turn is, as scheduled.
    """

    levels: list[Level] = []
    next_member: str = ""
    next_at: float = 0.0

    def announce(self, member: str, demand: Mapping[int, int]) -> None:
        """Set how many calls wait in a member, by priority; a new member joins at the end of the queue.

        `demand` is empty for a member that died, or that did not report when scheduled.
        """
        levels, missing, emptied = self.levels, len(demand), False
        for level in levels:
            calls = demand.get(level.priority, 0)
            if calls:
                level.members[member] = calls
                missing -= 1
            elif level.members.pop(member, 0) and not level.members:
                emptied = True
        if missing:
            known = {level.priority for level in levels}
            levels += [Level(p, {member: calls}) for p, calls in demand.items() if p not in known]
            levels.sort(key=lambda level: -level.priority)
        if emptied:
            self._prune()

    def next_level(self) -> Level | None:
        """Return the level that has the next turn, for its first member; None if no call waits."""
        levels = self.levels
        for level in levels:
            if level.passed_over >= TURNS_AHEAD:
                return level
        return levels[0] if levels else None

    def granted(self, level: Level) -> None:
        """Record that the first member of a level had a turn; it moves to the end of the queue."""
        member = next(iter(level.members))
        calls = level.members.pop(member) - 1
        if calls:
            level.members[member] = calls
        if level.passed_over:
            level.passed_over = 0
        if self.next_member:
            self.next_member = ""
        if len(self.levels) > 1:
            for lower in self.levels[self.levels.index(level) + 1 :]:
                lower.passed_over += 1
        if not level.members:
            self._prune()

    def waits(self, member: str) -> bool:
        """Return whether calls wait in a member."""
        return bool(self.levels) and any(member in level.members for level in self.levels)

    def members(self) -> Iterator[str]:
        """Yield the waiting members in about the order of their turns; a member may appear twice."""
        first = self.next_level()
        if first is not None:
            yield from first.members
            for level in self.levels:
                yield from level.members

    def waiting_elsewhere(self, member: str) -> list[int]:
        """Return the number of waiting calls of each other member."""
        found = Counter[str]()
        for level in self.levels:
            found.update(level.members)
        del found[member]
        return list(found.values())

    def _prune(self) -> None:
        self.levels[:] = [level for level in self.levels if level.members]
