"""pydantic reads models field by field, including nested models and records, as web frameworks need."""

import datetime as dt
import json

import pytest

from kentik_async.models import (
    ASGroup,
    ASNDetails,
    AutonomousSystem,
    CustomerProvider,
    IPFamily,
    Market,
    Peer,
    Plan,
    Ranking,
    Records,
    Relation,
    Site,
)

pydantic = pytest.importorskip("pydantic", reason="it is pydantic that reads the records here")

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("model", [ASGroup, ASNDetails, Market, Plan, Ranking, Site])
def test_a_schema_has_every_field(model) -> None:
    schema = pydantic.TypeAdapter(model).json_schema()
    assert set(schema["properties"]) == set(model.__struct_fields__)


def test_rows_are_written_with_their_values() -> None:
    rows = Records([Ranking(1, "a", 2, -3, 0, None)])
    assert pydantic.TypeAdapter(Records[Ranking]).dump_python(rows) == tuple(rows.to_dicts())


def test_nested_models_are_written_too() -> None:
    details = ASNDetails(
        *(1, "a", "Switzerland"),
        Records([CustomerProvider(2, "b", mutual_customer=False)]),
        Records((), CustomerProvider),
        Records([Peer(3, "c")]),
        *("cc$CH", IPFamily.V4, Relation.ALL, NOON),
    )
    written = json.loads(pydantic.TypeAdapter(ASNDetails).dump_json(details))
    assert written["customers"][0]["mutual_customer"] is False
    assert written["peers"] == [{"asn": 3, "name": "c", "pfx_count": None}]
    assert (written["ip"], written["fetched_at"]) == ("v4", "2026-03-01T12:00:00Z")
    group = ASGroup("1", "g", (AutonomousSystem(1, "a"),), NOON)
    assert pydantic.TypeAdapter(ASGroup).dump_python(group)["asn"] == ({"asn": 1, "name": "a"},)
