"""Rows of single calls say what was requested, so that they can be joined with others."""

from tests.cli.kmi import Kmi


def test_rankings_name_their_market_and_metric(kmi: Kmi) -> None:
    options = ("--rank-type", "peering_base", "--limit", "2", "-o", "ndjson")
    rows = kmi("rankings", "US", *options).rows
    found = [(row["market_id"], row["rank_type"], row["ip"]) for row in rows]
    assert found == [("cc$US", "peering_base", "v4")] * 2


def test_relations_name_their_market(kmi: Kmi) -> None:
    (first,) = kmi("rankings", "US", "--limit", "1", "-o", "ndjson").rows
    rows = kmi("asn", "US", str(first["asn"]), "--type", "providers", "-o", "ndjson").rows
    assert {(row["market_id"], row["ip"], row["relation"]) for row in rows} == {("cc$US", "v4", "provider")}
