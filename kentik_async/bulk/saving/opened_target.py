"""A target opened for one save: locked, with its journal and its tables."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from kentik_async.bulk.journal.database import JournalConnection
from kentik_async.bulk.journal.journal import Journal, reading_journal
from kentik_async.bulk.saving.threads import BlockingCalls
from kentik_async.bulk.sinks import SINKS, Sink, store_of
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import TargetLock, is_locked
from kentik_async.bulk.target.remote_run import RENEWAL_SECONDS, RemoteRun, find_runs
from kentik_async.errors import TargetError, TargetLockedError, ValidationError

__all__ = ["OpenedTarget", "open_for_saving", "renewed"]


@dataclass(frozen=True, slots=True)
class OpenedTarget:
    """A target opened for one save.

    Attributes:
        layout: Where its files are.
        store: The format of its tables.
        sink: Its tables.
        slot: The number of its journal.
        connection: The journal's connection.
        journal: The journal.
        blocking: Runs blocking functions in threads.
    """

    layout: Layout
    store: str
    sink: Sink
    slot: int
    connection: JournalConnection
    journal: Journal
    blocking: BlockingCalls


async def open_for_saving(
    stack: AsyncExitStack, target: str | os.PathLike[str], store: str, command: str
) -> OpenedTarget:
    """Open a target until a stack is closed.

    Args:
        stack: Closes the journal and releases the lock.
        target: The folder, or its URL.
        store: The format of the tables.
        command: What will be pulled: a journal that holds an interrupted run of it is preferred.

    Raises:
        TargetLockedError: Another run is writing to the target.
        TargetError: The target cannot be used, or holds tables of another format or version.
        ValidationError: There is no such format, or not for such a target.
        ConfigError: A package is not installed.
    """
    if store not in SINKS:
        raise ValidationError(f"store must be one of {', '.join(SINKS)}; got {store!r}")
    layout = await BlockingCalls(may_hang=False).run(partial(Layout, target))
    blocking = BlockingCalls(may_hang=layout.remote is not None)
    sink = SINKS[store](layout)
    await blocking.run(layout.make)

    def occupy() -> int:
        slot, lock = _lock(layout, command, shared=sink.shared)
        stack.callback(lambda: lock.release(blocking.abandoned))
        if not sink.shared:
            layout.remove_unfinished()
        found = store_of(layout)
        if found not in (None, store):
            raise TargetError(
                f"{layout.name} holds {found} tables, not {store}: use store={found!r}, or another target"
            )
        sink.check()
        return slot

    slot = await blocking.run(occupy)
    connection = JournalConnection(layout.journal(slot), layout.name)
    stack.callback(connection.close)
    opened = OpenedTarget(layout, store, sink, slot, connection, Journal(connection), blocking)
    await _import_runs(opened, command)
    return opened


def _lock(layout: Layout, command: str, *, shared: bool) -> tuple[int, TargetLock]:
    """Lock a journal: the only one, or the best of the free ones where several runs may write at once."""
    if not shared:
        return 1, TargetLock(layout.lock(), layout.name)
    slots = layout.slots()
    free = {slot: _commands(layout, slot) for slot in slots if not is_locked(layout.lock(slot))}
    preferred = [slot for slot, commands in free.items() if command in commands]
    empty = [slot for slot, commands in free.items() if not commands]
    for slot in [*preferred, *empty, *range(len(slots) + 1, len(slots) + 100)]:
        try:
            return slot, TargetLock(layout.lock(slot), layout.name)
        except TargetLockedError:
            continue  # another process was quicker
    raise TargetLockedError(f"too many runs are writing to {layout.name} at once: wait for one to end")


def _commands(layout: Layout, slot: int) -> list[str]:
    with reading_journal(layout.journal(slot), layout.name) as journal:
        return [] if journal is None else [run.command for run in journal.runs()]


async def _import_runs(target: OpenedTarget, command: str) -> None:
    """Copy the answers of runs that were killed on another machine into the journal.

    Raises:
        TargetLockedError: Another machine is writing to the target, and its format does not allow two.
    """
    if target.layout.remote is None:
        return
    known = {run.run_id for run in target.journal.runs()}
    lock = target.layout.lock(target.slot)
    for found in await target.blocking.run(partial(find_runs, target.layout.remote, lock)):
        if found.run.run_id in known:
            continue
        if target.sink.shared:
            # A run of another command is left for that command, until it is too old to be resumed.
            wanted = found.run.command == command or found.is_expired
            if found.alive or not wanted:
                continue
        elif found.alive:
            raise TargetLockedError(
                f"another run is writing to {target.layout.name}: process {found.pid} on {found.host}, "
                f"which last reported {found.silent_for:.0f} s ago; wait for it, or choose another target",
                pid=found.pid,
                host=found.host,
            )
        answers = await target.blocking.run(found.answers)
        # Several runs may write, and this run may have been killed while it saved its pages.
        target.journal.begin(replace(found.run, state="ended") if target.sink.shared else found.run)
        for answer in answers:
            target.journal.keep(found.run, answer)
        await target.journal.flush()


@asynccontextmanager
async def renewed(remote: RemoteRun, target: OpenedTarget) -> AsyncIterator[None]:
    """Publish in a remote target that this process is working on it, as long as the block runs.

    Raises:
        TargetError: The target cannot be written.
    """
    await target.blocking.run(remote.renew)

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(TargetError):  # the next answer reports it
                await target.blocking.run(remote.renew)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
