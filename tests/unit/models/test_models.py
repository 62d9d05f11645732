"""Models and records as values: frozen, comparable, picklable, readable as dataclasses."""

import copy
import dataclasses
import datetime as dt
import pickle

import msgspec
import pytest

from kentik_async.models import (
    ASGroup,
    ASGroupList,
    ASNDetails,
    AutonomousSystem,
    CustomerProvider,
    Filter,
    Insight,
    InsightType,
    IPFamily,
    Layer,
    LayerSet,
    Market,
    Peer,
    Plan,
    PlanDevice,
    PlanDeviceType,
    PostalAddress,
    Ranking,
    Rankings,
    RankType,
    Records,
    Relation,
    Site,
    SiteMarket,
    SiteType,
    SiteV6,
)

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

ROWS = [
    Market("planet$earth", "Planet"),
    Ranking(64512, "Example", 1, -1, 0, None),
    CustomerProvider(64513, "Customer", 7, True, False, None),
    Peer(64514, "Peer", 0),
    Insight(64512, "Example", 3, "gained", NOON),
    AutonomousSystem(64512, "Example"),
    ASGroup("9", "group", (AutonomousSystem(64512, "Example"),), NOON, None),
    Site(1, "LAX", 33.77, -118.19, 1289),
    PostalAddress(address="Kleyerstr. 90", city="Frankfurt", country="Germany"),
    SiteMarket(id="1", name="Europe", cdate=NOON),
    SiteV6(title="fra1", type=SiteType.DATA_CENTER, architecture=(LayerSet(layers=(Layer(name="edge"),)),)),
    PlanDeviceType("router"),
    PlanDevice(1206, "edge", "router"),
    Plan(550, 1289, "Default", max_bigdata_fps={"a": [1]}, devices=(PlanDevice(1206),)),
    ASNDetails(
        64512,
        "Example",
        "Switzerland",
        Records([CustomerProvider(64513, "Customer")], CustomerProvider),
        Records((), CustomerProvider),
        Records([Peer(64514, "Peer")], Peer),
        "planet$earth",
        IPFamily.V4,
        Relation.ALL,
        NOON,
    ),
]


