"""Several real processes on one quota file: nothing is exceeded, nobody starves, nobody's death does harm."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kentik_async.quota import Quota
from tests.multiprocess.file.harness import StrictServer, Worker

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
    assert server.most_flying == quota.max_concurrent
    assert [report["warnings"] for report in reports] == [""] * 4
    assert sum(report["answered"] for report in reports) == total


@pytest.mark.parametrize("slots", [1, 2])
async def test_four_processes_take_turns_however_much_each_wants(tmp_path: Path, slots: int) -> None:
    quota = Quota(slots, None, 0.0, None, 3750)
    async with serving(quota, 0.004 * slots, 400, 4) as server:
        workers = [
            Worker(name, tmp_path / "quota", server, calls=calls)
            for name, calls in zip(FOUR, (4, 4, 8, 50), strict=True)
        ]
        for worker in workers:
            await worker.end()
    assert server.refused() == []
    turns = server.turns(since=80)
    assert max(turns.values()) <= 1.2 * min(turns[name] for name in FOUR)


@pytest.mark.parametrize("slots", [1, 2])
async def test_the_others_go_on_when_a_holder_is_killed(tmp_path: Path, slots: int) -> None:
    quota = Quota(slots, None, 0.0, None, 3750, drain=1.0)
    async with serving(quota, 0.01, 200, 3) as server:
        victim, *others = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        await server.until(10, victim.name)
        server.work_long(victim.name, 0.9)
        last = await server.until_next(victim.name)
        victim.kill()
        reports = [await worker.end() for worker in others]
    assert server.refused() == []
    assert server.most_flying == slots
    warnings = "".join(report["warnings"] for report in reports)
    assert 1 <= warnings.count(f"process {victim.process.pid} ended with a request in flight") <= slots
    after = [visit for visit in server.visits if visit.received > last.received and visit is not last]
    assert {visit.process for visit in after} == {worker.name for worker in others}
    if slots == 1:
        assert 0.9 < after[0].received - last.received < 2.0
    assert last.finished is not None


async def test_a_stopped_holder_overruns_nothing_when_it_wakes(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.2)
    async with serving(quota, 0.01, 60, 2) as server:
        sleeper = Worker("sleeper", tmp_path / "quota", server, stop_at=5)
        other = Worker("other", tmp_path / "quota", server)
        await server.until(5, "sleeper")
        await asyncio.sleep(1.0)  # many times the drain: it holds a grant that it has not used yet
        asleep = len(server.visits)
        await asyncio.sleep(0.5)
        assert len(server.visits) == asleep
        sleeper.send(signal.SIGCONT)
        reports = [await worker.end() for worker in (sleeper, other)]
    assert server.refused() == []
    assert server.most_flying == 1
    assert [report["invalid"] for report in reports] == [0, 0]
    assert sum(report["answered"] for report in reports) == 60


async def test_a_stopped_process_that_only_waits_holds_nobody_up(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.2)
    async with serving(quota, 0.005, 80, 3) as server:
        sleeper, *others = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        await server.until(5, sleeper.name)
        server.work_long(others[0].name, 1.0)
        await server.until_next(others[0].name)
        await asyncio.sleep(0.5)  # all others wait by now
        sleeper.send(signal.SIGSTOP)
        stopped = len(server.visits)
        await server.until(stopped + 30)
        assert sleeper.name not in server.turns(stopped)
        sleeper.send(signal.SIGCONT)
        for worker in (sleeper, *others):
            await worker.end()
    assert server.refused() == []
    assert server.most_flying == 1


async def test_a_stopped_holder_that_is_killed_is_waited_out(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 1000, 3750, drain=0.3)
    async with serving(quota, 0.01, 40, 2) as server:
        sleeper = Worker("sleeper", tmp_path / "quota", server, stop_at=5)
        other = Worker("other", tmp_path / "quota", server)
        await server.until(5, "sleeper")
        await asyncio.sleep(0.5)
        sleeper.kill()
        report = await other.end()
    assert server.refused() == []
    assert "ended with a request in flight" in report["warnings"]
    assert len(server.visits) == 40


async def test_refusals_hold_all_processes_back_and_one_of_them_probes(tmp_path: Path) -> None:
    """Somebody outside spends the same quota: the server refuses although nobody here was over a limit."""
    # Without the limit that others might be spending, so that the pauses are all that holds back.
    quota = replace(NON_QUERY, soft_delay=0.0, hard_per_minute=None, drain=0.5)
    async with serving(quota, 0.01, 45, 3) as server:
        server.refuse_between(20, 23)
        workers = [Worker(name, tmp_path / "quota", server, retry_after=0.4) for name in FOUR[:3]]
        reports = [await worker.end() for worker in workers]
    assert sum(report["refused"] for report in reports) == 3
    pauses = [
        after.received - before.received
        for before, after in zip(server.visits[20:23], server.visits[21:24], strict=True)
    ]
    assert all(0.4 <= pause < 1.5 for pause in pauses)
    assert server.most_flying == 1


async def test_a_file_that_is_cut_short_under_way_counts_as_spent(tmp_path: Path) -> None:
    quota = Quota(1, None, 0.0, 20, None, minute=1.5, drain=0.5)
    async with serving(quota, 0.005, 50, 3) as server:
        workers = [Worker(name, tmp_path / "quota", server) for name in FOUR[:3]]
        damaged = await server.until(10)
        with (tmp_path / "quota.sqlite").open("r+b") as file:
            file.truncate(5000)
        reports = [await worker.end() for worker in workers]
    assert server.refused() == []
    assert server.most_flying == 1
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


async def test_deleting_the_files_under_way_loses_no_count(tmp_path: Path) -> None:
    """Those that run put back what they know, in the files that take the place of the deleted ones."""
    quota = Quota(1, None, 0.0, 40, 3750, minute=3.0, drain=0.5)
    async with serving(quota, 0.05, 60, 2) as server:
        workers = [Worker(name, tmp_path / "quota", server) for name in FOUR[:2]]
        await server.until(10)
        delete_all(tmp_path)
        for worker in workers:
            await worker.end()
    assert [visit.over for visit in server.visits if visit.over and "minute" in visit.over] == []
    assert len(server.visits) == 60
