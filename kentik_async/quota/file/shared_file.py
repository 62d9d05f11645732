"""The files of one quota as one member uses them: locked, opened, and made anew where lost or damaged."""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from kentik_async._clock import Clock
from kentik_async.quota.file.database import DamagedError, Database
from kentik_async.quota.file.mailbox import Mailbox, any_alive
from kentik_async.quota.file.paths import Place
from kentik_async.quota.file.recovery import make_database
from kentik_async.quota.file.turnstile import Turnstile
from kentik_async.quota.limits import Quota, QuotaClass

__all__ = ["SharedFile"]

R = TypeVar("R")

_log = logging.getLogger("kentik_async")


class SharedFile:
    """One member's access to the files. Its owner excludes other threads.

    Attributes:
        database: The state.
        mailbox: The member's own pipe, made when the files are opened; another one after they were deleted.
    """

    def __init__(
        self, place: Place, quota_class: QuotaClass, quotas: Mapping[QuotaClass, Quota], clock: Clock
    ) -> None:
        """Open nothing yet; see `FileStore`."""
        self._place = place
        self._quotas = quotas
        self._clock = clock
        self._turnstile = Turnstile(place)
        self.database = Database(place, quota_class, quotas[quota_class], clock)
        self.mailbox: Mailbox | None = None

    def run(self, work: Callable[[], R], member: str, *, wait: bool) -> R | None:
        """Call a function under the lock; it may be called twice if the database turns out to be damaged.

        Args:
            work: The function.
            member: The member's name.
            wait: Whether to wait for the lock.

        Returns:
            What the function returned; None if another has the lock.

        Raises:
            DamagedError: What was just made is damaged.
            OSError: A file cannot be used.
            sqlite3.Error: The same.
        """
        if not self._enter(member, wait=wait):
            return None
        try:
            return work()
        except DamagedError as error:
            self._replace(error)
            return work()
        finally:
            self._turnstile.unlock()

    def release(self) -> None:
        """Close everything but the mailbox."""
        self.database.close()
        self._turnstile.close()

    def abandon(self) -> None:
        """Forget everything, in a forked child: it is the parent's."""
        self.database.abandon()
        self._turnstile.close()
        if self.mailbox is not None:
            self.mailbox.abandon()
        self.mailbox = None

    def _enter(self, member: str, *, wait: bool) -> bool:
        while self._turnstile.lock(wait=wait):
            if not self.database.is_open:
                try:
                    self._open(member)
                except BaseException:
                    self.release()
                    raise
                return True
            if self.database.is_current():
                return True
            # Whoever removed the database may have removed the file of the lock as well.
            self.release()
        return False

    def _open(self, member: str) -> None:
        place = self._place
        alive = any_alive(place)
        if not os.path.lexists(place.database):
            # Somebody who is alive, and may have spent, is known by a pipe, or by a mark on the folder if
            # all files in it were deleted.
            lost = alive or (self._turnstile.others_use_folder() and not place.has_others())
            with suppress(FileExistsError):
                self._make_database(lost=lost, replace=False)
        try:
            self.database.open()
        except DamagedError as error:
            self._replace(error)
        self._turnstile.mark()
        if self.mailbox is None or not self.mailbox.exists():
            old, self.mailbox = self.mailbox, Mailbox(place, member)
            if old is not None:
                old.close(remove=False)

    def _replace(self, error: DamagedError) -> None:
        _log.warning(
            "the quota file %s was damaged and is made anew; what may have been used counts as used: %s",
            self._place.database,
            error,
        )
        self.database.close()
        self._make_database(lost=True, replace=True)
        self.database.open()

    def _make_database(self, *, lost: bool, replace: bool) -> None:
        now, wall = self._clock.monotonic(), self._clock.wall()
        make_database(self._place, self._quotas, now, wall, lost=lost, replace=replace)
