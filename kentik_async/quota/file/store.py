"""The state of one quota class, shared by all processes of a machine."""

import atexit
import logging
import os
import secrets
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from threading import RLock, Thread, current_thread
from typing import TypeAlias

from kentik_async.errors import KentikError
from kentik_async.quota.file.shared_file import SharedFile
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState, StateError

__all__ = ["FileStore"]

_OnReply: TypeAlias = Callable[[StoreReply | KentikError], None]

_log = logging.getLogger("kentik_async")
_RETRY = 2.0  # seconds after an error
_CLOSE_TIMEOUT = 1.0  # seconds

_threads: "dict[Thread, weakref.ref[FileStore]]" = {}
"""The running threads, each with its store."""


class FileStore:
    """One member's store; see `Store`.

    A change is made at once if the members' lock is free. Otherwise a thread makes it. The thread also waits
    for messages from other members, and for their deaths. It is started when it is first needed.
    """

    own_state = None
    lease = inf
    patience = 0.25

    def __init__(self, share: Callable[[str], SharedFile]) -> None:
        """Open nothing yet; `share` returns a member's access to the files, by its name."""
        self._share = share
        self._wake: Wake = lambda delay: None
        self._reset()

    def bind(self, wake: Wake) -> None:
        """Set the function that makes the limiter report."""
        self._wake = wake

    def open(self) -> None:
        """Create the files if there are none; raise ConfigError if they cannot be used."""
        self._transact(lambda state, now: StoreReply([]), wait=False)

    def transact(self, change: Change, on_reply: _OnReply) -> StoreReply | None:
        """Make a change at once or in the thread; in the thread only after the store was closed."""
        reply = None if self._closed else self._transact(change, wait=False)
        if reply is None:
            self._jobs.put(partial(self._transact_later, change, on_reply))
            self._wake_thread()
        return reply

    def grants_valid(self) -> bool:
        """Return whether the database with the grants still exists under its path."""
        return self._file.is_current()

    def restart(self) -> None:
        """Start again in a forked child."""
        self._file.abandon()
        self._reset()

    def close(self) -> None:
        """Release everything, at once or in the thread if it is running."""
        with self._thread_lock:
            self._closed = True
        self._file.release()

    async def aclose(self) -> None:
        """Release everything."""
        self.close()

    def _reset(self) -> None:
        self.member = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._file = self._share(self.member)
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._dead: set[str] = set()
        self._thread_lock = RLock()  # re-entrant: a garbage collection may end a grant here
        self._failed = self._closed = False
        weakref.finalize(self, self._file.release)  # not __del__: that of SQLite could run first

    def _transact_later(self, change: Change, on_reply: _OnReply) -> None:
        try:
            reply: StoreReply | KentikError | None = self._transact(change, wait=True)
        except KentikError as error:
            reply = error
        if reply is not None:
            on_reply(reply)

    def _transact(self, change: Change, *, wait: bool) -> StoreReply | None:
        """Make a change under the members' lock; return None if another member holds it."""
        file = self._file
        try:
            if not file.lock(wait=wait):
                return None
            try:
                reply = self._change(change)
            except (StateError, sqlite3.Error) as error:
                file.replace(error)
                reply = self._change(change)
            finally:
                file.unlock()
        except (OSError, sqlite3.Error, StateError) as error:
            # The limiter repeats the failed report later, even if no call needs it.
            self._failed = True
            self._wake_thread()
            raise file.place.unusable(getattr(error, "strerror", None) or error) from error
        self._failed = False
        return reply

    def _change(self, change: Change) -> StoreReply:
        dead = tuple(self._dead)
        state, reply = self._file.change(partial(self._reclaim, dead, change) if dead else change)
        self._dead.difference_update(dead)
        mailbox, wake = self._file.mailbox, not self._file.has_thread and state.turns.waits(self.member)
        for name, member in state.members.items():
            if member.held and name != self.member and name not in mailbox.others:
                wake = True
                if not mailbox.watch(name):
                    self._dead.add(name)
        for name, delay in reply.wake:
            if not mailbox.send(name, delay):
                self._dead.add(name)
        if wake or self._dead:
            self._wake_thread()
        return reply

    def _reclaim(self, dead: tuple[str, ...], change: Change, state: QuotaState, now: float) -> StoreReply:
        for name in dead:
            if name in state.members and state.members[name].held:
                _log.warning("process %s ended with a request in flight", name.partition("-")[0])
            state.reclaim(name, now)
        return change(state, now)

    def _wake_thread(self) -> None:
        """Wake the thread; start it if it does not run."""
        self._file.mailbox.wake_up()
        with self._thread_lock:
            if not self._file.has_thread:
                self._file.has_thread = True  # before the start: the thread may call this method at once
                ref: weakref.ref[FileStore] = weakref.ref(self)
                thread = Thread(target=_serve, args=(ref, self._file), name="kentik-async quota", daemon=True)
                _threads[thread] = ref
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is shutting down
                    self._file.has_thread = False
                    del _threads[thread]

    def _process_pending(self, delay: float, dead: list[str]) -> bool:
        """Run jobs and reports, in the thread; return False if there is nothing more to wait for."""
        while True:
            with suppress(Empty):
                while True:
                    self._jobs.get_nowait()()
            if self._file.mailbox.is_open and not self._closed:
                break
            if closed := self._closed:  # otherwise nothing is open, or the limiter is opening it now
                self._file.close()
            with self._thread_lock:
                if self._jobs.empty() and closed == self._closed:
                    self._file.has_thread = False  # last: until then, only this thread closes the files
                    return False
        self._dead.update(dead)
        if self._dead and not self._failed:
            delay = 0.0
        if delay < inf:
            self._wake(delay)
        return True


def _serve(ref: "weakref.ref[FileStore]", file: SharedFile) -> None:
    """Serve a store until it is closed or garbage-collected: the thread must not keep it alive."""
    delay, dead = inf, list[str]()
    try:
        while (store := ref()) is not None:
            if not store._process_pending(delay, dead):
                return
            seconds = _RETRY if store._failed else None
            del store
            delay, dead = file.mailbox.wait(seconds)
        file.close()
    finally:
        del _threads[current_thread()]


@atexit.register
def _finish_all() -> None:
    """Close the stores at the end of the process; wait at most a second for each thread."""
    for thread, ref in list(_threads.items()):
        if (store := ref()) is not None:
            store.close()
        thread.join(_CLOSE_TIMEOUT)
