"""Several real processes on one quota file: limits hold, all get turns, and deaths do no harm."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.file.opening import open_file_limiter
from tests.multiprocess.file.harness import ENDLESS, StrictServer, Worker
from tests.multiprocess.pauses import paused, with_missed_turns

NON_QUERY = Quota.NON_QUERY.scaled(30)
QUERY = Quota.QUERY.scaled(30)

FOUR = [f"process {number}" for number in range(4)]


@asynccontextmanager
async def serving(quota: Quota, latency: float, total: int, processes: int) -> AsyncIterator[StrictServer]:
    server = StrictServer(quota, latency, total)
    await server.open(processes)
    try:
        yield server
    finally:
        await server.close()


@pytest.mark.parametrize(
    ("quota", "latency", "total"), [(NON_QUERY, 0.02, 75), (QUERY, 0.05, 130)], ids=["non-query", "query"]
)
async def test_four_processes_from_a_barrier_are_never_refused(
    tmp_path: Path, quota: Quota, latency: float, total: int
) -> None:
    async with serving(quota, latency, total, 4) as server:
        workers = [Worker(name, tmp_path / "quota", server) for name in FOUR]
        reports = [await worker.end() for worker in workers]
    assert server.refused() == []
    assert server.most_in_flight == quota.max_concurrent
    assert [report["warnings"] for report in reports] == [""] * 4
    assert sum(report["answered"] for report in reports) == total


@pytest.mark.parametrize("slots", [1, 2])
async def test_four_processes_take_turns_with_any_demand(tmp_path: Path, slots: int) -> None:
    quota = Quota(slots, None, 0.0, None, 3750)
    async with serving(quota, 0.004 * slots, 400, 4) as server:
        workers = [
            Worker(name, tmp_path / "quota", server, calls=calls)
            for name, calls in zip(FOUR, (4, 4, 8, 50), strict=True)
        ]
        reports = [await worker.end() for worker in workers]
    assert server.refused() == []
    turns = [(visit.process, visit.received) for visit in server.visits[80:]]
    fair = with_missed_turns(
        turns, {name: report["pauses"] for name, report in zip(FOUR, reports, strict=True)}
    )
    assert max(server.turns(since=80).values()) <= 1.2 * min(fair[name] for name in FOUR)


@pytest.mark.parametrize("slots", [1, 2])
async def test_other_processes_continue_when_a_holder_is_killed(tmp_path: Path, slots: int) -> None:
    quota = Quota(slots, None, 0.0, None, 3750, drain=1.0)
    async with serving(quota, 0.01, ENDLESS, 3) as server:
        victim, *others = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        await server.until(10, victim.name)
        server.work_long(victim.name, 0.9)
        last = await server.until_next(victim.name)
        victim.kill()
        for worker in others:
            await server.until_next(worker.name, 40)
        server.stop_after(0)
        reports = [await worker.end() for worker in others]
    assert server.refused() == []
    assert server.most_in_flight == slots
    warnings = "".join(report["warnings"] for report in reports)
    assert 1 <= warnings.count(f"process {victim.process.pid} ended with a request in flight") <= slots
    if slots == 1:
        first = server.visits[server.visits.index(last) + 1].received
        pauses = [*server.pauses, *(pause for report in reports for pause in report["pauses"])]
        assert 0.9 < first - last.received < 2.0 + paused(pauses, last.received, first)
    assert last.finished is not None


async def test_a_stopped_holder_exceeds_no_limit_when_it_resumes(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.2)
    async with serving(quota, 0.01, ENDLESS, 2) as server:
        sleeper = Worker("sleeper", tmp_path / "quota", server, stop_at=5)
        other = Worker("other", tmp_path / "quota", server)
        await sleeper.until_stopped()  # it holds a grant that is not used yet
        asleep = len(server.visits)
        await asyncio.sleep(1.5)  # many times `drain`
        assert len(server.visits) == asleep
        sleeper.send(signal.SIGCONT)
        server.stop_after(40)
        reports = [await worker.end() for worker in (sleeper, other)]
    assert server.refused() == []
    assert server.most_in_flight == 1
    assert [report["invalid"] for report in reports] == [0, 0]
    assert sum(report["answered"] for report in reports) == server.total


async def until_all_wait(path: Path, quota: Quota, calls: int) -> None:
    """Wait until so many calls wait, in all processes together."""
    endpoints = ("https://grpc.api.kentik.com:443",)
    limiter = open_file_limiter(
        path,
        endpoints=endpoints,
        customer="somebody@example.com",
        quota=quota,
        query_quota=quota,
        pacing="throughput",
    )
    while (await limiter.snapshot()).waiting < calls:
        await asyncio.sleep(0.01)
    await limiter.aclose()


async def test_a_stopped_waiting_process_does_not_block_others(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.2)
    async with serving(quota, 0.005, ENDLESS, 3) as server:
        sleeper, *others = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        await server.until(5, sleeper.name)
        release = server.hold(others[0].name)
        await server.until_next(others[0].name)
        # Each process has four calls; all wait except the one at the server. Then the lock is free too.
        await until_all_wait(tmp_path / "quota", quota, 11)
        sleeper.send(signal.SIGSTOP)
        await sleeper.until_stopped()
        stopped = len(server.visits)
        release.set()
        await server.until(stopped + 30)
        assert sleeper.name not in server.turns(stopped)
        sleeper.send(signal.SIGCONT)
        server.stop_after(30)
        for worker in (sleeper, *others):
            await worker.end()
    assert server.refused() == []
    assert server.most_in_flight == 1


async def test_a_killed_stopped_holder_drains(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.3)
    async with serving(quota, 0.01, ENDLESS, 2) as server:
        sleeper = Worker("sleeper", tmp_path / "quota", server, stop_at=5)
        other = Worker("other", tmp_path / "quota", server)
        await sleeper.until_stopped()
        await asyncio.sleep(0.5)
        sleeper.kill()
        server.stop_after(20)
        report = await other.end()
    assert server.refused() == []
    assert "ended with a request in flight" in report["warnings"]
    assert len(server.visits) == server.total


async def test_after_refusals_one_probe_of_all_processes_is_sent(tmp_path: Path) -> None:
    """Another program uses the same quota: the server refuses although no process here exceeded a limit."""
    # Without the limit that others could use, so that only the pauses have an effect.
    quota = replace(NON_QUERY, soft_delay=0.0, hard_per_minute=None, drain=0.5)
    async with serving(quota, 0.01, 45, 3) as server:
        server.refuse_between(20, 23)
        workers = [Worker(name, tmp_path / "quota", server, retry_after=0.4) for name in FOUR[:3]]
        reports = [await worker.end() for worker in workers]
    assert sum(report["refused"] for report in reports) == 3
    delays = [*server.pauses, *(delay for report in reports for delay in report["pauses"])]
    for before, after in zip(server.visits[20:23], server.visits[21:24], strict=True):
        late = paused(delays, before.received, after.received)
        assert 0.4 <= after.received - before.received < 1.5 + late
    assert server.most_in_flight == 1


async def test_a_file_truncated_while_in_use_counts_as_fully_used(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 20, None, minute=1.5, drain=0.5)
    async with serving(quota, 0.005, 50, 3) as server:
        workers = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        damaged = await server.until(10)
        with (tmp_path / "quota.sqlite").open("r+b") as file:
            file.truncate(5000)
        reports = [await worker.end() for worker in workers]
    assert server.refused() == []
    assert server.most_in_flight == 1
    warnings = "".join(report["warnings"] for report in reports)
    assert warnings.count("was damaged") == 1
    gaps = [
        after.received - before.received
        for before, after in zip(server.visits[9:], server.visits[10:], strict=False)
        if before.received - damaged.received < 1.0
    ]
    assert max(gaps) >= 1.4


def delete_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


async def test_deleting_the_files_while_in_use_loses_no_count(tmp_path: Path) -> None:
    """The running processes restore what they know, in new files instead of the deleted ones."""
    quota = Quota(1, None, 0.0, 40, 3750, minute=3.0, drain=0.5)
    async with serving(quota, 0.05, 60, 2) as server:
        workers = [Worker(name, tmp_path / "quota", server) for name in FOUR[:2]]
        await server.until(10)
        for worker in workers:  # stopped, so that no file is recreated while the others are deleted
            worker.send(signal.SIGSTOP)
            await worker.until_stopped()
        delete_all(tmp_path)
        for worker in workers:
            worker.send(signal.SIGCONT)
        for worker in workers:
            await worker.end()
    assert [visit.over for visit in server.visits if visit.over and "minute" in visit.over] == []
    assert len(server.visits) == 60
