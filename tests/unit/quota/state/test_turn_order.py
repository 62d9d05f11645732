"""The turns of members and priorities."""

from itertools import pairwise

from kentik_async.quota.state.turn_order import TURNS_AHEAD, TurnOrder


def turns(order: TurnOrder, count: int) -> list[tuple[int, str]]:
    """Grant so many turns; return the priority and the member of each."""
    found = []
    for _ in range(count):
        level = order.next_level()
        assert level is not None
        found.append((level.priority, next(iter(level.members))))
        order.granted(level)
    return found


def priorities(order: TurnOrder, count: int) -> list[int]:
    return [priority for priority, _ in turns(order, count)]


def test_the_higher_priority_is_first() -> None:
    order = TurnOrder()
    order.announce("a", {-1: 1, 1: 1, 0: 1})
    assert priorities(order, 3) == [1, 0, -1]
    assert order.next_level() is None


def test_a_lower_priority_has_a_turn_after_eight_grants_past_it() -> None:
    assert TURNS_AHEAD == 8
    order = TurnOrder()
    order.announce("a", {1: 40, -1: 4})
    assert priorities(order, 36) == ([1] * 8 + [-1]) * 4


def test_with_three_priorities_none_waits_longer_than_the_bound() -> None:
    order = TurnOrder()
    order.announce("a", {1: 200, 0: 200, -1: 200})
    found = priorities(order, 200)
    for priority, bound in ((1, 2), (0, TURNS_AHEAD + 1), (-1, TURNS_AHEAD + 1)):
        places = [-1, *(place for place, turn in enumerate(found) if turn == priority)]
        assert max(later - earlier - 1 for earlier, later in pairwise(places)) <= bound


def test_a_priority_without_waiters_accumulates_no_turns() -> None:
    order = TurnOrder()
    order.announce("a", {1: 7, -1: 1})
    assert priorities(order, 7) == [1] * 7
    order.announce("a", {})
    assert order.next_level() is None
    order.announce("a", {1: 1, -1: 1})
    assert priorities(order, 2) == [1, -1]


def test_members_take_turns_however_many_calls_wait_in_each() -> None:
    order = TurnOrder()
    order.announce("many", {0: 100})
    order.announce("few", {0: 2})
    assert [member for _, member in turns(order, 5)] == ["many", "few", "many", "few", "many"]


def test_an_interactive_call_overtakes_another_members_bulk() -> None:
    order = TurnOrder()
    order.announce("bulk", {0: 100})
    turns(order, 3)
    order.announce("console", {1: 1})
    assert turns(order, 2) == [(1, "console"), (0, "bulk")]


def test_a_member_keeps_its_place_when_it_reports_again() -> None:
    order = TurnOrder()
    order.announce("first", {0: 1})
    order.announce("second", {0: 1})
    order.announce("first", {0: 5})
    assert [member for _, member in turns(order, 3)] == ["first", "second", "first"]
    assert order.waiting_elsewhere("second") == [3]


def test_a_withdrawn_member_has_no_place() -> None:
    order = TurnOrder()
    order.announce("gone", {0: 3, 1: 1})
    order.announce("here", {0: 1})
    order.announce("gone", {})
    assert turns(order, 1) == [(0, "here")]
    assert order.next_level() is None
