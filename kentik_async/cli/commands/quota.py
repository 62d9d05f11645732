"""`kentik-async quota`: the vendor's limits, what is left of them, and what a number of calls takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column, text_for_span
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient, Quota

__all__ = ["quota"]

_COLUMNS = (Column("limit", " "), Column("non_query", "non-query", "count"), Column("query", kind="count"))
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
_FIELDS = ("quota_class", *_RULES, *_STATE, "calls", "seconds")


async def quota(*, calls: int = 1000, context: Ctx) -> None:
    """Show the vendor's limits, what is left, and how long a number of calls takes.

    Nothing is sent. Beyond the soft limit of a minute each answer is delayed;
    beyond the others a request is refused. Programs that share this machine's
    file, or a Redis, are counted; of any other program of your company only
    that is known which the answers to this one's requests gave away.

    For example:

      $ kentik-async quota --calls 5000

    Args:
        calls: For how many calls to tell the time.
        context: Handed over.
    """
    from kentik_async.quota import Quota

    if calls < 0:
        raise ValidationError(f"--calls is {calls}: give a whole number from 0")
    speed = context.settings.get("speed", 1.0)
    rules = {"non_query": Quota.NON_QUERY.scaled(speed), "query": Quota.QUERY.scaled(speed)}
    async with context.client() as kentik:
        rows = [await _row(kentik, name, limits, calls) for name, limits in rules.items()]
    if context.printer.form == "table":
        context.printer.rows(_turned(rows), (), _COLUMNS)
    else:
        context.printer.rows(rows, _FIELDS)


async def _row(kentik: "KentikClient", name: Any, limits: "Quota", calls: int) -> dict[str, Any]:
    state = await kentik.quota.snapshot(name)
    row: dict[str, Any] = {"quota_class": name}
    row |= {field: getattr(limits, field) for field in _RULES}
    row |= {field: getattr(state, field) for field in _STATE}
    return row | {"calls": calls, "seconds": await kentik.quota.estimate(calls, name)}


def _turned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row a limit and a column a class, as people compare them."""
    calls = rows[0]["calls"]
    lines: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("requests at once", lambda row: row["max_concurrent"]),
        ("a minute, before answers are delayed", lambda row: row["soft_per_minute"]),
        ("    by this long", lambda row: f"{row['soft_delay']:.3g} s"),
        ("a minute, before refusals", lambda row: row["hard_per_minute"]),
        ("    left", lambda row: row["left_hard_minute"]),
        ("    spent by others, as answers tell", lambda row: row["others"]),
        ("an hour, before refusals", lambda row: row["per_hour"]),
        ("    left", lambda row: row["left_hour"]),
        (f"time for {calls:,} calls", lambda row: text_for_span(row["seconds"])),
    )
    return [{"limit": name} | {row["quota_class"]: read(row) for row in rows} for name, read in lines]
