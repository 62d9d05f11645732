"""What a target's journal tells: its runs, how far each is, what it weighs. It only reads.

It may be asked while a run is writing: the journal's readers and its writer do not wait for each other.
"""

import datetime as dt
import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kentik_async.bulk.journal.damage import SQLITE_ERRORS
from kentik_async.bulk.journal.runs import (
    ASKED_FOR_ALL,
    SELECT_RUNS,
    Run,
    ask_identity,
    asked_of,
    refuse_other_store,
    run_to_take_up,
)
from kentik_async.bulk.journal.schema import refuse_other_version
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.spec import remaining
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import size_of
from kentik_async.errors import TargetError

if TYPE_CHECKING:
    from kentik_async.bulk.pull import Pull

__all__ = ["Outlook", "RunStatus", "TargetStatus", "outlook", "target_status"]

_MARKETS = PageKey("markets")


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far one run is.

    Attributes:
        run_id: Its name.
        run_date: The date that its rows bear, YYYY-MM-DD.
        ask: What it pulls, as text.
        store: The kind of tables.
        state: "running", "interrupted" (the same command goes on with it), "complete", or "replaced"
            by a later refresh.
        refresh: Whether it replaces what the date held.
        started_at: When it began, in seconds since the Unix epoch.
        finished_at: When it ended, likewise; None if it has not.
        mixed: Whether the data changed meanwhile; None where that is not known.
        done: Pages that were answered.
        failed: Pages that were given up.
        left: Pages still to come; None while the markets are not known.
        exact: Whether `left` is exact; else it is the most that can come.
        rows: Rows of the pages that were answered.
    """

    run_id: str
    run_date: str
    ask: str
    store: str
    state: str
    refresh: bool
    started_at: float
    finished_at: float | None
    mixed: bool | None
    done: int
    failed: int
    left: int | None
    exact: bool
    rows: int


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """What a target holds.

    Attributes:
        target: The folder, or the URL.
        runs: Its runs, oldest first.
        bytes: The size of its files, the journal's included.
    """

    target: str
    runs: tuple[RunStatus, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What saving a pull into a target would do now.

    Attributes:
        run_id: The run that it would go on with, or that has finished; None where one would begin.
        complete: Whether that run has finished, so that nothing is asked.
        there: Pages that need no asking.
        rankings: Rankings among the calls, or how many at most.
        calls: Requests it takes: with the list of markets, and the first ranking once more at the end.
        exact: Whether `calls` is known; else it is the most that it can be.
        seconds: How long that takes from now.
    """

    run_id: str | None
    complete: bool
    there: int = 0
    rankings: int = 0
    calls: int = 0
    exact: bool = True
    seconds: float = 0.0


def target_status(target: str | os.PathLike[str]) -> TargetStatus:
    """Return what a target holds.

    Raises:
        TargetError: No pull was saved there, or its journal cannot be read.
    """
    layout = Layout(target)
    running = _holder_lives(layout.lock)
    with _journal(layout) as db:
        if db is None:
            here = "" if layout.local else "from this machine "
            raise TargetError(f"no pull was saved {here}in {layout.name}: 'kentik-async kmi pull' saves one")
        runs = tuple(_status(db, run, running=running) for run in _runs(db))
    size = layout.tables.size() + (0 if layout.local else size_of(layout.state))
    return TargetStatus(layout.name, runs, size)


async def outlook(
    pull: "Pull",
    target: str | os.PathLike[str],
    store: str,
    *,
    date: dt.date | None,
    refresh: bool,
    now: float,
) -> Outlook:
    """Return what saving a pull would do; asks for the list of markets at most.

    Args:
        pull: The pull.
        target: The folder; it need not be there.
        store: The kind of tables.
        date: The date that the rows shall bear; today's, by UTC, if None.
        refresh: Whether a finished run does not count.
        now: The present instant, in seconds since the Unix epoch.

    Raises:
        TargetError: The journal cannot be read, or the target holds another kind of tables.
        KentikError: The list of markets could not be fetched.
    """
    layout = Layout(target)
    landed: dict[PageKey, list[Any]] = {}
    found = None
    with _journal(layout) as db:
        if db is not None:
            runs = _runs(db)
            refuse_other_store(runs, store, layout.name)
            identity = ask_identity(pull.ask, pull.part)
            found = run_to_take_up(runs, identity, store, date=date, refresh=refresh, now=now)
            if found is not None and found.state in ASKED_FOR_ALL:
                return Outlook(found.run_id, complete=True)
            today = dt.datetime.fromtimestamp(now, dt.UTC).date()
            day = found.run_date if found else (date or today).isoformat()
            landed = _landed(db, found.run_id if found else "", day, store, refresh=refresh)
    fetched = 0
    if pull.ask.needs_markets and _MARKETS not in landed:
        landed[_MARKETS] = await pull.list_markets()
        fetched = 1  # and asked for once more, to land
    ask = msgspec.structs.replace(pull.ask, list_markets=True)
    rest = remaining(ask, landed, pull.part)
    calls = rest.calls + fetched + 1  # the first ranking once more
    seconds = await pull.fetcher.estimate(calls)
    run_id, there = found.run_id if found else None, rest.there - fetched
    return Outlook(run_id, False, there, rest.rankings, calls, rest.exact, seconds)


