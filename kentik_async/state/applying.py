"""Applies a plan: as many concurrent changes as the quota allows, in the order of their dependencies."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from kentik_async._pipeline.caller import Caller
from kentik_async.errors import (
    AuthenticationError,
    ClientClosedError,
    ConflictError,
    KentikError,
    QuotaWaitError,
)
from kentik_async.state.changes.editing import Editor, UncertainError
from kentik_async.state.changes.stopping import StoppableCaller, StoppedError
from kentik_async.state.plan import StatePlan
from kentik_async.state.report import ApplyProgress, ApplyReport, Outcome

__all__ = ["apply_plan"]

_FATAL = (AuthenticationError, ClientClosedError, QuotaWaitError)
"""Errors after which every further change would fail too."""

_MOST_AT_ONCE = 64


async def apply_plan(
    plan: StatePlan,
    caller: Caller,
    stop: asyncio.Event,
    on_progress: Callable[[ApplyProgress], None] | None,
    backup: Path | None,
) -> ApplyReport:
    """Make all changes of a plan.

    A cancellation lets the requests in flight end.

    Args:
        plan: The plan.
        caller: Sends the requests.
        stop: Set to stop: requests in flight end, and nothing more is sent.
        on_progress: Called when a change has ended.
        backup: The backup's file, for the report.
    """
    run = _ApplyRun(plan, Editor(StoppableCaller.of(caller, stop), plan), stop, on_progress)
    # One at a time if the quota has one slot, so that no request comes between the read and the write.
    workers = min(caller.quota.max_concurrent or _MOST_AT_ONCE, _MOST_AT_ONCE, max(len(plan.changes), 1))
    work = asyncio.gather(*(run.work() for _ in range(workers)))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await work
        raise
    return run.report(backup)


class _ApplyRun:
    """The state of one apply."""

    def __init__(
        self,
        plan: StatePlan,
        editor: Editor,
        stop: asyncio.Event,
        on_progress: Callable[[ApplyProgress], None] | None,
    ) -> None:
        self._plan = plan
        self._editor = editor
        self._stop = stop
        self._on_progress = on_progress
        self._waiting = dict.fromkeys(range(len(plan.changes)))
        self._running = 0
        self._ended = asyncio.Condition()
        self._lists: dict[str, dict[int, Outcome]] = {
            name: {} for name in ("done", "failed", "conflicted", "not_tried")
        }

    async def work(self) -> None:
        """Make changes until there are none left."""
        while (index := await self._next()) is not None:
            try:
                name, error = await self._make(index)
            finally:
                self._running -= 1
            async with self._ended:
                self._end(index, name, error)
                self._ended.notify_all()

    def report(self, backup: Path | None) -> ApplyReport:
        """Return the result of all changes."""
        for index in self._waiting:
            self._lists["not_tried"][index] = Outcome(self._plan.changes[index], self._missing(index))
        lists = {
            name: tuple(outcomes[index] for index in sorted(outcomes))
            for name, outcomes in self._lists.items()
        }
        return ApplyReport(**lists, backup=backup)

    async def _next(self) -> int | None:
        """Return the first change that can be made now; None if no change remains."""
        async with self._ended:
            while not self._stop.is_set():
                done = self._lists["done"]
                ready = next(
                    (i for i in self._waiting if all(need in done for need in self._plan.needs[i])), None
                )
                if ready is not None:
                    del self._waiting[ready]
                    self._running += 1
                    return ready
                if not self._running:
                    return None
                await self._ended.wait()
        return None

    async def _make(self, index: int) -> tuple[str, str | None]:
        """Make a change; return the list for its result, and why it was not made."""
        try:
            await self._editor.make(self._plan.changes[index])
        except StoppedError:
            return "not_tried", None
        except UncertainError as error:
            return "failed", str(error)
        except ConflictError as error:
            return "conflicted", str(error)
        except KentikError as error:
            if isinstance(error, _FATAL):
                self._stop.set()
            return "failed", " ".join(str(error).split())
        return "done", None

    def _end(self, index: int, name: str, error: str | None) -> None:
        outcome = Outcome(self._plan.changes[index], error)
        self._lists[name][index] = outcome
        if self._on_progress is not None and name != "not_tried":
            ended = sum(len(self._lists[one]) for one in ("done", "failed", "conflicted"))
            self._on_progress(ApplyProgress(ended, len(self._plan.changes), outcome))

    def _missing(self, index: int) -> str | None:
        """Return the error of a required earlier change that was not made, if there is one."""
        for need in sorted(self._plan.needs[index]):
            if need not in self._lists["done"] and need not in self._waiting:
                other = self._plan.changes[need]
                return f"needs {other.kind}.{other.name} first, which was not changed"
        return None
