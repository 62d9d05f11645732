"""Runs one case: the peers, the client, its calls, and the check for leaks at the end."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from kentik_async import KentikClient, LocalLimiter, Quota, Retry
from tests.chaos.calls import WIRES, make
from tests.chaos.cases import Case
from tests.chaos.judge import Limits, violations
from tests.chaos.plan import Call, Due, draw
from tests.chaos.record import Record
from tests.chaos.scenes import WARM_UP, Stage
from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.peers import Peers
from tests.chaos.servers.tls import IDENTITIES, trusted_file
from tests.chaos.trace import End, Trace, current, follow

__all__ = ["Outcome", "run"]

HUNG_AFTER = 45.0
"""Seconds after which a waiting caller counts as hung: longer than any timeout of the cases."""

DRAIN = 0.2
LIMITS = Limits(at_once=0, a_minute=0, an_hour=3000, minute=0.5, hour=12.0)
"""Limits that take effect, but allow 20 000 calls within minutes; each case sets the first two itself."""

_GONE_BY = 5.0
"""Seconds that libraries may take to close released resources."""


@dataclass
class Outcome:
    """The result of one case.

    Attributes:
        case: Its name.
        calls: The number of calls.
        succeeded: The number of calls that were answered.
        rightly: The number of calls that failed as expected.
        wrongly: Descriptions of the calls that ended unexpectedly.
        hung: The number of calls that never ended.
        doubled: The number of creates that were executed more than once.
        leaked: Descriptions of leaked resources.
        violations: The number of requests over the quota, or without a grant.
        slowest: The largest delay of a caller after its deadline, in seconds.
        seconds: The duration.
    """

    case: Case
    calls: int
    succeeded: int = 0
    rightly: int = 0
    wrongly: list[str] = field(default_factory=list)
    hung: int = 0
    doubled: int = 0
    leaked: list[str] = field(default_factory=list)
    violations: int = 0
    slowest: float = 0.0
    seconds: float = 0.0


async def run(case: Case, count: int, seed: int) -> Outcome:
    """Make the calls of one case, and check their results.

    Args:
        case: The case.
        count: The number of calls.
        seed: The seed of its random numbers, together with its name.
    """
    chance = random.Random(f"{seed}/{case.name}")
    calls = draw(count, case.faults, case.share, chance)
    outcome, started = Outcome(case, count), time.monotonic()
    before, complaints = _belongings(), list[str]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: complaints.append(f"{context['message']}: {context.get('exception')!r}")
    )
    try:
        await _play(case, calls, chance, outcome)
        outcome.leaked += await _left_over(before)
    finally:
        loop.set_exception_handler(None)
    outcome.leaked += complaints
    outcome.seconds = time.monotonic() - started
    return outcome


async def _play(case: Case, calls: Sequence[Call], chance: random.Random, outcome: Outcome) -> None:
    warm_ups = [Call(WARM_UP + place, wire, "read") for place, wire in enumerate(WIRES)]
    dispatcher = Dispatcher([*calls, *warm_ups], timeout=case.timeout, drain=DRAIN, chance=chance)
    limits = replace(LIMITS, at_once=case.at_once, a_minute=case.a_minute)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = Peers(dispatcher, IDENTITIES[case.identity]())
        stack.push_async_callback(peers.close)
        kentik = _client(case, peers, limits, trusted_file(folder))
        stack.push_async_callback(kentik.aclose)
        stage = Stage(peers, kentik, chance, dispatcher)
        await stack.enter_async_context(case.scene(stage))
        traces = await _call_all(kentik, case, calls)
        outcome.leaked += await _slots_left(kentik, case.timeout)
    _count(outcome, case, calls, traces, stage.gone_since, dispatcher.record)
    outcome.doubled = dispatcher.record.doubled({call.number for call in calls if call.effect == "create"})
    outcome.violations = violations(dispatcher.record.visits, limits) + _unseen(dispatcher.record, traces)


def _client(case: Case, peers: Peers, limits: Limits, authorities: Path) -> KentikClient:
    quota = Quota(
        max_concurrent=limits.at_once,
        soft_per_minute=None,
        soft_delay=0.0,
        hard_per_minute=limits.a_minute,
        per_hour=limits.an_hour,
        minute=limits.minute,
        hour=limits.hour,
        drain=DRAIN,
    )
    return KentikClient(
        "ada@example.com",
        "canary-5f1c0ffee5eed",
        quota=quota,
        query_quota=quota,
        limiter=LocalLimiter(quota, quota),
        timeout=case.timeout,
        connect_timeout=case.patience,
        outage_wait=case.patience,
        retry=Retry(attempts=case.attempts, base=0.01, cap=0.05),
        ca_file=authorities,
        on_event=follow,
        **{**peers.endpoints, **case.endpoints},
    )


async def _call_all(kentik: KentikClient, case: Case, calls: Sequence[Call]) -> dict[int, Trace]:
    """Make all calls with several callers; a call that never ends has no trace."""
    traces: dict[int, Trace] = {}
    left = iter(calls)

    async def caller() -> None:
        for call in left:
            trace = Trace(case.timeout, case.patience)
            current.set(trace)
            try:
                async with asyncio.timeout(HUNG_AFTER) as patience:
                    await make(kentik, call.wire, call.effect, call.number)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is judged)
                if patience.expired():
                    continue
                trace.error = End.of(error)
            trace.ended = time.monotonic()
            traces[call.number] = trace

    async with asyncio.TaskGroup() as callers:
        for _ in range(min(case.callers, len(calls))):
            callers.create_task(caller())
    return traces


def _count(
    outcome: Outcome,
    case: Case,
    calls: Iterable[Call],
    traces: dict[int, Trace],
    gone_since: float,
    record: Record,
) -> None:
    for call in calls:
        trace = traces.get(call.number)
        if trace is None:
            outcome.hung += 1
            continue
        outcome.slowest = max(outcome.slowest, trace.late(gone_since))
        allowed = case.due(call)
        if not any(_as_due(trace.error, due) for due in allowed):
            seen = record.course(call.number, trace.ended)
            outcome.wrongly.append(f"{call} ended with {trace.error}; {allowed} was due; the peer: {seen}")
        elif trace.error is None:
            outcome.succeeded += 1
        else:
            outcome.rightly += 1


def _unseen(record: Record, traces: dict[int, Trace]) -> int:
    """Return the number of requests without a grant: a library's retries, or requests counted as not sent."""
    came = Counter(visit.number for visit in record.visits)
    return sum(max(came[number] - trace.sends, 0) for number, trace in traces.items())


def _as_due(error: End | None, due: Due) -> bool:
    if due.error is None or error is None:
        return due.error is error
    return error.kind is due.error and due.attempts in (None, error.attempts)


async def _slots_left(kentik: KentikClient, timeout: float) -> list[str]:
    """Wait until no attempt is in flight, including attempts whose caller has left."""
    until = time.monotonic() + min(timeout, 5.0) + DRAIN + 1.0
    while (snapshot := await kentik.quota.snapshot()).in_flight or snapshot.waiting:
        if time.monotonic() > until:
            return [f"{snapshot.in_flight} slots, {snapshot.waiting} waiters"]
        await asyncio.sleep(0.01)
    return []


def _belongings() -> tuple[int, int]:
    """Return the numbers of tasks and open files."""
    return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))


async def _left_over(before: tuple[int, int]) -> list[str]:
    """Describe the resources that increased; libraries close some of them a moment later."""
    until = time.monotonic() + _GONE_BY
    while any(now > then for now, then in zip(_belongings(), before, strict=True)):
        if time.monotonic() > until:
            tasks, files = _belongings()
            return [f"{tasks - before[0]} tasks, {files - before[1]} open files"]
        await asyncio.sleep(0.01)
    return []
