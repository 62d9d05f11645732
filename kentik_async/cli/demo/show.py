"""The four runs one after the other, and what they say together."""

import asyncio
import signal
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kentik_async.cli.context import Context
from kentik_async.cli.demo import strategies as runs
from kentik_async.cli.demo.process import emulator_process
from kentik_async.cli.demo.progress import counting
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, text_for_span
from kentik_async.cli.output.printer import Printer
from kentik_async.models import Rankings
from kentik_async.quota import LocalLimiter, Quota

__all__ = ["show"]

_CALLS_WITH_PAUSES = 200
_ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Run:
    letter: str
    title: str
    way: runs.Way
    at_most: int | None = None


_RUNS = (
    _Run("a", "all at once, bare stubs", runs.naive),
    _Run("b", "one by one, with a pause", runs.with_pauses, at_most=_CALLS_WITH_PAUSES),
    _Run("c", "one by one, no pause", runs.one_by_one),
    _Run("d", "all at once, kentik-async", runs.ours),
)

_COLUMNS = (
    Column("run"),
    Column("calls", kind="count"),
    Column("refused", kind="count"),
    Column("seconds", "took", kind="seconds"),
    Column("optimum", kind="share"),
    Column("click", "a click", read=lambda row: _click(row["median"], row["worst"])),
)
_FIELDS = ("run", "calls", "refused", "failed", "seconds", "busy", "optimum", "median", "worst")
_TOP = (
    Column("rank", kind="count"),
    Column("asn", kind="id"),
    Column("name"),
    Column("score", kind="count"),
    Column("score_change", "+/-", kind="change"),
)


async def show(context: Context, *, calls: int, speed: float, seed: int) -> Exit:
    """Make the four runs and print what they brought.

    Args:
        context: How to print.
        calls: How many calls a run.
        speed: How many times faster than at the vendor time passes.
        seed: What the emulator's data are made from.

    Returns:
        OK if the last run had no refusal and no failure.
    """
    context.notes.plain(
        f"Starting a Kentik on this machine, at speed {speed:g}: a minute lasts {60 / speed:g} s."
    )
    outcomes: list[runs.Outcome] = []
    async with _ended_by_sigterm(), emulator_process(speed=speed, seed=seed) as emulator:
        asked = await runs.questions(emulator, calls)
        different = list(dict.fromkeys(asked))
        async with counting(context.notes, "making up an Internet", len(different)) as tick:
            await runs.warmed_up(emulator, different, tick)
        context.notes.plain(await _foretold(calls, speed))
        for run in _RUNS:
            some = asked[: run.at_most]
            title = f"({run.letter}) {run.title}"
            async with counting(context.notes, title, len(some)) as tick:
                outcomes.append(await runs.measured(emulator, run.way, some, tick))
    _print(context, outcomes, calls=calls, speed=speed)
    ours = outcomes[-1]
    return Exit.OK if not ours.refused and not ours.failed else Exit.FAILURES


async def _foretold(calls: int, speed: float) -> str:
    """Say how long so many calls take, one run after the other, before any was made."""
    fresh = LocalLimiter(Quota.NON_QUERY.scaled(speed), pacing="throughput")
    seconds = await fresh.estimate(calls)
    return f"{calls:,} calls take {text_for_span(seconds)} by the limiter's estimate; there are four runs."


@asynccontextmanager
async def _ended_by_sigterm() -> AsyncIterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that the emulator is ended too."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        if task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        yield
    except asyncio.CancelledError:
        if terminated:
            raise KeyboardInterrupt from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _print(context: Context, outcomes: list[runs.Outcome], *, calls: int, speed: float) -> None:
    rows = [_row(run, outcome, outcomes[2]) for run, outcome in zip(_RUNS, outcomes, strict=True)]
    # For people even where the output is not a terminal, unless another form was asked for.
    printer = Printer(context.options.output or "table", context.notes, colour=not context.options.no_color)
    if printer.form != "table":
        printer.rows(rows, _FIELDS)
        context.notes.plain(_verdict(outcomes))
        return
    printer.text("")
    printer.rows(rows, _FIELDS, _COLUMNS)
    printer.text("")
    printer.text(_explanation(calls, speed))
    ours = outcomes[-1]
    if ours.sample is not None:
        printer.text("")
        printer.text(_caption(ours.sample))
        printer.rows(ours.sample[:_ROWS_SHOWN], (), _TOP)
    printer.text("")
    printer.text(_verdict(outcomes))


def _row(run: _Run, outcome: runs.Outcome, bare: runs.Outcome) -> dict[str, Any]:
    # Under the soft limit no answer is delayed, so the server's own record says nothing of the fastest way.
    reference = bare if run.letter == "b" else outcome
    fastest = reference.busy / max(reference.calls, 1) * outcome.calls
    alone = run.letter != "a"  # with many requests under way at once the sum says nothing either
    return {
        "run": f"{run.letter}  {run.title}",
        "calls": outcome.calls,
        "refused": outcome.refused,
        "failed": outcome.failed,
        "seconds": round(outcome.seconds, 3),
        "busy": round(outcome.busy, 3),
        "optimum": round(fastest / outcome.seconds, 4) if alone else None,
        "median": round(statistics.median(outcome.waits), 4) if outcome.waits else None,
        "worst": round(max(outcome.waits), 4) if outcome.waits else None,
    }


def _click(median: float | None, worst: float | None) -> str | None:
    return None if median is None or worst is None else f"{median * 1000:.0f}-{worst * 1000:.0f} ms"


def _explanation(calls: int, speed: float) -> str:
    lines = [
        "optimum: what part of the time the server, by its own record, was at work on",
        "  the run's requests (b: at work on as many of run c's). It takes one request",
        "  at a time, so nobody can be faster.",
        "a click: how long an interactive call took, median and longest;",
        f"  {runs.INTERACTIVE_CALLS} were made while the pull ran, half of them gRPC, at high priority.",
        f"At the real Kentik all of this takes {speed:g} times as long.",
    ]
    if calls > _CALLS_WITH_PAUSES:
        lines.insert(0, f"run b was made on {_CALLS_WITH_PAUSES} calls, to save time.")
    return "\n".join(lines)


def _caption(sample: Rankings) -> str:
    return f"{sample.market_id}, {sample.rank_type.value}, {sample.ip.value}: {len(sample):,} rows, of which"


def _verdict(outcomes: list[runs.Outcome]) -> str:
    naive, *_, ours = outcomes
    if ours.refused or ours.failed:
        return f"{ours.refused:,} refused, {ours.failed:,} failed in run d: this should not be."
    beside = f" Run a lost {naive.failed:,} of {naive.calls:,}." if naive.failed else ""
    return (
        f"0 refused: each of the {ours.calls:,} requests of run d was sent as soon as the vendor's\n"
        f"limits allowed, and answered at the first attempt.{beside}"
    )
