"""`kentik-async quota`: shows the rate limits, their remaining quota, and an estimate."""

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
    from kentik_async.quota import Quota

    if calls < 0:
        raise ValidationError(f"--calls must be a whole number of at least 0; got {calls}")
    speed = context.settings.get("speed", 1.0)
    rules = {"non_query": Quota.NON_QUERY.scaled(speed), "query": Quota.QUERY.scaled(speed)}
    async with context.client() as kentik:
        rows = [await _row(kentik, name, limits, calls) for name, limits in rules.items()]
    if context.printer.form == "table":
        context.printer.rows(_transposed(rows), (), _COLUMNS)
    else:
        context.printer.rows(rows, _FIELDS)


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
        ("    delay beyond it", lambda row: f"{row['soft_delay']:.3g} s"),
        ("hard limit per minute", lambda row: row["hard_per_minute"]),
        ("    remaining", lambda row: row["left_hard_minute"]),
        ("    used by others (inferred)", lambda row: row["others"]),
        ("hourly limit", lambda row: row["per_hour"]),
        ("    remaining", lambda row: row["left_hour"]),
        (f"time for {calls:,} calls", lambda row: text_for_span(row["seconds"])),
    )
    return [{"limit": name} | {row["quota_class"]: read(row) for row in rows} for name, read in lines]
