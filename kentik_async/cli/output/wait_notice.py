"""A message while a command waits for quota: how long, and why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from kentik_async.errors import KentikError
from kentik_async.quota import QUOTA_CLASSES, QuotaSnapshot

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.cli.output.messages import Notes

__all__ = ["wait_notice", "why_waiting"]

_FIRST_CHECK = 2.0
_UPDATE_INTERVAL = 1.0
_NOTE_INTERVAL = 60.0


@asynccontextmanager
async def wait_notice(kentik: "KentikClient", notes: "Notes") -> AsyncIterator[None]:
    """While the block runs, print a message if a call waits for quota for more than two seconds.

    Args:
        kentik: The client that the block uses.
        notes: Prints the message: a countdown on a terminal, otherwise one note per minute.
    """
    if notes.quiet:
        yield
        return
    watch = asyncio.create_task(_watch(kentik, notes))
    try:
        yield
    finally:
        watch.cancel()
        # Unlike `await watch`, this raises CancelledError only if the command itself is cancelled.
        await asyncio.wait({watch})
        if not watch.cancelled():
            watch.result()


def why_waiting(snapshot: QuotaSnapshot) -> str | None:
    """Return why the calls of a quota class wait; None if no call waits."""
    if not snapshot.waiting:
        return None
    if snapshot.next_free is None:
        return "waiting for quota: the next request starts when the current one is answered"
    why = "the server refused a request; " if snapshot.frozen else ""
    return f"waiting for quota: {why}next request in {max(snapshot.next_free, 0.0):.0f} s"


async def _watch(kentik: "KentikClient", notes: "Notes") -> None:
    while True:
        await asyncio.sleep(_FIRST_CHECK)
        if await _reason(kentik) is None:
            continue
        with notes.status() as status:
            if status is not None:
                while reason := await _reason(kentik):
                    status.update(reason)
                    await asyncio.sleep(_UPDATE_INTERVAL)
            elif reason := await _reason(kentik):
                notes.note(reason)
                await asyncio.sleep(_NOTE_INTERVAL)


async def _reason(kentik: "KentikClient") -> str | None:
    with suppress(KentikError):  # if the shared quota is unreachable, the call reports it
        for quota_class in QUOTA_CLASSES:
            reason = why_waiting(await kentik.quota.snapshot(quota_class))
            if reason:
                return reason
    return None
