"""The concurrency slots of one quota class: a lock each, taken for a request and held until its answer."""

from collections.abc import Container
from pathlib import Path

from kentik_async.quota.file_lock import Flock, Then

__all__ = ["Slots"]


class Slots:
    """The slots as one process sees them: in use by it, held for a next request, waited for, or elsewhere.

    Not safe for threads: its store's lane holds a lock around every call.
    """

    __slots__ = ("_in_use", "_locks", "_path", "_rotate", "_then", "_width")

    def __init__(self, path: Path, width: int, in_use: Container[int], then: Then, *, rotate: bool) -> None:
        """Start with none opened.

        Args:
            path: What the names of the slots' files are made from.
            width: How many slots this process may use.
            in_use: The numbers of those that it does use, kept up to date by the caller.
            then: Called, in a thread, when a slot that was waited for has been obtained.
            rotate: Whether to begin with another slot each time, so that a dead holder's is noticed soon.
        """
        self._path = path
        self._width = width
        self._in_use = in_use
        self._then = then
        self._rotate = rotate
        self._locks: dict[int, Flock] = {}

    def locks(self) -> list[Flock]:
        """Return the locks of all that were opened."""
        return list(self._locks.values())

    def take_at_once(self, number: int) -> bool:
        """Take a slot that was taken before, if that takes no waiting."""
        lock = self._locks.get(number)
        return lock is not None and not lock.held and not lock.pending and lock.try_lock()

    def take(self, start: int) -> int | None:
        """Take a free slot and return its number; or wait for all that there are.

        Args:
            start: Where to begin to look.
        """
        busy: list[Flock] = []
        for turn in range(self._width):
            number = (start + turn) % self._width if self._rotate else turn
            if number in self._in_use:
                continue
            lock = self._lock(number)
            if lock.held or (not lock.pending and lock.try_lock()):
                return number
            if not lock.pending:
                busy.append(lock)
        for lock in busy:
            lock.request()
        return None

    def take_or_wait(self, number: int) -> bool:
        """Take a slot if it is free, and wait for it otherwise; return whether it was taken just now."""
        lock = self._lock(number)
        if lock.held or lock.pending:
            return False
        if lock.try_lock():
            return True
        lock.request()
        return False

    def take_all(self) -> bool:
        """Take every slot that any process has made, or wait for those in use; return whether it has all."""
        all_held = True
        for path in self._path.parent.glob(f"{self._path.name}.*"):
            suffix = path.suffix[1:]
            if not (suffix.isascii() and suffix.isdigit()) or int(suffix) in self._in_use:
                continue
            self.take_or_wait(int(suffix))
            all_held = all_held and self.holds(int(suffix))
        return all_held

    def holds(self, number: int) -> bool:
        """Tell whether this process has a slot, in use or not: then no other has a request there."""
        lock = self._locks.get(number)
        return lock is not None and lock.held

    def free(self, number: int) -> None:
        """Let go of a slot."""
        self._locks[number].unlock()

    def free_unused(self) -> None:
        """Let go of all slots that are held and not in use."""
        for number, lock in self._locks.items():
            if lock.held and number not in self._in_use:
                lock.unlock()

    def close_unused(self) -> None:
        """Close all that are not in use; what is waited for is closed in its turn."""
        for number, lock in list(self._locks.items()):
            if number not in self._in_use:
                del self._locks[number]
                lock.close()

    def _lock(self, number: int) -> Flock:
        lock = self._locks.get(number)
        if lock is None:
            path = self._path.with_name(f"{self._path.name}.{number}")
            lock = self._locks[number] = Flock(path, self._then, create=True)
        return lock