@contextmanager
def _journal(layout: Layout) -> Iterator[sqlite3.Connection | None]:
    """Open the journal for reading, None if there is none.

    On a medium that cannot be written it is opened as a file that nobody changes.
    """
    if not layout.journal.exists():
        yield None
        return
    address = layout.journal.absolute().as_uri()
    try:
        try:
            db = _opened(f"{address}?mode=ro")
        except sqlite3.OperationalError:
            db = _opened(f"{address}?immutable=1")
        with closing(db):
            db.execute("BEGIN")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version:
                refuse_other_version(version, layout.journal, layout.name)
            yield db if version else None  # a kill came before anything was entered
    except SQLITE_ERRORS as error:
        raise TargetError(f"the journal {layout.journal} cannot be read: {error}") from error


def _opened(address: str) -> sqlite3.Connection:
    db = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        db.execute("PRAGMA user_version").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _runs(db: sqlite3.Connection) -> list[Run]:
    return [Run.from_row(row) for row in db.execute(SELECT_RUNS)]


def _status(db: sqlite3.Connection, run: Run, *, running: bool) -> RunStatus:
    counts = dict(
        db.execute("SELECT status, count(*) FROM pages WHERE run_id = ? GROUP BY status", (run.run_id,))
    )
    total = db.execute("SELECT coalesce(sum(rows), 0) FROM pages WHERE run_id = ?", (run.run_id,))
    left, exact = _left(db, run) if run.state == "open" else (0, True)
    ended = run.state in {"complete", "replaced"}
    state = run.state if ended else "running" if running else "interrupted"
    return RunStatus(
        run_id=run.run_id,
        run_date=run.run_date,
        ask=run.ask,
        store=run.store,
        state=state,
        refresh=run.refresh,
        started_at=run.started_at,
        finished_at=run.finished_at,
        mixed=run.mixed,
        done=counts.get("done", 0) + counts.get("raw", 0),
        failed=counts.get("failed", 0),
        left=left,
        exact=exact,
        rows=total.fetchone()[0],
    )


def _left(db: sqlite3.Connection, run: Run) -> tuple[int | None, bool]:
    ask, shard = asked_of(run.ask)
    landed = _landed(db, run.run_id, run.run_date, run.store, refresh=run.refresh)
    if ask.needs_markets and _MARKETS not in landed:
        return None, False
    rest = remaining(msgspec.structs.replace(ask, list_markets=True), landed, shard)
    return rest.calls, rest.exact


def _landed(
    db: sqlite3.Connection, run_id: str, run_date: str, store: str, *, refresh: bool
) -> dict[PageKey, list[Any]]:
    """Return the pages that need no asking, each with what it leads to; see `Journal.landed`."""
    rows = db.execute(
        "SELECT key, coalesce(leads, '[]')"
        " FROM pages JOIN runs USING (run_id) LEFT JOIN leads USING (page_id)"
        " WHERE status IN ('done', 'raw') AND (run_id = ?"
        " OR NOT ? AND run_date = ? AND store = ? AND state <> 'replaced'"
        " AND (NOT refresh OR state = 'complete'))",
        (run_id, refresh, run_date, store),
    )
    return {PageKey.parse(key): msgspec.json.decode(leads) for key, leads in rows}


def _holder_lives(lock: Path) -> bool:
    """Tell whether the lock's holder is there, by its entry.

    To try the lock itself could have a run that starts at the same instant refused.
    """
    try:
        holder = json.loads(lock.read_bytes())
        if holder["host"] != socket.gethostname():
            return True
        os.kill(int(holder["pid"]), 0)
    except PermissionError:
        return True  # another user's process
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
