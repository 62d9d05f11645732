"""The runs of a target, and which of them a pull takes up: the open one, a finished one, or none. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from kentik_async.bulk.spec import Ask
from kentik_async.errors import TargetError

__all__ = [
    "ASKED_FOR_ALL",
    "RESUMABLE_SECONDS",
    "SELECT_RUNS",
    "Run",
    "ask_identity",
    "asked_of",
    "refuse_other_store",
    "run_to_take_up",
]

RESUMABLE_SECONDS = 24 * 3600.0
"""For how long a run that was cut off is gone on with, also after midnight."""

ASKED_FOR_ALL = frozenset({"landing", "swapping", "complete"})
"""The states of runs that will ask for nothing more."""

SELECT_RUNS = (
    "SELECT run_id, run_date, ask, store, state, refresh, started_at, mixed, finished_at"
    " FROM runs ORDER BY started_at, run_id"
)
"""What asks a journal for its runs, oldest first; `Run.from_row` reads a line of the answer."""

_SHARD = " shard "
_YEAR_10_000 = 253_402_300_800.0


@dataclass(frozen=True, slots=True)
class Run:
    """One pull into a target.

    Attributes:
        run_id: Its name: the date and a number, "2026-11-20.1".
        run_date: The date that its rows bear, YYYY-MM-DD.
        ask: What it pulls, as text.
        store: The kind of tables it writes.
        state: "open"; "landing" (all is asked for); "swapping" (a refresh that is taking the old run's
            place) or "complete"; "replaced" by a later refresh.
        refresh: Whether it replaces what the date already holds.
        started_at: When it began, in seconds since the Unix epoch.
        mixed: Whether the data changed while it ran; None until that is known.
        finished_at: When it ended, likewise in seconds; None if it has not.
    """

    run_id: str
    run_date: str
    ask: str
    store: str
    state: str
    refresh: bool
    started_at: float
    mixed: bool | None
    finished_at: float | None = None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Make one of a line of the journal: see `SELECT_RUNS`.

        Raises:
            TargetError: They hold what no pull enters.
        """
        run_id, run_date, ask, store, state, refresh, started_at, mixed, finished_at = row
        texts = all(isinstance(text, str) for text in row[:5])
        if not (texts and _is_instant(started_at) and (finished_at is None or _is_instant(finished_at))):
            raise TargetError(
                f"the journal holds a run {run_id!r} that no pull entered: restore a copy of it"
            )
        known = None if mixed is None else bool(mixed)
        return cls(run_id, run_date, ask, store, state, bool(refresh), started_at, known, finished_at)


def _is_instant(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 <= seconds < _YEAR_10_000


def ask_identity(ask: Ask, shard: tuple[int, int] | None) -> str:
    """Return what is equal for two pulls that ask for the same pages."""
    return ask.text if shard is None else f"{ask.text}{_SHARD}{shard[0]}/{shard[1]}"


def asked_of(identity: str) -> tuple[Ask, tuple[int, int] | None]:
    """Return the ask and the shard that an identity was made of."""
    text, _, shard = identity.partition(_SHARD)
    ask = msgspec.json.decode(text, type=Ask)
    if not shard:
        return ask, None
    i, n = shard.split("/")
    return ask, (int(i), int(n))


def run_to_take_up(
    runs: Iterable[Run], identity: str, store: str, *, date: dt.date | None, refresh: bool, now: float
) -> Run | None:
    """Return the run that a pull goes on with, or that has finished already; None where one must begin.

    Args:
        runs: The target's runs, oldest first.
        identity: What is asked; see `ask_identity`.
        store: The kind of tables.
        date: The date that the rows shall bear; today's, by UTC, if None.
        refresh: Whether a finished run does not count.
        now: The present instant, in seconds since the Unix epoch.
    """
    mine = [run for run in runs if (run.ask, run.store) == (identity, store)]
    for run in reversed(mine):
        fits = run.run_date == date.isoformat() if date else now - run.started_at < RESUMABLE_SECONDS
        if run.state == "open" and fits and run.refresh == refresh:
            return run
    run_date = (date or dt.datetime.fromtimestamp(now, dt.UTC).date()).isoformat()
    finished = [run for run in mine if run.state in ASKED_FOR_ALL and run.run_date == run_date]
    return finished[-1] if finished and not refresh else None


def refuse_other_store(runs: Iterable[Run], store: str, target: object) -> None:
    """See to it that a target holds one kind of tables: readers of a folder know one only.

    Raises:
        TargetError: An earlier run wrote another kind.
    """
    other = next((run.store for run in runs if run.store != store), None)
    if other is not None:
        raise TargetError(f"{target} holds {other} tables, not {store}: write {other}, or to another target")
