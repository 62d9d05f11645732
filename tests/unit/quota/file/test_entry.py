"""What is read is what was written, or is recognised as torn: the entries of a quota file, and its ring."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.quota.file_entry import ENTRY_SIZE, HEADER_SIZE, Entry, Header, State, decode, encode
from kentik_async.quota.file_ring import DamagedError, Ring, capacity_for, create_file, image

instants = st.floats(-1e11, 1e11, exclude_min=True, exclude_max=True)
halves, bytes_ = st.integers(0, 2**16 - 1), st.integers(0, 255)
words, counts = st.integers(0, 2**32 - 1), st.integers(0, 2**31 - 1)
entries = st.builds(
    Entry,
    seq=st.integers(0, 2**63 - 1),
    sent=instants,
    stamp=instants,
    wall=instants,
    pause=st.floats(-1, 1e7, exclude_max=True),
    order=counts,
    pid=words,
    epoch=counts,
    member=halves,
    waiting=halves,
    state=st.sampled_from(State),
    slot=bytes_,
    streak=bytes_,
    limit=bytes_,
)

CAPACITY = 1024


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    path = tmp_path / "q"
    create_file(path, image(CAPACITY, "boot", [Entry(0, stamp=float(n), state=State.USED) for n in range(5)]))
    fd = os.open(path, os.O_RDWR)
    try:
        ring = Ring(fd)
        ring.load()
        yield ring
    finally:
        os.close(fd)


@given(entries)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    assert decode(encode(*entry)) == entry


@given(entries, entries)
def test_a_write_torn_at_any_byte_is_the_old_the_new_or_recognised(old: Entry, new: Entry) -> None:
    before, after = encode(*old), encode(*new)
    for cut in range(ENTRY_SIZE + 1):
        assert decode(after[:cut] + before[cut:]) in (old, new, None)


@given(entries, st.integers(0, ENTRY_SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(entry: Entry, place: int, change: int) -> None:
    raw = bytearray(encode(*entry))
    raw[place] ^= change
    assert decode(bytes(raw)) is None


@given(st.binary(max_size=2 * ENTRY_SIZE))
def test_foreign_bytes_are_no_entry(raw: bytes) -> None:
    assert decode(raw) is None


@pytest.mark.parametrize(
    "absurd",
    [
        *(
            {name: value}
            for name in ("sent", "stamp", "wall", "pause")
            for value in (math.nan, math.inf, 1e12)
        ),
        *({"pause": -2.0}, {"seq": 2**63}, {"order": 2**31}, {"epoch": 2**31}, {"state": 99}),
    ],
)
def test_what_cannot_be_is_no_entry(absurd: dict[str, float]) -> None:
    assert decode(encode(*Entry(1, pause=0.0)._replace(**absurd))) is None


@given(st.integers(1, 2**32 - 1), st.text("0123456789abcdef-", max_size=36))
def test_a_header_is_read_as_it_was_written(capacity: int, boot: str) -> None:
    header = Header(capacity, boot)
    raw = header.encode()
    assert len(raw) == HEADER_SIZE
    assert Header.decode(raw) == header
    assert Header.decode(raw[:-1]) is None
    assert Header.decode(b"KENTIKQ\x02" + raw[8:]) is None


@pytest.mark.parametrize(("tokens", "capacity"), [(0, 1024), (896, 1024), (897, 2048), (3750, 4096)])
def test_a_ring_has_room_for_the_longest_window_and_what_is_under_way(tokens: int, capacity: int) -> None:
    assert capacity_for(tokens) == capacity


def test_an_image_holds_its_entries_as_the_newest(ring: Ring) -> None:
    loaded = ring.load()
    assert loaded.boot == "boot"
    assert [entry.stamp for entry in loaded.entries[-5:]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert {entry.state for entry in loaded.entries[:-5]} == {State.VOID}
    seqs = [entry.seq for entry in loaded.entries]
    assert seqs == list(range(seqs[0], seqs[0] + CAPACITY))
    assert ring.unused(seqs[-1] + 1)
    assert not ring.unused(seqs[-1])


def test_two_images_never_continue_each_other(ring: Ring) -> None:
    """Who follows the one and meets the other has to notice at the next entry."""
    after = ring.load().entries[-1].seq + 1
    ring.overwrite(image(CAPACITY, "boot"))
    assert not ring.unused(after)
    assert ring.read(after) is None


def test_laps_follow_one_another(ring: Ring) -> None:
    seq = ring.load().entries[-1].seq + 1
    for place in range(seq, seq + 2 * CAPACITY + 3):
        assert ring.unused(place)
        ring.write(place, encode(*Entry(place, order=1, state=State.USED)))
        assert not ring.unused(place)
        assert ring.read(place) == Entry(place, order=1, state=State.USED)
    assert ring.load().entries[-1].seq == place


def cut_to_nothing(fd: int) -> None:
    os.ftruncate(fd, 0)


def cut_in_the_header(fd: int) -> None:
    os.ftruncate(fd, HEADER_SIZE - 1)


def cut_by_a_byte(fd: int) -> None:
    os.ftruncate(fd, HEADER_SIZE + CAPACITY * ENTRY_SIZE - 1)


def cut_and_grown_again(fd: int) -> None:
    size = os.fstat(fd).st_size
    os.ftruncate(fd, size // 2)
    os.ftruncate(fd, size)


def overwrite_with_text(fd: int) -> None:
    os.pwrite(fd, b"dear diary", 0)


def overwrite_an_entry(fd: int) -> None:
    os.pwrite(fd, b"\xa5", HEADER_SIZE + 700 * ENTRY_SIZE + 13)


def exchange_two_entries(fd: int) -> None:
    first, second = HEADER_SIZE + 7 * ENTRY_SIZE, HEADER_SIZE + 8 * ENTRY_SIZE
    raw = os.pread(fd, 2 * ENTRY_SIZE, first)
    os.pwrite(fd, raw[ENTRY_SIZE:], first)
    os.pwrite(fd, raw[:ENTRY_SIZE], second)


def repeat_a_lap(fd: int) -> None:
    place = 9
    entry = decode(os.pread(fd, ENTRY_SIZE, HEADER_SIZE + place * ENTRY_SIZE))
    assert entry is not None
    ahead = entry._replace(seq=entry.seq + 5 * CAPACITY)
    os.pwrite(fd, encode(*ahead), HEADER_SIZE + place * ENTRY_SIZE)


@pytest.mark.parametrize(
    "damage",
    [
        cut_to_nothing,
        cut_in_the_header,
        cut_by_a_byte,
        cut_and_grown_again,
        overwrite_with_text,
        overwrite_an_entry,
        exchange_two_entries,
        repeat_a_lap,
    ],
)
def test_damage_is_noticed(ring: Ring, damage: Callable[[int], None]) -> None:
    damage(ring._fd)
    with pytest.raises(DamagedError):
        ring.load()


def test_an_entry_torn_at_any_byte_is_the_old_the_new_or_damage(ring: Ring) -> None:
    seq = ring.load().entries[-1].seq + 1
    old, new = (
        ring.read_raw(seq),
        encode(*Entry(seq, sent=1e9, stamp=1e9, order=77, pid=4242, state=State.USED)),
    )
    for cut in range(ENTRY_SIZE + 1):
        ring.write(seq, new[:cut] + old[cut:])
        try:
            last = ring.load().entries[-1]
        except DamagedError:
            assert 0 < cut < ENTRY_SIZE
        else:
            assert last in (decode(new), Entry(seq - 1, stamp=4.0, state=State.USED))


def test_a_file_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "q"
    create_file(path, b"one")
    create_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
