"""The order of a pull's pages: each once, failures once more and last, whatever comes when."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from kentik_async.bulk.frontier import Walk
from kentik_async.bulk.journal.batches import batch_size
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.page_summary import Gist
from kentik_async.bulk.pages import Page
from kentik_async.bulk.spec import Ask
from kentik_async.errors import ServerError

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ASK = Ask(
    markets=("cc$US", "planet$earth"), rank_types=("customer_base", "peering_base"), ips=("v4", "v6"), top=2
)


def networks(key: PageKey) -> list[int]:
    """Return what a ranking lists: partly what its neighbours list, too."""
    return [1, 2, 3] if key.rank_type == "customer_base" else [2, 4, 5]


ALL_PAGES = {
    key for ranking in ASK.opening() for key in (ranking, *ASK.details_of(ranking, networks(ranking)))
}


@given(
    landed=st.sets(st.sampled_from(sorted(ALL_PAGES, key=lambda key: key.text))),
    data=st.data(),
    most=st.integers(1, 6),
)
def test_each_page_is_asked_for_once_and_a_failure_once_more(
    landed: set[PageKey], data: st.DataObject, most: int
) -> None:
    walk = Walk(ASK, {key: networks(key) if key.kind == "rankings" else [] for key in landed}, None)
    flying: list[tuple[PageKey, int]] = []
    asked: list[tuple[PageKey, int]] = []
    ends: list[tuple[PageKey, bool]] = []
    while True:
        while len(flying) < most and (step := walk.next(in_flight=len(flying))):
            assert step[1] == 1 or all(attempt == 2 for _, attempt in flying), (
                "failures come after all others"
            )
            flying.append(step)
            asked.append(step)
        if not flying:
            break
        key, attempt = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        failed = data.draw(st.booleans())
        gist = Gist(3, networks(key) if key.kind == "rankings" else [], tuple)
        page = Page(key, NOW, attempt, error=ServerError("x")) if failed else Page(key, NOW, attempt, gist)
        if walk.settle(page):
            ends.append((key, failed))
        else:
            assert (failed, attempt) == (True, 1)
    lost = {key for key, failed in ends if failed and key.kind == "rankings"}
    if not lost:
        assert {key for key, _ in ends} == ALL_PAGES - landed
    assert len({key for key, _ in ends}) == len(ends)
    assert len(set(asked)) == len(asked)
    assert {attempt for _, attempt in asked} <= {1, 2}
    assert (walk.done + walk.failed, walk.waiting) == (len(ends), 0)
    assert walk.first == next(iter(ASK.opening()))


@given(shards=st.integers(1, 7))
def test_the_planet_is_first_in_every_part(shards: int) -> None:
    for i in range(shards):
        first = Walk(ASK, {}, (i, shards)).first
        assert first is None or first.market_id == "planet$earth"


@given(pages=st.integers(1, 10**6))
def test_a_run_makes_no_more_than_sixteen_parts_of_a_table(pages: int) -> None:
    assert -(-pages // batch_size(pages)) <= 15, "and one at the end, for what had failed"
