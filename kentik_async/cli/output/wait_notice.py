"""A note for whoever watches a command that waits for quota: how long, and why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from kentik_async.errors import KentikError
from kentik_async.quota import QUOTA_CLASSES, QuotaSnapshot

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.cli.output.messages import Notes

__all__ = ["telling_of_waits", "why_waiting"]

_PATIENCE = 2.0
_BETWEEN_LOOKS = 1.0
_BETWEEN_NOTES = 60.0


@asynccontextmanager
async def telling_of_waits(kentik: "KentikClient", notes: "Notes") -> AsyncIterator[None]:
    """While the block runs, say it if a call waits for quota for longer than two seconds.

    Args:
        kentik: The client that the block calls.
        notes: Where to say it: a line that counts down on a terminal, else a note a minute.
    """
    if notes.quiet:
        yield
        return
    watch = asyncio.create_task(_watch(kentik, notes))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


def why_waiting(snapshot: QuotaSnapshot) -> str | None:
    """Return what a class of calls waits for, in a few words; None if nothing waits in it."""
    if not snapshot.waiting:
        return None
    if snapshot.next_free is None:
        return "waiting for quota: next when the request under way is answered"
    why = "refused by the server, " if snapshot.frozen else ""
    return f"waiting for quota: {why}next in {max(snapshot.next_free, 0.0):.0f} s"


async def _watch(kentik: "KentikClient", notes: "Notes") -> None:
    while True:
        await asyncio.sleep(_PATIENCE)
        if await _reason(kentik) is None:
            continue
        with notes.status() as status:
            if status is not None:
                while reason := await _reason(kentik):
                    status.update(reason)
                    await asyncio.sleep(_BETWEEN_LOOKS)
            elif reason := await _reason(kentik):
                notes.note(reason)
                await asyncio.sleep(_BETWEEN_NOTES)


async def _reason(kentik: "KentikClient") -> str | None:
    with suppress(KentikError):  # a shared quota that cannot be reached now is the call's affair
        for quota_class in QUOTA_CLASSES:
            reason = why_waiting(await kentik.quota.snapshot(quota_class))
            if reason:
                return reason
    return None
