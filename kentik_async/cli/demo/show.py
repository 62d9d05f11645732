"""Runs the four strategies one after the other and prints the comparison."""

import asyncio
import signal
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kentik_async.cli.context import Context
from kentik_async.cli.demo import strategies
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
    strategy: strategies.Strategy
    max_calls: int | None = None


_RUNS = (
    _Run("a", "all at once, plain stubs", strategies.all_at_once),
    _Run("b", "one by one, with pauses", strategies.one_by_one_with_pauses, max_calls=_CALLS_WITH_PAUSES),
    _Run("c", "one by one, no pauses", strategies.one_by_one),
    _Run("d", "all at once, kentik-async", strategies.with_client),
)

_COLUMNS = (
    Column("run"),
    Column("calls", kind="count"),
    Column("refused", kind="count"),
    Column("seconds", "time", kind="seconds"),
    Column("optimum", kind="share", optional=True),
    Column("latency", "interactive", read=lambda row: _latency(row["median"], row["worst"]), optional=True),
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
    """Run the four strategies and print the comparison.

    Args:
        context: The command context.
        calls: The number of calls of each run.
        speed: The clock speed-up factor of the emulator.
        seed: The seed of the generated data.

    Returns:
        OK if no request of the last run was refused or failed.
    """
    context.notes.plain(f"Starting a local emulator at speed {speed:g}: a minute lasts {60 / speed:g} s.")
    results: list[strategies.RunResult] = []
    async with _interrupt_on_sigterm(), emulator_process(speed=speed, seed=seed) as emulator:
        queries = await strategies.ranking_queries(emulator, calls)
        distinct = list(dict.fromkeys(queries))
        async with counting(context.notes, "generating test data", len(distinct)) as tick:
            await strategies.warm_up(emulator, distinct, tick)
        context.notes.plain(await _estimate(calls, speed))
        for run in _RUNS:
            selected = queries[: run.max_calls]
            title = f"({run.letter}) {run.title}"
            async with counting(context.notes, title, len(selected)) as tick:
                results.append(await strategies.measure(emulator, run.strategy, selected, tick))
    _print(context, results, calls=calls, speed=speed)
    last = results[-1]
    return Exit.OK if not last.refused and not last.failed else Exit.FAILURES


async def _estimate(calls: int, speed: float) -> str:
    """Return how long the calls of one run will take."""
    limiter = LocalLimiter(Quota.NON_QUERY.scaled(speed), pacing="throughput")
    seconds = await limiter.estimate(calls)
    return f"Estimated time for {calls:,} calls: {text_for_span(seconds)}. There are four runs."


@asynccontextmanager
async def _interrupt_on_sigterm() -> AsyncIterator[None]:
    """Handle SIGTERM like Ctrl-C while the block runs, so that the emulator is stopped too."""
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


def _print(context: Context, results: list[strategies.RunResult], *, calls: int, speed: float) -> None:
    rows = [_row(run, result, results[2]) for run, result in zip(_RUNS, results, strict=True)]
    # A table also in a pipe, unless another format is selected.
    printer = Printer(context.options.output or "table", context.notes, colour=not context.options.no_color)
    if printer.form != "table":
        printer.rows(rows, _FIELDS)
        context.notes.plain(_conclusion(results))
        return
    printer.text("")
    printer.rows(rows, _FIELDS, _COLUMNS)
    printer.text("")
    printer.text(_explanation(calls, speed))
    last = results[-1]
    if last.sample is not None:
        printer.text("")
        printer.text(_caption(last.sample))
        printer.rows(last.sample[:_ROWS_SHOWN], (), _TOP)
    printer.text("")
    printer.text(_conclusion(results))


def _row(run: _Run, result: strategies.RunResult, no_pauses: strategies.RunResult) -> dict[str, Any]:
    # Run b stays under the soft limit, so its own server times do not include delays. Use those of run c.
    reference = no_pauses if run.letter == "b" else result
    fastest = reference.busy / max(reference.calls, 1) * result.calls
    sequential = run.letter != "a"  # the sum of server times means nothing for concurrent requests
    return {
        "run": f"{run.letter}  {run.title}",
        "calls": result.calls,
        "refused": result.refused,
        "failed": result.failed,
        "seconds": round(result.seconds, 3),
        "busy": round(result.busy, 3),
        "optimum": round(fastest / result.seconds, 4) if sequential else None,
        "median": round(statistics.median(result.latencies), 4) if result.latencies else None,
        "worst": round(max(result.latencies), 4) if result.latencies else None,
    }


def _latency(median: float | None, worst: float | None) -> str | None:
    return None if median is None or worst is None else f"{median * 1000:.0f}-{worst * 1000:.0f} ms"


def _explanation(calls: int, speed: float) -> str:
    lines = [
        "optimum: the share of the time in which the server worked on requests, from its",
        "  own log. It allows one request at a time, so 100% is the fastest possible.",
        "  (For run b: the time that the server needed for as many requests of run c.)",
        "interactive: median and maximum latency of interactive calls;",
        f"  {strategies.INTERACTIVE_CALLS} of them, half gRPC, half REST, ran at high priority in run d.",
        f"At the real Kentik, all runs take {speed:g} times as long.",
    ]
    if calls > _CALLS_WITH_PAUSES:
        lines.insert(0, f"Run b makes only {_CALLS_WITH_PAUSES} calls, to save time.")
    return "\n".join(lines)


def _caption(sample: Rankings) -> str:
    shown = min(len(sample), _ROWS_SHOWN)
    return (
        f"{sample.market_id}, {sample.rank_type.value}, {sample.ip.value}: the first {shown} of "
        f"{len(sample):,} rows"
    )


def _conclusion(results: list[strategies.RunResult]) -> str:
    first, *_, last = results
    if last.refused or last.failed:
        return (
            f"Unexpected: {last.refused:,} requests of run d were refused and {last.failed:,} calls failed."
        )
    comparison = f" Run a lost {first.failed:,} of {first.calls:,}." if first.failed else ""
    return (
        f"0 refused: each of the {last.calls:,} requests of run d was sent as soon as the rate\n"
        f"limits allowed, and was answered at the first attempt.{comparison}"
    )
