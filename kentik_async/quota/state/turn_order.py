"""Whose turn it is among members that wait, with priorities. Pure.

A member is a process that takes part (one of its limiters, to be exact). Its own calls are served first come,
first served within a priority; this order decides which priority has the next turn, and which member in it:
members take turns, whatever number of calls waits in each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

__all__ = ["TURNS_AHEAD", "Level", "TurnOrder"]

TURNS_AHEAD = 8
"""How many grants may go past a waiting call of lower priority: then its priority gets a turn.

If that holds for several the highest of them goes first. So between two grants of a priority that has
waiters all the while lie at most `TURNS_AHEAD` others and one for each further lower priority that waits.
"""


class Level(msgspec.Struct, array_like=True):
    """Those who wait with one priority.

    Attributes:
        priority: The priority.
        members: How many calls wait in each member; the first member is the next in turn.
        passed_over: How many grants went to higher priorities since this one had a turn.
    """

    priority: int
    members: dict[str, int]
    passed_over: int = 0


class TurnOrder(msgspec.Struct, array_like=True):
    """Who waits, and who was told to come.

    Attributes:
        levels: One for each priority that somebody waits with, the highest first.
        told: The member that was last told when its turn comes; empty if none.
        due: From when it may go, as it was told.
    """

    levels: list[Level] = []
    told: str = ""
    due: float = 0.0

    def announce(self, member: str, demand: Mapping[int, int]) -> None:
        """Enter how many calls wait in a member, by priority; a newcomer goes to the end of the line.

        None wait in one that died, or did not come when it was told to.
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
        """Return the priority that has the next turn; its first member goes. None if nobody waits."""
        levels = self.levels
        for level in levels:
            if level.passed_over >= TURNS_AHEAD:
                return level
        return levels[0] if levels else None

    def granted(self, level: Level) -> None:
        """Enter that the first member of a level had a turn; it goes to the end of the line."""
        member = next(iter(level.members))
        calls = level.members.pop(member) - 1
        if calls:
            level.members[member] = calls
        if level.passed_over:
            level.passed_over = 0
        if self.told:
            self.told = ""
        if len(self.levels) > 1:
            for lower in self.levels[self.levels.index(level) + 1 :]:
                lower.passed_over += 1
        if not level.members:
            self._prune()

    def waits(self, member: str) -> bool:
        """Tell whether calls wait in a member."""
        return bool(self.levels) and any(member in level.members for level in self.levels)

    def members(self) -> Iterator[str]:
        """Yield those who wait in about the order of their turns; one may come twice."""
        first = self.next_level()
        if first is not None:
            yield from first.members
            for level in self.levels:
                yield from level.members

    def waiting_elsewhere(self, member: str) -> list[int]:
        """Return how many calls wait in each other member."""
        found = Counter[str]()
        for level in self.levels:
            found.update(level.members)
        del found[member]
        return list(found.values())

    def _prune(self) -> None:
        self.levels[:] = [level for level in self.levels if level.members]
