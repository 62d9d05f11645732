"""What the quota file says of others outside: kept beside the entries, and believed only as a whole."""

import os
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path

import pytest

from kentik_async.quota import Quota
from kentik_async.quota.congestion import Congestion
from kentik_async.quota.file_entry import HEADER_SIZE, Header
from kentik_async.quota.file_head import read_congestion, write_congestion
from kentik_async.quota.file_ring import Ring, create_file, image


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    create_file(tmp_path / "quota", image(16, "boot"))
    fd = os.open(tmp_path / "quota", os.O_RDWR)
    yield fd
    os.close(fd)


def written() -> Congestion:
    congestion = Congestion(Quota.QUERY)
    congestion.take_over(40, 2, 1234.5, 1300.25)
    return congestion


def read(fd: int, quota: Quota = Quota.QUERY) -> tuple[int, int, float, float]:
    congestion = Congestion(quota)
    read_congestion(fd, congestion)
    return congestion.spent, congestion.patience, congestion.since, congestion.hold


NOTHING = (0, 0, -inf, -inf)


def test_a_file_of_a_version_that_had_none_says_nothing(fd: int) -> None:
    assert read(fd) == NOTHING


def test_what_was_written_is_read_and_the_ring_is_none_the_worse(fd: int) -> None:
    write_congestion(fd, written())
    assert read(fd) == (40, 2, 1234.5, 1300.25)
    assert len(Ring(fd).load().entries) == 16
    assert Header.decode(os.pread(fd, HEADER_SIZE, 0)) == Header(16, "boot")


def test_it_lies_within_one_sector_behind_the_header(fd: int) -> None:
    before = os.pread(fd, HEADER_SIZE, 0)
    write_congestion(fd, written())
    after = os.pread(fd, HEADER_SIZE, 0)
    changed = [place for place in range(HEADER_SIZE) if before[place] != after[place]]
    assert changed
    assert changed[0] // 512 == changed[-1] // 512 == 1


def test_a_changed_byte_is_noticed(fd: int) -> None:
    write_congestion(fd, written())
    sound = os.pread(fd, HEADER_SIZE, 0)
    for place in range(512, 540):
        os.pwrite(fd, bytes([sound[place] ^ 0x40]), place)
        assert read(fd) == NOTHING
        os.pwrite(fd, sound[place : place + 1], place)
    assert read(fd)[0] == 40


def test_a_file_that_was_cut_short_says_nothing(fd: int) -> None:
    write_congestion(fd, written())
    os.ftruncate(fd, 530)
    assert read(fd) == NOTHING


def test_what_cannot_be_is_not_believed(fd: int) -> None:
    congestion = written()
    congestion.spent, congestion.patience, congestion.since, congestion.hold = 4_000_000, 77, nan, inf
    write_congestion(fd, congestion)
    assert read(fd) == (98, 2, -inf, -inf)
    assert read(fd, Quota(1, None, 0.0, 1, None)) == (0, 2, -inf, -inf)
