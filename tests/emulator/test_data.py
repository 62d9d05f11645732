"""The generated Internet: the same for the same seed, consistent, and changing from day to day."""

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.insights import INSIGHT_TYPES, LOOKBACKS
from kentik_async.emulator.world.markets import COUNTRIES, MARKETS
from kentik_async.emulator.world.networks import internet
from kentik_async.emulator.world.rankings import IPS, RANK_TYPES
from kentik_async.emulator.world.state import FIRST_DAY, EmulatorState
from kentik_async.models import Ranking

markets = st.sampled_from([place.market_id for place in MARKETS])
days = st.integers(-400, 400).map(lambda n: FIRST_DAY + dt.timedelta(days=n))
YESTERDAY = FIRST_DAY - dt.timedelta(days=1)


@pytest.fixture(scope="module")
def state() -> EmulatorState:
    return EmulatorState()


def test_markets_are_the_planet_regions_and_countries(state: EmulatorState) -> None:
    ids = [market.market_id for market in state.markets]
    assert ids[0] == "planet$earth"
    assert len(ids) == len(set(ids))
    assert 230 <= len(ids) <= 270
    assert {"cc$US", "cc$DE", "continent$EU", "region$western_europe"} <= set(ids)
    assert all(market.name for market in state.markets)
    assert len({country.code for country in COUNTRIES}) == len(COUNTRIES)


def test_as_numbers_are_unique_and_none_is_reserved() -> None:
    asns = [network.asn for network in internet(0).networks]
    assert len(asns) == len(set(asns))
    assert all(0 < asn < 64496 or asn > 131071 for asn in asns)
    assert any(asn > 65535 for asn in asns)


