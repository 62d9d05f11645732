"""`kentik-async quota`: shows the rate limits, their remaining quota, and an estimate, once or live."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cyclopts import App

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.output.formatting import Column, text_for_span
from kentik_async.cli.parameters import OTHER, Flag
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient, Quota
    from kentik_async.cli.output.quota_figures import QuotaFigures
    from kentik_async.quota import QuotaClass

__all__ = ["app"]

app = App(name="quota", group=OTHER)

_COLUMNS = (
    Column("limit", " ", min_width=12),
    Column("non_query", "non-query", "count"),
    Column("query", kind="count"),
)
_RULES = ("max_concurrent", "soft_per_minute", "soft_delay", "hard_per_minute", "per_hour")
_STATE = (
    "in_flight",
    "waiting",
    "left_soft_minute",
    "left_hard_minute",
    "left_hour",
    "others",
    "next_free",
    "frozen",
    "pacing",
)
_SHORTEST_INTERVAL = 0.1
_FIELDS = ("quota_class", *_RULES, *_STATE, "calls", "seconds")


@app.default
async def quota(*, calls: int = 1000, context: Ctx) -> None:
    """Show rate limits, remaining quota, and the time that calls will take.

    No request is sent. Programs that share the quota file of this machine, or
    a Redis, are counted. The usage by other programs is inferred from
    responses.

    For example:

      kentik-async quota --calls 5000

    Args:
        calls: Number of calls to estimate.
        context: The command context.
    """
    if calls < 0:
        raise ValidationError(f"--calls must be a whole number of at least 0; got {calls}")
    async with context.open_client() as kentik:
        rows = [await _row(kentik, name, limits, calls) for name, limits in _limits(context).items()]
    if context.printer.form == "table":
        context.printer.rows(_transposed(rows), (), _COLUMNS)
    else:
        context.printer.rows(rows, _FIELDS)


@app.command
async def watch(*, interval: float = 1.0, once: Flag = False, context: Ctx) -> None:
    """Watch the quota live until Ctrl-C.

    No request is sent and no quota is used. The view shows the programs that
    share the quota file of this machine, or a Redis; the calls that wait in
    another program are counted at its latest report. Without a terminal, it
    prints one line per interval; with -o json, one JSON document per line.

    For example:

      kentik-async quota watch
      kentik-async quota watch --limiter redis://host:6379 --once -o json

    Args:
        interval: Refresh interval in seconds, at least 0.1.
        once: Print one snapshot and exit.
        context: The command context.
    """
    import asyncio
    import sys

    if not (math.isfinite(interval) and interval >= _SHORTEST_INTERVAL):
        raise ValidationError(
            f"--interval must be a number of at least {_SHORTEST_INTERVAL}; got {interval:g}"
        )
    if context.options.output == "csv" or context.options.fields is not None:
        raise ConfigError("'quota watch' writes table, json or ndjson, without --fields; use --jq")
    json = context.options.jq is not None or context.options.output in ("json", "ndjson")
    async with context.open_client() as kentik:
        _warn_if_private(context)
        with _display(context, json=json, live=sys.stdout.isatty() and not once) as show:
            while True:
                show(await _view(context, kentik))
                if once:
                    return
                await asyncio.sleep(interval)


@contextmanager
def _display(context: Context, *, json: bool, live: bool) -> "Iterator[Callable[[QuotaFigures], None]]":
    """Yield what shows a view: a live table, a line of text, or a line of JSON."""
    if json:
        yield lambda view: context.printer.line_of_json(view.document)
    elif live:
        from rich.live import Live

        from kentik_async.cli.output.tables import stdout_console

        console = stdout_console(colour=not context.options.no_color)
        with Live(console=console, auto_refresh=False) as screen:
            yield lambda view: screen.update(view.table(), refresh=True)
    else:
        yield lambda view: context.printer.text(view.line)


async def _view(context: Context, kentik: "KentikClient") -> "QuotaFigures":
    import datetime as dt

    from kentik_async.cli.output.quota_figures import ClassFigures, QuotaFigures

    classes: dict[str, ClassFigures] = {
        name: ClassFigures(limits, await kentik.quota.snapshot(name))
        for name, limits in _limits(context).items()
    }
    return QuotaFigures(dt.datetime.now(dt.UTC).replace(microsecond=0), classes)


def _limits(context: Context) -> "dict[QuotaClass, Quota]":
    from kentik_async.quota import Quota

    speed = context.settings.get("speed", 1.0)
    return {"non_query": Quota.NON_QUERY.scaled(speed), "query": Quota.QUERY.scaled(speed)}


def _warn_if_private(context: Context) -> None:
    """Warn if the quota is counted in the memory of each process, so that nothing can be seen."""
    from kentik_async._config import Endpoint

    limiter, url = context.settings.get("limiter"), context.settings.get("grpc_endpoint")
    local = url is not None and Endpoint.parse(url, name="grpc_endpoint", allow_plaintext=True).loopback
    if limiter == "process:" or (limiter is None and local):
        context.notes.warn(
            "each process counts this quota for itself, so other programs are not shown; "
            "set the same --limiter for all, such as file:PATH"
        )


async def _row(kentik: "KentikClient", name: Any, limits: "Quota", calls: int) -> dict[str, Any]:
    state = await kentik.quota.snapshot(name)
    row: dict[str, Any] = {"quota_class": name}
    row |= {field: getattr(limits, field) for field in _RULES}
    row |= {field: getattr(state, field) for field in _STATE}
    return row | {"calls": calls, "seconds": await kentik.quota.estimate(calls, name)}


def _transposed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per limit with one column per quota class."""
    calls = rows[0]["calls"]
    lines: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("concurrent requests", lambda row: row["max_concurrent"]),
        ("soft limit per minute", lambda row: row["soft_per_minute"]),
        ("  delay above it", lambda row: f"{row['soft_delay']:.3g} s"),
        ("hard limit per minute", lambda row: row["hard_per_minute"]),
        ("  remaining", lambda row: row["left_hard_minute"]),
        ("  used by others (inferred)", lambda row: row["others"]),
        ("hourly limit", lambda row: row["per_hour"]),
        ("  remaining", lambda row: row["left_hour"]),
        (f"time for {calls:,} calls", lambda row: text_for_span(row["seconds"])),
    )
    return [{"limit": name} | {row["quota_class"]: read(row) for row in rows} for name, read in lines]
