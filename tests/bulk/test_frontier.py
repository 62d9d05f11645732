"""The order of a pull's pages: each once, failed pages again at the end, in any order of answers."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async.bulk.coverage import PageState
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.spec import PullSpec
from kentik_async.emulator import Emulator
from kentik_async.errors import ServerError

SPEC = PullSpec(
    markets=("cc$US", "planet$earth"), rank_types=("customer_base", "peering_base"), ips=("v4", "v6"), top=2
)


def networks(key: PageKey) -> list[int]:
    """Return the networks of a ranking, which overlap with those of similar rankings."""
    return [1, 2, 3] if key.rank_type == "customer_base" else [2, 4, 5]


ALL_PAGES = {
    key for ranking in SPEC.opening() for key in (ranking, *SPEC.following(ranking, networks(ranking)))
}


class Saved:
    """A date that holds some pages."""

    def __init__(self, keys: set[PageKey]) -> None:
        self._keys = keys

    def state(self, key: PageKey) -> PageState:
        return "saved" if key in self._keys else "missing"

    def leads(self, key: PageKey) -> Sequence[Any]:
        return networks(key)


@given(
    saved=st.sets(st.sampled_from(sorted(ALL_PAGES, key=lambda key: key.text))),
    data=st.data(),
    most=st.integers(1, 6),
)
def test_each_page_comes_once_and_a_failure_once_more(
    saved: set[PageKey], data: st.DataObject, most: int
) -> None:
    frontier = Frontier(SPEC, Saved(saved))
    in_flight: list[tuple[PageKey, int]] = []
    asked: list[tuple[PageKey, int]] = []
    ends: list[tuple[PageKey, bool]] = []
    while True:
        while len(in_flight) < most and (step := frontier.next(in_flight=len(in_flight))):
            assert step[1] == 1 or all(attempt == 2 for _, attempt in in_flight), "failures come last"
            in_flight.append(step)
            asked.append(step)
        if not in_flight:
            break
        key, attempt = in_flight.pop(data.draw(st.integers(0, len(in_flight) - 1)))
        if data.draw(st.booleans()):
            if frontier.failed_with(key, ServerError("x")):
                ends.append((key, True))
            else:
                assert attempt == 1
        else:
            frontier.answered(key, networks(key) if key.kind == "rankings" else ())
            ends.append((key, False))
    lost = {key for key, failed in ends if failed and key.kind == "rankings"}
    if not lost:
        assert {key for key, _ in ends} == ALL_PAGES - saved
        assert frontier.remaining().saved == len(saved)
    assert len({key for key, _ in ends}) == len(ends)
    assert len(set(asked)) == len(asked)
    assert {attempt for _, attempt in asked} <= {1, 2}
    assert (frontier.done + frontier.failed, frontier.waiting) == (len(ends), 0)


@given(shards=st.integers(1, 7))
def test_the_planet_is_first_in_every_part(shards: int) -> None:
    for i in range(shards):
        step = Frontier(msgspec.structs.replace(SPEC, shard=(i, shards)), None).next(in_flight=0)
        assert step is None or step[0].market_id == "planet$earth"


@pytest.mark.parametrize(
    ("status", "attempts"), [(404, 1), (400, 1), (500, 2), (503, 2)], ids=["no such", "bad", "broken", "gone"]
)
async def test_a_page_is_retried_only_where_that_may_help(status: int, attempts: int) -> None:
    async with Emulator(speed=600) as emulator, emulator.client() as kentik:
        emulator.fail_next(100, status=status)
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", "v4")
        pages = [page async for page in pull]
    assert [(page.attempts, page.error is None) for page in pages] == [(attempts, False)] * 2
