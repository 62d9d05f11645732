"""Writes the results of the comparison as Markdown and as a picture."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.limiter.judge import QUERY
from benchmarks.limiter.peers import OURS, versions
from benchmarks.limiter.processes import Shared
from benchmarks.limiter.runs import Judged
from benchmarks.limiter.virtual import AtScale

__all__ = ["Results", "draw", "markdown"]


@dataclass(slots=True)
class Results:
    """All measurements; the costs by figure, then by limiter."""

    quick: bool
    speed: float
    rounds: int
    process_speed: float
    query: dict[str, Judged]
    non_query: dict[str, Judged]
    given_up: dict[str, Judged]
    at_scale: list[AtScale]
    inversions: dict[str, int] = field(default_factory=dict)
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    shared: dict[str, Shared] = field(default_factory=dict)


_NAMES = ("", OURS, "aiolimiter", "pyrate-limiter", "throttled-py", "limits")
_CAN = """
several windows at once | yes | no | yes | no | one after the other
no rolling window above its limit | yes | up to twice | by its own clock | up to twice | by its own clock
concurrency | yes | no | no | no | no
learns of the answer | yes | no | no | no | no
waits for a turn | yes | yes | yes | polls | its caller polls
priorities | yes | no | no | no | no
shared by processes | file, Redis | no | SQLite, Redis, Postgres | Redis | Redis and others
"""
"""The features of each limiter, from its documentation and source."""

_RULES = """
All calls start at the same time, over a network with jitter (one way: median 30 ms, 95th percentile 155 ms),
in real time on a clock {speed:g} times as fast, against a server that counts at receipt and refuses nothing.
A limiter without a concurrency limit is used behind an asyncio.Semaphore. In the third pull every 20th
request takes the server 8 s, and its caller gives up after 3. A request is over if it exceeded any limit;
the share is relative to the fastest schedule within the rules, and is in brackets if the limiter exceeded
them.
"""
_SCALE = """
Ours on the vendor's own scale, {requests:,} requests each, in virtual time; courteous is compared with the
fastest schedule without delays:
"""
_COSTS = """
CPU time, medians of {rounds} rounds in turn after a warm-up (waiters: {fewer}); in brackets the ratio to
ours, which applies all rules in each figure, while aiolimiter and throttled-py apply one window. A turn: one
of 3,700 in windows of 3,750, without competition. Waiters: all start at the same time, half of them wait for
a window of a second; the figures include their tasks.
"""
_PROCESSES = """
The processes start together, each with four waiting calls at any time; answers come after 50 ms, on a clock
{speed:g} times as fast. A hand-over takes real time, so it has {speed:g} times its real weight.
"""


def markdown(results: Results) -> str:
    """Return all tables."""
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    rough = " This was a quick run: the figures are rough." if results.quick else ""
    runs = _pulls(results)
    parts = [
        "# The limiter compared with others",
        f"Written by `python -m benchmarks.limiter`. {machine}, {os.cpu_count()} cores; {versions()}.{rough}",
        "## Features",
        _table(_NAMES, [line.split(" | ") for line in _CAN.strip().splitlines()]),
        "## Requests over the limits",
        _text(_RULES, speed=results.speed),
        _table(
            (
                "",
                *(f"{name}: over, of {run[OURS].requests}" for name, run in runs),
                *(f"{name}: share" for name, _ in runs),
            ),
            [
                (
                    name,
                    *(str(run[name].over["any"]) for _, run in runs),
                    *(_share(run[name]) for _, run in runs),
                )
                for name in results.query
            ],
        ),
        _text(_SCALE, requests=results.at_scale[0].requests),
        _table(
            ("", "over a limit", "delayed", "share of the optimum"),
            [(row.name, str(row.over), f"{row.delayed:,}", f"{row.share:.2%}") for row in results.at_scale],
        ),
        "## Order",
        _table(
            ("of 1,000 calls that wait for a window", *results.inversions),
            [("had their turn before an older one", *map(str, results.inversions.values()))],
        ),
        "## Cost",
        _text(_COSTS, rounds=results.rounds, fewer=max(results.rounds // 5, 1)),
        _costs(results.costs),
        "## Four processes",
        _text(_PROCESSES, speed=results.process_speed),
        _table(
            ("", "requests", "refused", "most in flight", "share of the optimum", "turns from the 21st on"),
            [_shared(name, run) for name, run in results.shared.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _text(template: str, **figures: float) -> str:
    return template.strip().replace("\n", " ").format(**figures)


def _shared(name: str, run: Shared) -> Sequence[str]:
    turns = "/".join(map(str, run.turns))
    return name, str(run.requests), str(run.refused), str(run.most_flying), f"{run.share:.1%}", turns


def _pulls(results: Results) -> Sequence[tuple[str, Mapping[str, Judged]]]:
    return ("query", results.query), ("non-query", results.non_query), ("given up", results.given_up)


def _share(run: Judged) -> str:
    return f"({run.share:.0%})" if run.over["any"] else f"{run.share:.1%}"


def _costs(costs: Mapping[str, Mapping[str, float]]) -> str:
    heads = {
        "alone": "a turn, µs",
        "slot": "a turn behind a semaphore, µs",
        "1000": "each of 1,000 waiters, µs",
        "10000": "each of 10,000, µs",
        "bytes": "bytes a waiter",
    }
    rows = [(name, *(_beside(costs[figure], name, figure) for figure in heads)) for name in costs["slot"]]
    return _table(("", *heads.values()), rows)


def _beside(figures: Mapping[str, float], name: str, figure: str) -> str:
    if name not in figures:
        return ""
    digits = 0 if figure == "bytes" else 1 if figure.isdigit() else 2
    ratio = "" if name == OURS else f" ({figures[name] / figures[OURS]:.1f})"
    return f"{figures[name]:,.{digits}f}{ratio}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" if _number(rows, place) else "---" for place in range(1, len(head)))]]
    return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *rows])


def _number(rows: Sequence[Sequence[str]], place: int) -> bool:
    return all(not row[place] or row[place].lstrip("(")[:1].isdigit() for row in rows)


_COLOURS = {
    OURS: "#0a6c74",
    "asyncio.Semaphore": "#b0b0b0",
    "aiolimiter": "#d1495b",
    "pyrate-limiter": "#edae49",
}


def draw(results: Results, path: Path) -> None:
    """Draw the rolling minute at the server, the overruns, and the costs."""
    import matplotlib as mpl  # takes a second to import; only the picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, ((minute, over), (alone, waiting)) = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    _draw_minute(minute, results.query)
    total = {name: sum(run[name].over["any"] for _, run in _pulls(results)) for name in results.query}
    calls = sum(run[OURS].requests for _, run in _pulls(results))
    _bars(over, total, f"Requests beyond a limit, of {calls:,}, in three pulls", "{:.0f}")
    _bars(alone, results.costs["alone"], "A turn without competition: µs of CPU", "{:.2f}")
    _bars(waiting, results.costs["10000"], "Each of 10,000 waiters: µs of CPU", "{:.0f}")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_minute(axes: Any, runs: Mapping[str, Judged]) -> None:
    for name in reversed(_COLOURS):
        minutes, counts = zip(*runs[name].minute, strict=True)
        axes.step(minutes, counts, where="post", label=name, color=_COLOURS[name], linewidth=1.6)
    axes.axhline(QUERY.hard, color="black", linestyle="--", linewidth=1)
    axes.text(
        0.02, QUERY.hard + 6, "the vendor refuses above", fontsize=8, transform=axes.get_yaxis_transform()
    )
    axes.set(title="Query class: requests in the rolling minute, at the server", xlabel="minutes")
    axes.set_ylim(0, 260)
    axes.legend(frameon=False, fontsize=8, loc="upper right")


def _bars(axes: Any, figures: Mapping[str, float], title: str, label: str) -> None:
    names = list(reversed(figures))
    bars = axes.barh(
        names,
        [figures[name] for name in names],
        color=[_COLOURS[OURS] if name == OURS else "#b0b0b0" for name in names],
    )
    axes.bar_label(bars, labels=[label.format(figures[name]) for name in names], padding=3, fontsize=8)
    axes.set_title(title)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
