"""Members of one machine wake each other, and detect deaths."""

import os
from math import inf
from pathlib import Path

import pytest

from kentik_async.quota.file.mailbox import Mailbox, any_alive
from kentik_async.quota.file.paths import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "q[1]")


def opened(place: Place, member: str) -> Mailbox:
    mailbox = Mailbox(place, member)
    mailbox.open()
    return mailbox


def test_a_member_receives_the_earliest_delay(place: Place) -> None:
    one, two = opened(place, "one"), opened(place, "two")
    for delay in (3.0, 0.5, 7.0):
        assert one.send("two", delay)
    one.wake_up()
    assert two.wait(20.0) == (0.5, [])
    assert one.wait(20.0) == (inf, [])
    one.close()
    two.close()
    assert list(place.folder.iterdir()) == []


def test_a_dead_member_is_reported_once_and_stays_dead(place: Place) -> None:
    one, two = opened(place, "one"), opened(place, "two")
    assert one.watch("two")
    assert one.watch("two")
    two.close()
    assert one.wait(20.0) == (inf, ["two"])
    assert one.wait(0.0) == (0.0, [])
    assert not one.send("two", 0.0)
    assert not one.watch("two")
    one.close()


def test_a_member_that_recreates_its_pipe_is_not_dead(place: Place) -> None:
    one, two = opened(place, "one"), opened(place, "two")
    one.watch("two")
    place.member("two").unlink()
    two.open()
    assert one.wait(20.0) == (0.0, [])
    assert one.send("two", 3.0)
    assert two.wait(20.0) == (3.0, [])
    two.close()
    assert one.wait(20.0) == (inf, ["two"])
    one.close()


def test_a_stopped_member_does_not_block_others(place: Place) -> None:
    one, two = opened(place, "one"), opened(place, "two")
    assert all(one.send("two", 1.0) for _ in range(10_000))
    assert two.wait(20.0) == (1.0, [])
    one.close()
    two.close()


def test_pipes_of_killed_members_are_removed(place: Place) -> None:
    assert not any_alive(place)
    os.mkfifo(place.member("killed"))
    assert not any_alive(place)
    one = opened(place, "one")
    os.mkfifo(place.member("killed"))
    assert any_alive(place)
    assert list(place.folder.iterdir()) == [place.member("one")]
    one.close()
