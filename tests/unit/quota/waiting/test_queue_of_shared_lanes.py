"""Whose turn it is."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest

from kentik_async.quota.queue import TURNS_AHEAD, Waiter, WaitQueue
from kentik_async.quota.waiting.event_loops import LoopTimer as Home


@pytest.fixture
def home() -> Iterator[Home]:
    loop = asyncio.new_event_loop()
    yield Home(loop, lambda: None)
    loop.close()


def waiter(home: Home, priority: int = 0, since: float = 0.0) -> Waiter[str]:
    return Waiter(priority, since, home, home.loop.create_future())


def test_first_come_first_served(home: Home) -> None:
    queue = WaitQueue[str]()
    waiters = [waiter(home, since=float(place)) for place in range(5)]
    for one in waiters:
        queue.push(one)
    assert [queue.pop() for _ in waiters] == waiters
    assert queue.peek() is None
    with pytest.raises(IndexError):
        queue.pop()


def test_a_retry_goes_where_its_first_arrival_puts_it(home: Home) -> None:
    queue = WaitQueue[str]()
    early, late = waiter(home, since=1.0), waiter(home, since=3.0)
    retry, same = waiter(home, since=2.0), waiter(home, since=1.0)
    for one in (early, late, retry, same):
        queue.push(one)
    assert [queue.pop() for _ in range(4)] == [early, same, retry, late]


def test_the_higher_priority_goes_first(home: Home) -> None:
    queue = WaitQueue[str]()
    low, normal, high = waiter(home, -1), waiter(home, 0), waiter(home, 1)
    for one in (low, normal, high):
        queue.push(one)
    assert list(queue) == [high, normal, low]
    assert [queue.pop() for _ in range(3)] == [high, normal, low]


def test_a_lower_priority_has_a_turn_after_eight_grants_past_it(home: Home) -> None:
    assert TURNS_AHEAD == 8
    queue = WaitQueue[str]()
    for priority in [1] * 40 + [-1] * 4:
        queue.push(waiter(home, priority))
    turns = [queue.pop().priority for _ in range(36)]
    assert turns == ([1] * 8 + [-1]) * 4


def test_with_three_priorities_none_waits_longer_than_the_bound(home: Home) -> None:
    queue = WaitQueue[str]()
    for priority in [1, 0, -1] * 200:
        queue.push(waiter(home, priority))
    turns = [queue.pop().priority for _ in range(200)]
    for priority, bound in ((1, 2), (0, TURNS_AHEAD + 1), (-1, TURNS_AHEAD + 1)):
        places = [-1, *(place for place, turn in enumerate(turns) if turn == priority)]
        gaps = [later - earlier - 1 for earlier, later in pairwise(places)]
        assert max(gaps) <= bound


def test_a_priority_that_nobody_waits_in_saves_up_no_turns(home: Home) -> None:
    queue = WaitQueue[str]()
    only = waiter(home, -1)
    queue.push(only)
    for _ in range(7):
        queue.push(waiter(home, 1))
        queue.pop()
    queue.discard(only)
    assert queue.peek() is None
    queue.push(waiter(home, -1))
    queue.push(waiter(home, 1))
    assert queue.pop().priority == 1
    assert queue.pop().priority == -1


def test_who_went_away_keeps_no_turn_and_is_not_counted(home: Home) -> None:
    queue = WaitQueue[str]()
    first, second = waiter(home), waiter(home)
    queue.push(first)
    queue.push(second)
    queue.discard(first)
    queue.discard(first)
    assert (len(queue), queue.ahead_of(0, 9.0), list(queue)) == (1, 1, [second])
    assert queue.pop() is second
    queue.discard(second)
    assert len(queue) == 0


def test_waiters_that_give_up_behind_another_do_not_pile_up(home: Home) -> None:
    queue = WaitQueue[str]()
    queue.push(waiter(home))
    for _ in range(10_000):
        leaving = waiter(home)
        queue.push(leaving)
        queue.discard(leaving)
    assert sum(len(level.waiters) for level in queue._levels) < 200


def test_ahead_of_a_newcomer_are_the_higher_and_the_older(home: Home) -> None:
    queue = WaitQueue[str]()
    for priority, since in ((1, 5.0), (0, 1.0), (0, 2.0), (0, 3.0), (-1, 0.0)):
        queue.push(waiter(home, priority, since))
    assert queue.ahead_of(0, 9.0) == 4
    assert queue.ahead_of(0, 2.0) == 3, "a retry overtakes those who came after it"
    assert queue.ahead_of(1, 9.0) == 1
    assert queue.ahead_of(2, 9.0) == 0


def test_nobody_would_take_what_is_handed_to_one_who_has_gone(home: Home) -> None:
    assert not waiter(home).lost()
    left, cancelled, orphan = waiter(home), waiter(home), waiter(home)
    left.left = True
    cancelled.future.cancel()
    assert left.lost()
    assert cancelled.lost()
    home.loop.close()
    assert orphan.lost()