def test_the_same_seed_gives_the_same_data_in_another_process() -> None:
    program = (
        "from kentik_async.emulator.world.state import EmulatorState\n"
        "print(EmulatorState(seed=7).rankings('cc$PT')[:50])"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == str(EmulatorState(seed=7).rankings("cc$PT")[:50])


def test_another_seed_gives_other_data() -> None:
    assert EmulatorState(seed=1).rankings("cc$PT") != EmulatorState(seed=2).rankings("cc$PT")


@settings(max_examples=30)
@given(market_id=markets, rank_type=st.sampled_from(RANK_TYPES), ip=st.sampled_from(IPS), day=days)
def test_rank_changes_match_the_day_before(market_id: str, rank_type: str, ip: str, day: dt.date) -> None:
    state = EmulatorState(day=day)
    everything = 10**6
    today = state.rankings(market_id, rank_type, ip, everything)
    assert [row.rank for row in today] == list(range(1, len(today) + 1))
    scores = [row.score for row in today if row.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 2**32 for score in scores)
    assert len({row.asn for row in today}) == len(today)
    yesterday = {
        row.asn: row
        for row in state.rankings(market_id, rank_type, ip, everything, day - dt.timedelta(days=1))
    }
    for row in today:
        before = yesterday.get(row.asn)
        expected = (0, row.score) if before is None else differences(row, before)
        assert (row.rank_change, row.score_change) == expected
    assert state.rankings(market_id, rank_type, ip, 5) == today[:5]


def differences(now: Ranking, before: Ranking) -> tuple[int, int]:
    assert now.rank is not None
    assert before.rank is not None
    assert now.score is not None
    assert before.score is not None
    return before.rank - now.rank, now.score - before.score


def test_ranking_lengths_vary_around_the_limit(state: EmulatorState) -> None:
    lengths = {
        market: len(state.rankings(market, limit=10**6)) for market in ("cc$US", "cc$IS", "planet$earth")
    }
    assert lengths["planet$earth"] > lengths["cc$US"] > 600 > lengths["cc$IS"] > 20
    assert len(state.rankings("cc$US")) == 600
    assert all(state.rankings("cc$IS", rank_type, ip) for rank_type in RANK_TYPES for ip in IPS)


def test_next_day_changes_ranks_and_members(state: EmulatorState) -> None:
    today, yesterday = (state.rankings("cc$US", limit=10**6, day=day) for day in (FIRST_DAY, YESTERDAY))
    changes = [row.rank_change for row in today if row.rank_change is not None]
    assert min(changes) < 0 < max(changes)
    assert 0.5 * len(today) < sum(-20 <= change <= 20 for change in changes)
    entered = {row.asn for row in today} - {row.asn for row in yesterday}
    left = {row.asn for row in yesterday} - {row.asn for row in today}
    assert 0 < len(entered | left) < 0.02 * len(today)


def test_the_types_rank_differently(state: EmulatorState) -> None:
    firsts = {tuple(row.asn for row in state.rankings("cc$DE", kind, limit=20)) for kind in RANK_TYPES}
    assert len(firsts) == len(RANK_TYPES)


@settings(max_examples=10)
@given(market_id=st.sampled_from(["cc$DE", "cc$IS", "region$caribbean"]), ip=st.sampled_from(IPS), day=days)
def test_relations_are_mutual(market_id: str, ip: str, day: dt.date) -> None:
    state = EmulatorState(day=day)
    for row in state.rankings(market_id, ip=ip, limit=8):
        assert row.asn is not None
        mine = state.asn_details(market_id, row.asn, ip=ip)
        for customer in mine.customers[:20]:
            assert customer.asn is not None
            theirs = {each.asn: each for each in state.asn_details(market_id, customer.asn, ip=ip).providers}
            assert theirs[row.asn].score == customer.score
        for provider in mine.providers:
            assert provider.asn is not None
            assert row.asn in {
                each.asn for each in state.asn_details(market_id, provider.asn, ip=ip).customers
            }
        for peer in mine.peers[:20]:
            assert peer.asn is not None
            assert row.asn in {each.asn for each in state.asn_details(market_id, peer.asn, ip=ip).peers}


def test_largest_networks_have_1000_customers(state: EmulatorState) -> None:
    first = state.rankings("planet$earth", "customer_base_backbone", limit=1)[0]
    assert first.asn is not None
    details = state.asn_details("planet$earth", first.asn)
    assert len(details.customers) > 1000
    assert details.country_name
    assert {row.asn for row in details.customers}.isdisjoint(row.asn for row in details.peers)


def test_filters_divide_a_list_in_two(state: EmulatorState) -> None:
    backbone = state.rankings("planet$earth", "customer_base_backbone", limit=1)[0].asn
    assert backbone is not None
    every = state.asn_details("planet$earth", backbone).customers
    for name in ("mutual_customer", "singlehomed_customer"):
        only, rest = (
            state.asn_details("planet$earth", backbone, **{name: choice}).customers
            for choice in ("only", "exclude")
        )
        assert only
        assert rest
        assert all(getattr(row, name) for row in only)
        assert not any(getattr(row, name) for row in rest)
        assert sorted(row.asn or 0 for row in (*only, *rest)) == sorted(row.asn or 0 for row in every)


@settings(max_examples=10)
@given(rank=st.integers(0, 30), day=days)
def test_mutual_neighbours_are_also_those_of_the_own_networks(rank: int, day: dt.date) -> None:
    state = EmulatorState(day=day)
    own = [state.asn_details("planet$earth", asn) for asn in sorted(state.data.own_asns)]
    own_customers = {row.asn for one in own for row in one.customers}
    own_providers = {row.asn for one in own for row in one.providers}
    asn = state.rankings("planet$earth")[rank].asn
    assert asn is not None
    details = state.asn_details("planet$earth", asn)
    for row in details.customers:
        assert (row.mutual_customer, row.mutual_provider) == (row.asn in own_customers, False)
    for row in details.providers:
        assert (row.mutual_customer, row.mutual_provider) == (False, row.asn in own_providers)


def test_some_neighbours_are_mutual(state: EmulatorState) -> None:
    one, *_ = sorted(state.data.own_asns)
    own = state.asn_details("planet$earth", one)
    assert own.providers
    assert all(row.mutual_provider for row in own.providers)
    backbone = state.asn_details("planet$earth", own.providers[0].asn or 0)
    assert 0 < sum(row.mutual_customer or False for row in backbone.customers) < len(backbone.customers) / 2
    only = state.asn_details("planet$earth", one, mutual_provider="exclude")
    assert not only.providers
    assert len(only.customers) == len(own.customers)


def test_a_relation_alone_leaves_the_other_lists_empty(state: EmulatorState) -> None:
    backbone = state.rankings("cc$DE", limit=1)[0].asn
    assert backbone is not None
    details = state.asn_details("cc$DE", backbone, "peers")
    assert details.peers
    assert not details.customers
    assert not details.providers


def test_relations_move_a_little_in_a_day(state: EmulatorState) -> None:
    backbone = state.rankings("planet$earth", "customer_base_backbone", limit=1)[0].asn
    assert backbone is not None
    today, yesterday = (
        {row.asn for row in state.asn_details("planet$earth", backbone, day=day).customers}
        for day in (FIRST_DAY, YESTERDAY)
    )
    assert 0 < len(today ^ yesterday) < 0.05 * len(today)


@pytest.mark.parametrize("lookback", LOOKBACKS)
def test_insights_of_market_moves_follow_the_rankings(state: EmulatorState, lookback: int) -> None:
    now = {row.asn: row.rank for row in state.rankings("cc$IS", limit=10**6)}
    day = FIRST_DAY - dt.timedelta(days=lookback)
    then = {row.asn: row.rank for row in state.rankings("cc$IS", limit=10**6, day=day)}
    expected = {
        "market_entrance": {asn for asn in now if asn not in then},
        "market_exit": {asn for asn in then if asn not in now},
        "ranking_gain": {asn for asn in now if asn in then and (now[asn] or 0) < (then[asn] or 0)},
        "ranking_loss": {asn for asn in now if asn in then and (now[asn] or 0) > (then[asn] or 0)},
    }
    for kind, asns in expected.items():
        found = state.insights("cc$IS", types=[kind], lookback=lookback, limit=10**6)
        assert {insight.asn for insight in found} == asns


def test_insights_obey_type_magnitude_limit_and_network(state: EmulatorState) -> None:
    every = state.insights("cc$DE", lookback=30, limit=10**6)
    assert {event.type for event in every} == set(range(1, len(INSIGHT_TYPES) + 1))
    great = state.insights("cc$DE", lookback=30, limit=10**6, magnitude=5)
    assert 0 < len(great) < len(every)
    assert set(great) <= set(every)
    assert state.insights("cc$DE", lookback=30, limit=7) == every[:7]
    gains = state.insights("cc$DE", lookback=30, limit=10**6, types=["customer_gain"])
    assert gains == tuple(event for event in every if event.type == INSIGHT_TYPES.index("customer_gain") + 1)
    someone = every[0].asn
    assert someone is not None
    assert state.insights("cc$DE", lookback=30, limit=10**6, asn=someone) == tuple(
        event for event in every if event.asn == someone
    )
    moments = [event.created_at for event in every if event.created_at is not None]
    assert len(moments) == len(every)
    assert all(0 <= (FIRST_DAY - moment.date()).days < 30 for moment in moments)


def test_what_is_not_there_is_not_found(state: EmulatorState) -> None:
    with pytest.raises(AnswerError, match="market 'cc\\$XX' not found"):
        state.rankings("cc$XX")
    with pytest.raises(AnswerError, match="AS4 not found"):
        state.asn_details("cc$DE", 4)
    with pytest.raises(AnswerError, match="AS4 not found"):
        state.insights(asn=4)


def test_resetting_returns_to_the_first_day() -> None:
    state = EmulatorState()
    first = state.rankings("cc$US")
    assert state.advance_day() == FIRST_DAY + dt.timedelta(days=1)
    assert state.rankings("cc$US") != first
    state.reset()
    assert state.rankings("cc$US") == first