def rankings(*rows: Ranking, limit: int | None = None) -> Rankings:
    return Rankings(
        rows,
        market_id="cc$US",
        rank_type=RankType.PEERING_BASE,
        ip=IPFamily.V6,
        limit=limit,
        fetched_at=NOON,
        invalid_count=2,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
class TestEveryModel:
    def test_reads_as_a_dataclass_with_the_same_fields(self, row) -> None:
        assert dataclasses.is_dataclass(row)
        names = [field.name for field in dataclasses.fields(row)]
        assert names == list(row.__struct_fields__)
        assert list(dataclasses.asdict(row)) == names

    def test_dataclass_defaults_are_the_models_own(self, row) -> None:
        for field, own in zip(dataclasses.fields(row), msgspec.structs.fields(type(row)), strict=True):
            assert (field.default is dataclasses.MISSING) == own.required
            if not own.required:
                assert field.default == own.default

    def test_replace_makes_a_changed_copy(self, row) -> None:
        first = row.__struct_fields__[0]
        changed = dataclasses.replace(row, **{first: getattr(row, first)})
        assert changed == row
        assert changed is not row

    def test_survives_pickle_and_copy(self, row) -> None:
        for twin in (pickle.loads(pickle.dumps(row)), copy.copy(row), copy.deepcopy(row)):
            assert twin == row
            assert hash(twin) == hash(row)
            assert repr(twin) == repr(row)

    def test_is_frozen(self, row) -> None:
        with pytest.raises(AttributeError):
            setattr(row, row.__struct_fields__[0], None)

    def test_repr_names_the_model_and_its_fields(self, row) -> None:
        assert repr(row).startswith(f"{type(row).__name__}({row.__struct_fields__[0]}=")


def test_asdict_goes_all_the_way_down() -> None:
    found = dataclasses.asdict(ROWS[-1])
    assert found["customers"][0]["asn"] == 64513
    assert found["peers"][0] == {"asn": 64514, "name": "Peer", "pfx_count": None}
    assert dataclasses.asdict(ROWS[6])["asn"] == ({"asn": 64512, "name": "Example"},)


def test_none_and_zero_are_different_values() -> None:
    assert Peer(1, "x", 0) != Peer(1, "x", None)
    assert CustomerProvider(1, "x", mutual_customer=False) != CustomerProvider(1, "x")


class TestRecords:
    def test_is_a_tuple_of_its_rows(self) -> None:
        rows = Records(ROWS[:2])
        assert isinstance(rows, tuple)
        assert rows == tuple(ROWS[:2])
        assert len(rows) == 2
        assert list(rows) == ROWS[:2]
        assert rows[-1] is ROWS[1]
        assert ROWS[0] in rows
        assert hash(rows) == hash(tuple(ROWS[:2]))

    def test_a_slice_still_makes_tables_when_it_is_empty(self) -> None:
        rows = Records([Peer(1, "a"), Peer(2, "b")])
        assert isinstance(rows[:1], Records)
        assert rows[:1] == (Peer(1, "a"),)
        assert rows[5:].to_arrow().column_names == ["asn", "name", "pfx_count"]

    def test_to_dicts_makes_nested_models_plain(self) -> None:
        group = ROWS[6]
        assert Records([group]).to_dicts() == [
            {
                "id": "9",
                "name": "group",
                "asn": [{"asn": 64512, "name": "Example"}],
                "created_date": NOON,
                "updated_date": None,
            }
        ]

    def test_repr_stays_short(self) -> None:
        rows = Records([Peer(number, "x") for number in range(5000)])
        assert repr(rows) == "Records[Peer](Peer(asn=0, name='x', pfx_count=None), … 4999 more)"
        assert repr(Records((), Peer)) == "Records[Peer]()"
        assert repr(Records()) == "Records[?]()"
        assert "market_id='cc$US'" in repr(rankings(ROWS[1]))

    def test_takes_no_attributes(self) -> None:
        rows = rankings()
        with pytest.raises(AttributeError, match="immutable"):
            rows.invalid_count = 3
        with pytest.raises(AttributeError, match="immutable"):
            del rows.invalid_count

    @pytest.mark.parametrize(
        "rows", [rankings(ROWS[1]), ASGroupList([ROWS[6]], invalid_count=4), Records(ROWS[:1])]
    )
    def test_copies_keep_class_and_attributes(self, rows) -> None:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            twin = pickle.loads(pickle.dumps(rows, protocol))
            assert (type(twin), twin, vars(twin)) == (type(rows), rows, vars(rows))
        for twin in (copy.copy(rows), copy.deepcopy(rows)):
            assert (type(twin), twin, vars(twin)) == (type(rows), rows, vars(rows))

    def test_encodes_as_json(self) -> None:
        assert msgspec.json.encode(Records([Peer(1, "a")])) == b'[{"asn":1,"name":"a","pfx_count":null}]'


class TestRankings:
    def test_carries_the_requested_arguments(self) -> None:
        rows = rankings(ROWS[1], limit=10)
        assert (rows.market_id, rows.rank_type, rows.ip, rows.limit) == ("cc$US", "peering_base", "v6", 10)
        assert (rows.fetched_at, rows.invalid_count) == (NOON, 2)

    @pytest.mark.parametrize(
        ("count", "limit", "expected"),
        [(0, 1, False), (1, 1, True), (2, 3, False), (599, None, False), (600, None, True)],
    )
    def test_as_many_rows_as_the_limit_may_be_truncated(self, count, limit, expected) -> None:
        assert rankings(*[ROWS[1]] * count, limit=limit).maybe_truncated is expected


class TestEnumerations:
    @pytest.mark.parametrize("kind", [RankType, IPFamily, Relation, Filter, InsightType])
    def test_are_their_text(self, kind) -> None:
        for member in kind:
            assert member == member.value
            assert f"{member}" == member.value
            assert kind(member.value) is member

    def test_rank_types_are_the_schemas(self) -> None:
        assert set(RankType) == {
            "customer_base",
            "customer_base_retail",
            "customer_base_wholesome",
            "customer_base_backbone",
            "customer_growth",
            "peering_base",
        }

    def test_there_are_sixteen_insight_types(self) -> None:
        assert len(InsightType) == 16
        assert {"market_entrance", "decrease_prefix_origination", "provider_routing_loss"} <= set(InsightType)

    def test_aliases_give_todays_value(self) -> None:
        assert RankType("customer_base_wholesale") is RankType.CUSTOMER_BASE_WHOLESOME
        assert RankType.CUSTOMER_BASE_WHOLESALE == "customer_base_wholesome"
        assert [Relation(name) for name in ("customer", "provider", "peer")] == [
            Relation.CUSTOMERS,
            Relation.PROVIDERS,
            Relation.PEERS,
        ]
        for kind, text in ((Relation, "all "), (Relation, "alls"), (RankType, "wholesale"), (Filter, "ONLY")):
            with pytest.raises(ValueError, match=text):
                kind(text)
