"""Model to protobuf to model: nothing is lost, whatever is sent, and whichever way it is read."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from kentik_async._codec import as_groups, kmi
from kentik_async._codec.kmi_columns import decode_asn_details_columns, decode_rankings_columns
from kentik_async._generated.as_group import v202212 as as_group_wire
from kentik_async._generated.kmi import v202212 as kmi_wire
from kentik_async.models import (
    ASGroup,
    AutonomousSystem,
    CustomerProvider,
    Filter,
    Insight,
    InsightType,
    IPFamily,
    Market,
    Peer,
    Ranking,
    RankType,
    Relation,
)

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = texts.filter(lambda text: text.strip() and "\0" not in text)
uint32s = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1])
int32s = st.integers(-(2**31), 2**31 - 1)
instants = st.datetimes(timezones=st.just(dt.UTC))


def maybe(strategy):
    return st.none() | strategy


def some(model, *fields):
    """Lists of rows: mixed ones, and ones whose rows all have, or all lack, a field."""
    mixed = st.lists(st.builds(model, *fields), max_size=8)
    uniform = st.tuples(*(st.sampled_from([field, st.just(None)]) for field in fields)).flatmap(
        lambda chosen: st.lists(st.builds(model, *chosen), max_size=8)
    )
    return mixed | uniform.map(lambda rows: [_with_name(row) for row in rows])


def _with_name(row):
    return (
        row if row.name is not None else type(row)(row.asn, "", *[getattr(row, n) for n in _after_name(row)])
    )


def _after_name(row):
    return row.__struct_fields__[2:]


rankings = some(Ranking, maybe(uint32s), texts, maybe(uint32s), maybe(int32s), maybe(uint32s), maybe(int32s))
neighbours = some(CustomerProvider, maybe(uint32s), texts, maybe(uint32s), *[maybe(st.booleans())] * 3)
peers = some(Peer, maybe(uint32s), texts, maybe(uint32s))


def fill(container, rows) -> None:
    for row in rows:
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        for name in {"rank_change", "score_change"} & values.keys():
            if values[name] is not None:
                values[name] %= 2**32
        container.add(**values)


def by_column(rows, model):
    return {name: [getattr(row, name) for row in rows] for name in model.__struct_fields__}


@given(st.lists(st.builds(Market, texts, texts)))
def test_markets(rows) -> None:
    answer = kmi_wire.ListMarketsResponse()
    fill(answer.markets, rows)
    assert list(kmi.decode_markets(answer.SerializeToString())) == rows


@given(
    rankings, uint32s, names, st.sampled_from(RankType), st.sampled_from(IPFamily), maybe(st.integers(1, 9))
)
def test_rankings(rows, invalid_count, market_id, rank_type, ip, limit) -> None:
    answer = kmi_wire.GetRankingsResponse(invalid_count=invalid_count)
    fill(answer.rankings, rows)
    raw = answer.SerializeToString()
    asked = {"market_id": market_id, "rank_type": rank_type, "ip": ip, "limit": limit, "fetched_at": NOON}
    found = kmi.decode_rankings(raw, **asked)
    assert list(found) == rows
    assert {name: getattr(found, name) for name in asked} == asked
    assert found.invalid_count == invalid_count
    assert decode_rankings_columns(raw) == (by_column(rows, Ranking), invalid_count)


@given(maybe(uint32s), texts, texts, neighbours, neighbours, peers)
def test_asn_details(asn, name, country_name, customers, providers, peer_rows) -> None:
    answer = kmi_wire.GetASNDetailsResponse(
        asn_details=kmi_wire.ASNDetails(asn=asn, name=name, country_name=country_name)
    )
    fill(answer.asn_details.customers, customers)
    fill(answer.asn_details.providers, providers)
    fill(answer.asn_details.peers, peer_rows)
    raw = answer.SerializeToString()
    found = kmi.decode_asn_details(raw, market_id="x", ip="v4", type="all", fetched_at=NOON)
    assert (found.asn, found.name, found.country_name) == (asn, name, country_name)
    assert list(found.customers) == customers
    assert list(found.providers) == providers
    assert list(found.peers) == peer_rows
    columns = decode_asn_details_columns(raw)
    assert columns.customers == by_column(customers, CustomerProvider)
    assert columns.peers == by_column(peer_rows, Peer)


@given(st.lists(st.tuples(maybe(uint32s), texts, maybe(uint32s), texts, maybe(instants))))
def test_insights(rows) -> None:
    expected = [Insight(*row) for row in rows]
    for decode, answer in (
        (kmi.decode_global_insights, kmi_wire.GetGlobalInsightsResponse()),
        (kmi.decode_asn_insights, kmi_wire.GetASNInsightsResponse()),
    ):
        for asn, name, kind, message, created_at in rows:
            text = "" if created_at is None else created_at.isoformat()
            answer.insights.add(asn=asn, name=name, type=kind, message=message, created_at=text)
        assert list(decode(answer.SerializeToString())) == expected


def as_group_on_the_wire(group: ASGroup) -> as_group_wire.ASGroupDetailed:
    message = as_group_wire.ASGroupDetailed(id=group.id, name=group.name)
    for member in group.asn:
        message.asn.add(asn=member.asn, name=member.name)
    for name in ("created_date", "updated_date"):
        instant = getattr(group, name)
        if instant is not None:
            stamp = Timestamp()
            stamp.FromDatetime(instant)
            getattr(message, name).CopyFrom(stamp)
    return message


groups = st.builds(
    ASGroup,
    texts,
    texts,
    st.lists(st.builds(AutonomousSystem, uint32s, texts), max_size=5).map(tuple),
    maybe(instants),
    maybe(instants),
)


@given(st.lists(groups, max_size=5), uint32s)
def test_as_groups(rows, invalid_count) -> None:
    answer = as_group_wire.ListASGroupsResponse(
        as_groups=[as_group_on_the_wire(group) for group in rows], invalid_count=invalid_count
    )
    found = as_groups.decode_list(answer.SerializeToString())
    assert list(found) == rows
    assert found.invalid_count == invalid_count
    for group in rows:
        for decode, message in (
            (as_groups.decode_get, as_group_wire.GetASGroupResponse),
            (as_groups.decode_create, as_group_wire.CreateASGroupResponse),
            (as_groups.decode_update, as_group_wire.UpdateASGroupResponse),
        ):
            assert decode(message(as_group=as_group_on_the_wire(group)).SerializeToString()) == group


@given(names, names, st.lists(uint32s))
def test_as_group_requests(id, name, asns) -> None:
    create = as_group_wire.CreateASGroupRequest.FromString(as_groups.encode_create(name, asns)).as_group
    update = as_group_wire.UpdateASGroupRequest.FromString(as_groups.encode_update(id, name, asns)).as_group
    assert (create.name, [int(asn) for asn in create.asn]) == (name, asns)
    assert (update.id, update.name, list(update.asn)) == (id, name, list(create.asn))
    assert as_group_wire.GetASGroupRequest.FromString(as_groups.encode_get(id)).id == id
    assert as_group_wire.DeleteASGroupRequest.FromString(as_groups.encode_delete(id)).id == id


@given(names, st.sampled_from(RankType), st.sampled_from(IPFamily), maybe(st.integers(1, 2**32 - 1)))
def test_rankings_requests(market_id, rank_type, ip, limit) -> None:
    request = kmi_wire.GetRankingsRequest.FromString(kmi.encode_rankings(market_id, rank_type, ip, limit))
    sent = limit if request.HasField("limit") else None
    assert (request.market_id, request.rank_type, request.ip, sent) == (
        market_id,
        rank_type,
        ip,
        limit or sent,
    )
    assert request.HasField("limit") == (limit is not None)


@given(names, uint32s, st.sampled_from(Relation), st.sampled_from(IPFamily), *[st.sampled_from(Filter)] * 3)
def test_details_requests(market_id, asn, relation, ip, provider, customer, singlehomed) -> None:
    raw = kmi.encode_asn_details(market_id, asn, relation, ip, provider, customer, singlehomed)
    assert kmi_wire.GetASNDetailsRequest.FromString(raw) == kmi_wire.GetASNDetailsRequest(
        market_id=market_id,
        asn=str(asn),
        type=relation,
        ip=ip,
        mutual_provider=provider,
        mutual_customer=customer,
        singlehomed_customer=singlehomed,
    )


@given(
    uint32s,
    st.fixed_dictionaries(
        {},
        optional={
            "market_id": names,
            "ip": st.sampled_from(IPFamily),
            "types": st.lists(st.sampled_from(InsightType)),
            "lookback": st.sampled_from([1, 7, 30]),
            "magnitude": st.integers(1, 5),
            "limit": st.integers(1, 2**32 - 1),
        },
    ),
)
def test_insights_requests(asn, options) -> None:
    message = kmi_wire.GetASNInsightsRequest
    assert message.FromString(kmi.encode_asn_insights(asn, **options)) == message(asn=str(asn), **options)
    message = kmi_wire.GetGlobalInsightsRequest
    assert message.FromString(kmi.encode_global_insights(**options)) == message(**options)
