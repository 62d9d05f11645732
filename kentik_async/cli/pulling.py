"""One pull from the command line: what it will take, how far it is, and what it came to."""

import asyncio
import datetime as dt
import shlex
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from kentik_async.cli.choices import Family, RankKind
from kentik_async.cli.context import Context
from kentik_async.cli.exits import Exit
from kentik_async.cli.options import Flag
from kentik_async.cli.spans import text_for_span
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.bulk.landing import PullReport
    from kentik_async.bulk.pull import Pull
    from kentik_async.bulk.status import Outlook

__all__ = ["Asked", "How", "Several", "date_given", "run_pull"]

_LONG = 12 * 3600.0
_MULTI_DAY = 24 * 3600.0
_DEFAULT_LIMIT = 600

Several = Parameter(consume_multiple=True)
"""For an option that takes several values: `--markets US DE`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rankings are pulled, or lead to details."""

    markets: Annotated[
        list[str] | None,
        Several,
        Parameter(help="planet:earth, cc:US, US or names; all markets by default."),
    ] = None
    rank_types: Annotated[
        list[RankKind] | None, Several, Parameter(help="Kinds of rankings; all by default.")
    ] = None
    ips: Annotated[list[Family] | None, Several, Parameter(help="Routing tables; both by default.")] = None
    limit: Annotated[int | None, Parameter(help="Rows of each ranking at most; 600 by default.")] = None

    async def arguments(self, kentik: "KentikClient") -> dict[str, Any]:
        """Return the arguments of a pull; the list of markets is asked for only where a name is given."""
        from kentik_async.cli.markets import market_named, market_spelled

        markets: Any = "all"
        if self.markets and self.markets != ["all"]:
            markets = [(text, market_spelled(text)) for text in self.markets]
            known = () if all(spelled for _, spelled in markets) else await kentik.kmi.list_markets()
            markets = [spelled or market_named(text, known) for text, spelled in markets]
        return {
            "markets": markets,
            "rank_types": self.rank_types or "all",
            "ips": self.ips or ("v4", "v6"),
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class How:
    """Where a pull lands and how."""

    store: Annotated[Literal["parquet", "sqlite", "ndjson", "csv"], Parameter(help="The kind of tables.")] = (
        "parquet"
    )
    date: Annotated[
        str | None, Parameter(help="Date that the rows bear, YYYY-MM-DD; today's, by UTC, by default.")
    ] = None
    refresh: Annotated[
        Flag, Parameter(help="Pull a finished date again; the new rows replace the old when complete.")
    ] = False
    dry_run: Annotated[Flag, Parameter(help="Say what it takes and end.")] = False
    leave: Annotated[
        int | None, Parameter(help="Requests a minute to leave to others; 5 when courteous, else 0.")
    ] = None
    allow_multi_day: Annotated[Flag, Parameter(help="Begin even if it takes more than 24 hours.")] = False

    @property
    def day(self) -> dt.date | None:
        """The date given.

        Raises:
            ValidationError: It is none.
        """
        return None if self.date is None else date_given(self.date, "--date")


Make: TypeAlias = Callable[["KentikClient"], Awaitable["Pull"]]


async def run_pull(context: Context, target: str, how: How, make: Make) -> Exit:
    """Plan a pull, run it, and say what it came to.

    Args:
        context: The command line's surroundings.
        target: The folder.
        how: Where it lands and how.
        make: Makes the pull; may ask for the list of markets.
    """
    # What waits for quota is shown with the progress; a line of its own would break the bar.
    calm = Context(replace(context.options, quiet=True))
    day = how.day
    async with calm.client() as kentik:
        pull = await make(kentik)
        ahead = await _outlook(pull, target, how, day)
        if not ahead.complete:
            _announce(context, pull, target, ahead)
            if how.dry_run:
                return Exit.OK
            if ahead.seconds > _MULTI_DAY and not how.allow_multi_day:
                raise ValidationError(
                    f"it takes {text_for_span(ahead.seconds)}: ask for less, or add --allow-multi-day"
                )
        try:
            report = await _save(context, kentik, pull, target, how, day)
        except asyncio.CancelledError:
            context.notes.plain(f"interrupted; what was answered is kept. Resume with: {_this_command()}")
            return Exit.INTERRUPTED
    return _conclude(context, target, how, report)


async def _outlook(pull: "Pull", target: str, how: How, day: dt.date | None) -> "Outlook":
    from kentik_async.bulk.status import outlook

    return await outlook(pull, target, how.store, date=day, refresh=how.refresh, now=time.time())


async def _save(
    context: Context, kentik: "KentikClient", pull: "Pull", target: str, how: How, day: dt.date | None
) -> "PullReport":
    from kentik_async.cli.pull_progress import following

    async with following(context.notes, kentik, pull):
        return await pull.save(target, how.store, date=day, refresh=how.refresh)


def _announce(context: Context, pull: "Pull", target: str, ahead: "Outlook") -> None:
    """Say what the pull will take."""
    most = "" if ahead.exact else "at most "
    if ahead.run_id is not None:
        context.notes.plain(f"resuming run {ahead.run_id}: {_counted(ahead.there, 'page')} there")
    elif ahead.there:
        context.notes.plain(f"{_counted(ahead.there, 'page')} of the date: there, and not asked for again")
    rows = ahead.rankings * (pull.ask.limit or _DEFAULT_LIMIT)
    expected = [f"up to {rows:,} rows of rankings"] if rows else []
    if pull.ask.top is not None or pull.ask.targets:
        expected.append("the networks' neighbours")
    context.notes.plain(
        f"{target}: {most}{_counted(ahead.calls, 'call')}, {most}{text_for_span(ahead.seconds)}; "
        + (" and ".join(expected) or "no rows to come")
    )
    if ahead.seconds > _LONG:
        span = text_for_span(ahead.seconds)
        context.notes.note(f"it takes {span}: the vendor's APIs are not meant for full data extraction")


_FIELDS = (
    "target",
    "run_id",
    "run_date",
    "calls",
    "pages",
    "rows",
    "failed",
    "mixed",
    "already_complete",
)


def _conclude(context: Context, target: str, how: How, report: "PullReport") -> Exit:
    """Print the summary and return what the process ends with."""
    from kentik_async.cli.columns import Column

    record = {"target": target} | {name: getattr(report, name) for name in _FIELDS[1:]}
    numbers = ("calls", "pages", "rows", "failed")
    columns = tuple(Column(name, kind="count" if name in numbers else "text") for name in _FIELDS)
    context.printer.record(record, _FIELDS, columns)
    if report.already_complete:
        again = f"--refresh pulls {report.run_date} again"
        context.notes.note(f"run {report.run_id} has finished: nothing was asked for; {again}")
    if report.mixed:
        context.notes.note("the vendor's data changed while the run went on: its rows are of two states")
    if report.failed:
        where = "the table 'pages' holds their errors"
        context.notes.note(f"{_counted(report.failed, 'page')} failed; {where}")
        return Exit.FAILURES
    return Exit.OK


def _this_command() -> str:
    return shlex.join(["kentik-async", *sys.argv[1:]])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def date_given(text: str, option: str) -> dt.date:
    """Return the date that an option was given.

    Raises:
        ValidationError: It is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(f"{option} is {text!r}: give YYYY-MM-DD, such as 2026-11-20") from None
