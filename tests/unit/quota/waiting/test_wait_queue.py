"""The order in which the calls of one process are served."""

import asyncio
from collections.abc import Iterator

import pytest

from kentik_async.quota.waiting.event_loops import LoopTimer
from kentik_async.quota.waiting.wait_queue import Waiter, WaitQueue


@pytest.fixture
def timer() -> Iterator[LoopTimer]:
    loop = asyncio.new_event_loop()
    yield LoopTimer(loop, lambda: None)
    loop.close()


def waiter(timer: LoopTimer, priority: int = 0, since: float = 0.0) -> Waiter:
    return Waiter(priority, since, timer, timer.loop.create_future())


def test_first_come_first_served(timer: LoopTimer) -> None:
    queue = WaitQueue()
    waiters = [waiter(timer, since=float(place)) for place in range(5)]
    for one in waiters:
        queue.push(one)
    assert [queue.pop(0) for _ in waiters] == waiters
    assert queue.pop(0) is None
    assert queue.calls == {}


def test_a_retry_keeps_the_place_of_its_first_attempt(timer: LoopTimer) -> None:
    queue = WaitQueue()
    early, late = waiter(timer, since=1.0), waiter(timer, since=3.0)
    retry, same = waiter(timer, since=2.0), waiter(timer, since=1.0)
    for one in (early, late, retry, same):
        queue.push(one)
    assert [queue.pop(0) for _ in range(4)] == [early, same, retry, late]


def test_priorities_are_counted_separately(timer: LoopTimer) -> None:
    queue = WaitQueue()
    low, normal, high = waiter(timer, -1), waiter(timer, 0), waiter(timer, 1)
    for one in (low, normal, high):
        queue.push(one)
    assert len(queue) == 3
    assert queue.calls == {-1: 1, 0: 1, 1: 1}
    assert queue.pop(-1) is low
    assert queue.calls == {0: 1, 1: 1}


def test_a_discarded_waiter_has_no_turn_and_is_not_counted(timer: LoopTimer) -> None:
    queue = WaitQueue()
    first, second = waiter(timer), waiter(timer)
    queue.push(first)
    queue.push(second)
    queue.discard(first)
    queue.discard(first)
    assert (len(queue), queue.ahead_of(second)) == (1, 0)
    assert queue.pop(0) is second
    queue.discard(second)
    assert len(queue) == 0


def test_discarded_waiters_do_not_accumulate(timer: LoopTimer) -> None:
    queue = WaitQueue()
    queue.push(waiter(timer))
    for _ in range(10_000):
        leaving = waiter(timer)
        queue.push(leaving)
        queue.discard(leaving)
    assert sum(map(len, queue._waiters.values())) < 200


def test_higher_and_older_waiters_are_ahead(timer: LoopTimer) -> None:
    queue = WaitQueue()
    for priority, since in ((1, 5.0), (0, 1.0), (0, 2.0), (0, 3.0), (-1, 0.0)):
        queue.push(waiter(timer, priority, since))
    for priority, since, ahead in ((0, 9.0, 4), (0, 2.0, 3), (1, 9.0, 1), (2, 9.0, 0)):
        newcomer = waiter(timer, priority, since)
        queue.push(newcomer)
        assert queue.ahead_of(newcomer) == ahead
        queue.discard(newcomer)


def test_cancelled_waiters_and_closed_loops_get_no_grant(timer: LoopTimer) -> None:
    queue = WaitQueue()
    left, cancelled, here = waiter(timer), waiter(timer), waiter(timer)
    for one in (left, cancelled, here):
        queue.push(one)
    left.cancelled = True
    cancelled.future.cancel()
    assert queue.pop(0) is here
    orphan = waiter(timer)
    timer.loop.close()
    assert orphan.lost()
