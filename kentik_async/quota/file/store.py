"""The state of one quota class as all processes of a machine share it."""

import atexit
import logging
import os
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeAlias, TypeVar

from kentik_async._clock import Clock
from kentik_async.errors import KentikError
from kentik_async.quota.file.database import DamagedError
from kentik_async.quota.file.mailbox import Mailbox
from kentik_async.quota.file.paths import Place
from kentik_async.quota.file.shared_file import SharedFile
from kentik_async.quota.limits import Quota, QuotaClass
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.state.messages import StoreReply

__all__ = ["FileStore"]

R = TypeVar("R")
_Job: TypeAlias = Callable[[], None]

_log = logging.getLogger("kentik_async")
_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0  # seconds
_LAST_WAIT = 1.0  # seconds

_stores: "weakref.WeakSet[FileStore]" = weakref.WeakSet()
"""Those that have had a thread."""


class FileStore:
    """One member's store; see `Store`.

    A change is made at once if the members' lock is free. Else a thread makes it, which also waits for
    messages from other members, and for their deaths. It is started when it is first needed.
    """

    exclusive = False
    lease = inf
    patience = 0.25

    def __init__(
        self, place: Place, quota_class: QuotaClass, quotas: Mapping[QuotaClass, Quota], clock: Clock
    ) -> None:
        """Open nothing yet.

        Args:
            place: The quota's files.
            quota_class: The class.
            quotas: The limits of all classes, for files that begin anew.
            clock: The clock of all members.
        """
        self._place = place
        self._file = SharedFile(place, quota_class, quotas, clock)
        self._wake: Wake = lambda delay: None
        self._begin()

    def bind(self, wake: Wake) -> None:
        """Note how the limiter is told to report."""
        self._wake = wake

    def open(self) -> None:
        """Make the files if there are none, and see whether they can be used.

        Raises:
            ConfigError: They cannot.
        """
        self._at_once(lambda: True)

    def transact(
        self, change: Change, later: Callable[[StoreReply | KentikError], None]
    ) -> StoreReply | None:
        """Make a change: at once, or in the thread."""
        return self._now_or_later(partial(self._change, change), later)

    def holds(self) -> bool:
        """Tell whether the file that the grants were entered in is still the one of that name."""
        return self._file.database.is_current()

    def restart(self) -> None:
        """Begin anew in a forked child."""
        self._file.abandon()
        self._begin()

    def close(self) -> None:
        """Release everything: at once, or in the thread if it is running."""
        self._closed = True
        if self._has_thread:
            self._look()
        else:
            self._release()

    async def aclose(self) -> None:
        """Release everything."""
        self.close()

    def __del__(self) -> None:
        self._file.release()
        if self._has_thread:
            self._look()  # it finds that the store is gone
        else:
            self._release()

    def _begin(self) -> None:
        self.member = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._turn = threading.Lock()  # a flock does not exclude threads that share its descriptor
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._dead: set[str] = set()
        self._has_thread = False
        self._starting = threading.RLock()  # re-entrant: a garbage collection may end a grant here
        self._retry_after, self._retry_at = 0.0, inf
        self._closed = False

    def _now_or_later(self, work: Callable[[], R], later: Callable[[R | KentikError], None]) -> R | None:
        done = self._at_once(work)
        if done is None:
            self._jobs.put(partial(self._in_turn, work, later))
            self._look()
        return done

    def _at_once(self, work: Callable[[], R]) -> R | None:
        """Do what needs the lock if it is free; return None if it is not."""
        if not self._turn.acquire(blocking=False):
            return None
        try:
            return self._do(work, wait=False)
        finally:
            self._turn.release()

    def _in_turn(self, work: Callable[[], R], later: Callable[[R | KentikError], None]) -> None:
        """Do what needs the lock when it is free; in the thread."""
        try:
            with self._turn:
                done = self._do(work, wait=True)
        except KentikError as error:
            later(error)
        else:
            if done is not None:
                later(done)

    def _do(self, work: Callable[[], R], *, wait: bool) -> R | None:
        try:
            done = self._file.run(work, self.member, wait=wait)
        except (OSError, sqlite3.Error, DamagedError) as error:
            # What the limiter had to tell is told again, also if nobody asks for anything.
            self._retry_after = min(max(self._retry_after * 2, _FIRST_RETRY), _LAST_RETRY)
            self._retry_at = monotonic() + self._retry_after
            self._look()
            raise self._place.unusable(getattr(error, "strerror", None) or error) from error
        if done is not None and self._retry_after:
            self._retry_after, self._retry_at = 0.0, inf
        if isinstance(done, StoreReply):
            for name, delay in done.wake:
                self._send(name, delay)
        return done

    def _change(self, change: Change) -> StoreReply:
        database, dead = self._file.database, self._dead.copy()
        try:
            state, now = database.load(self.member)
            held = [name for name in dead if name in state.members and state.members[name].held]
            for name in dead:
                state.reclaim(name, now)
            reply = change(state, now)
            database.save(state)
        except BaseException:
            database.give_up()
            raise
        self._dead -= dead
        for name in held:
            _log.warning("process %s ended with a request in flight", name.partition("-")[0])
        watched = [self._watch(name) for name, member in state.members.items() if member.held]
        if any(watched) or (not self._has_thread and state.turns.waits(self.member)):
            self._look()
        return reply

    def _watch(self, member: str) -> bool:
        return self._file.mailbox is not None and self._file.mailbox.watch(member)

    def _send(self, member: str, delay: float) -> None:
        if self._file.mailbox is not None and not self._file.mailbox.send(member, delay):
            self._dead.add(member)
            self._look()

    def _look(self) -> None:
        """Let the thread look about, started if it does not run."""
        self._jobs.put(_nothing)
        if self._file.mailbox is not None:
            self._file.mailbox.look()
        with self._starting:
            if not self._has_thread:
                self._has_thread = True  # before the start: the thread itself may come here at once
                arguments = (weakref.ref(self), self._jobs)
                thread = threading.Thread(
                    target=_serve, args=arguments, name="kentik-async quota", daemon=True
                )
                try:
                    thread.start()
                    _stores.add(self)
                except RuntimeError:  # the interpreter ends
                    self._has_thread = False

    def _finish(self) -> None:
        """Wait shortly, as the process ends, for what the thread has still to enter."""
        if self._has_thread:
            done = threading.Event()
            self._jobs.put(done.set)
            self._look()
            done.wait(_LAST_WAIT)

    def _attend(self, delay: float, dead: list[str]) -> bool:
        """Do what has come up, in the thread; return False if the store was closed."""
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()()
        self._dead.update(dead)
        if self._closed:
            with self._turn:
                self._has_thread = False
                self._release()
            return False
        if (self._dead and self._retry_at == inf) or self._retry_at <= monotonic():
            self._retry_at, delay = inf, 0.0
        if delay < inf:
            self._wake(delay)
        return True

    def _release(self) -> None:
        self._file.release()
        mailbox, self._file.mailbox = self._file.mailbox, None
        if mailbox is not None:
            mailbox.close()


def _nothing() -> None:
    """Only wake the thread."""


def _serve(ref: "weakref.ref[FileStore]", jobs: "SimpleQueue[_Job]") -> None:
    """Attend to a store until it is closed, or collected: the thread must not keep it alive."""
    mailbox: Mailbox | None = None
    delay, dead = inf, list[str]()
    while (store := ref()) is not None:
        if not store._attend(delay, dead):
            return
        mailbox, retry_at = store._file.mailbox, store._retry_at
        del store
        delay, dead = inf, []
        seconds = None if retry_at == inf else max(retry_at - monotonic(), 0.0)
        if mailbox is not None:
            delay, dead = mailbox.wait(seconds)
        else:
            with suppress(Empty):
                jobs.put(jobs.get(timeout=seconds))
    if mailbox is not None:
        mailbox.close()


@atexit.register
def _finish_all() -> None:
    for store in list(_stores):
        store._finish()
