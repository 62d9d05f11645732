"""Compare our limiter with other limiters: violations of the vendor's rules, speed and cost.

    python -m benchmarks.limiter [--quick] [--rounds 15] [--speed 30] [--into benchmarks/results]

Needs the dependency group `bench`. All limiters run in turn, in one process, after a warm-up; cost
figures are medians of CPU time over the rounds. The judged pulls run in real time against a server whose
clock runs --speed times as fast (at 30 a minute lasts 2 s), because the peers support no other clock. Then
four processes share one quota, through a file and, if redis-server is installed, through Redis. Prints
Markdown, and writes it, with a picture, into a folder. --quick takes a minute, and its figures are rough.
"""

import argparse
import asyncio
import gc
import shutil
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.limiter.judge import NON_QUERY, QUERY, Rules, journeys
from benchmarks.limiter.peers import OURS, PEERS, Make, Peer, aiolimiter, pyrate
from benchmarks.limiter.processes import Shared, by_file, by_redis
from benchmarks.limiter.report import Results, draw, markdown
from benchmarks.limiter.runs import (
    NEVER_SHORT,
    Judged,
    bytes_a_waiter,
    inversions,
    judged,
    patience,
    turn,
    waiter,
    window_of,
)
from benchmarks.limiter.virtual import at_scale
from kentik_async import Quota
from tests.multiprocess.redis.harness import running_redis

WAITERS = (1000, 10_000)
ORDERED = 1000
ONE_THROUGH = Rules(10**9, 10**9, 0.0, 1, 10**9, minute=1000.0, hour=10_000.0)


def with_slots(rules: Rules) -> dict[str, Callable[[], Peer]]:
    """Return each limiter, with a semaphore if it has no concurrency limit, and two variants."""
    makers: dict[str, Make] = {**PEERS, "aiolimiter, evenly spaced": partial(aiolimiter, even=True)}
    found = {name: partial(make, rules, rules.concurrent) for name, make in makers.items()}
    return found | {"pyrate-limiter, no semaphore": partial(pyrate, rules, None)}


def judge_all(rules: Rules, calls: int, speed: float, *, stuck: bool = False) -> dict[str, Judged]:
    """Pull answers with each limiter over a network with jitter; all calls start at the same time."""
    trips = journeys(calls, speed, seed=7, stuck_each=20 if stuck else 0)
    give_up = patience(speed) if stuck else None
    return {
        name: asyncio.run(judged(make, rules, trips, give_up=give_up))
        for name, make in with_slots(rules).items()
    }


def medians(measures: dict[str, Callable[[], Awaitable[float]]], rounds: int) -> dict[str, float]:
    """Return the median of each measure, taken in turn; several rounds follow one warm-up round."""
    figures: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds + (rounds > 1)):
        for name, measure in measures.items():
            gc.collect()
            figure = asyncio.run(_await(measure))
            if number or rounds == 1:
                figures[name].append(figure)
    return {name: statistics.median(values) for name, values in figures.items()}


def costs(rounds: int) -> dict[str, dict[str, float]]:
    """Return the costs of each limiter: name of the figure, then name of the limiter."""
    makers = {name: make for name, make in PEERS.items() if name != "asyncio.Semaphore"}
    # Our limiter always applies the concurrency limit itself.
    alone = {
        name: partial(turn, partial(make, NEVER_SHORT, 1 if name == OURS else None))
        for name, make in makers.items()
    }
    both = {name: partial(turn, partial(make, NEVER_SHORT, 1)) for name, make in PEERS.items()}
    found = {"alone": medians(alone, rounds), "slot": medians(both, rounds)}
    for count in WAITERS:
        waits = {
            name: partial(waiter, partial(make, window_of(count), None), count)
            for name, make in makers.items()
        }
        found[str(count)] = medians(waits, max(rounds // 5, 1))
    sizes = {
        name: partial(bytes_a_waiter, partial(make, ONE_THROUGH, None), WAITERS[-1])
        for name, make in makers.items()
    }
    found["bytes"] = medians(sizes, 1)
    return found


def out_of_turn() -> dict[str, int]:
    """Return how many of a thousand calls that wait for a window were served before an older call."""
    return {
        name: asyncio.run(inversions(partial(make, window_of(ORDERED), None), ORDERED))
        for name, make in PEERS.items()
        if name != "asyncio.Semaphore"
    }


def processes(speed: float, calls: int, names: Sequence[str]) -> dict[str, Shared]:
    """Let four processes share a file, then a Redis server, in each given class."""
    found: dict[str, Shared] = {}
    quotas = {"non-query": Quota.NON_QUERY.scaled(speed), "query": Quota.QUERY.scaled(speed)}
    classes = [(name, quotas[name]) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        for name, quota in classes:
            found[f"file, {name}"] = asyncio.run(by_file(Path(folder, name), quota, 0.05 / speed, calls))
        if shutil.which("redis-server") is None:
            print("no redis-server on PATH: four processes on Redis were not measured")
            return found
        with running_redis(Path(folder)) as server:
            for name, quota in classes:
                found[f"Redis, {name}"] = asyncio.run(by_redis(server.url, quota, 0.05 / speed, calls))
    return found


def measure(options: argparse.Namespace) -> Results:
    """Measure everything."""
    speed, quick = options.speed, options.quick
    calls = (120, 30, 40) if quick else (600, 200, 100)
    print(f"judging, at speed {speed:g} ...", flush=True)
    slow, fast = NON_QUERY.scaled(speed), QUERY.scaled(speed)
    results = Results(
        quick=quick,
        speed=speed,
        rounds=options.rounds,
        process_speed=30.0 if quick else 10.0,
        query=judge_all(fast, calls[0], speed),
        non_query=judge_all(slow, calls[1], speed),
        given_up=judge_all(slow, calls[2], speed, stuck=True),
        at_scale=at_scale(500 if quick else 4000),
    )
    print("costs ...", flush=True)
    results.inversions = out_of_turn()
    results.costs = costs(options.rounds)
    print("four processes ...", flush=True)
    classes = ("query",) if quick else ("non-query", "query")
    results.shared = processes(results.process_speed, 120 if quick else 240, classes)
    return results


def main() -> None:
    """Run all; write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute, with rough figures")
    parser.add_argument("--rounds", type=int, default=None, help="rounds of the costs (15; quick: 1)")
    parser.add_argument(
        "--speed", type=float, default=None, help="of the judged pulls' clock (30; quick: 60)"
    )
    parser.add_argument("--into", type=Path, default=None, help="folder (benchmarks/results; quick: none)")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 15)
    options.speed = options.speed or (60.0 if options.quick else 30.0)
    into = options.into
    if into is None and not options.quick:
        into = Path(__file__).parents[1] / "results"
    results = measure(options)
    text = markdown(results)
    print(text)
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        (into / "limiter.md").write_text(text, encoding="utf-8")
        draw(results, into / "limiter.png")
    ours = [run[OURS] for run in (results.query, results.non_query, results.given_up)]
    if any(run.over["any"] for run in ours) or any(run.refused for run in results.shared.values()):
        raise SystemExit("a limit was broken: see above")


async def _await(measure: Callable[[], Awaitable[float]]) -> float:
    return await measure()


if __name__ == "__main__":
    main()
