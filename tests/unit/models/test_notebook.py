"""Records in a notebook: an HTML table that is short, escaped and well-formed; and records as JSON."""

import datetime as dt
import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import (
    ASGroup,
    ASNDetails,
    AutonomousSystem,
    CustomerProvider,
    Insight,
    IPFamily,
    Market,
    Peer,
    Ranking,
    Rankings,
    RankType,
    Records,
    Relation,
)

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def shown(records: Records[object]) -> tuple[str, list[str], list[list[str]]]:
    """Return caption, titles and cells of the table that Jupyter shows."""
    root = ET.fromstring(records._repr_html_())
    caption = "".join(root.find("caption").itertext())
    titles = ["".join(cell.itertext()) for cell in root.iter("th")]
    body = root.find("tbody")
    return caption, titles, [["".join(cell.itertext()) for cell in row] for row in body]


def ranking(rank: int) -> Ranking:
    return Ranking(
        asn=64500 + rank, name=f"AS {rank}", rank=rank, rank_change=-1, score=None, score_change=None
    )


def test_table_of_a_ranking() -> None:
    rankings = Rankings(
        [ranking(1)],
        market_id="cc$US",
        rank_type=RankType("customer_base"),
        ip=IPFamily("v4"),
        limit=None,
        fetched_at=NOON,
    )
    caption, titles, rows = shown(rankings)
    assert caption.startswith("1 row, market_id = cc$US, rank_type = customer_base, ip = v4, limit = , ")
    assert "fetched_at = 2026-03-01 12:00:00 UTC" in caption
    assert titles == list(Ranking.__struct_fields__)
    assert dict(zip(titles, rows[0], strict=True)) == {
        "asn": "64501",
        "name": "AS 1",
        "rank": "1",
        "rank_change": "-1",
        "score": "",
        "score_change": "",
    }


def test_long_table_shows_both_ends() -> None:
    caption, _, rows = shown(Records([ranking(rank) for rank in range(1, 2001)]))
    assert caption == "2,000 rows"
    assert [row[-1] for row in rows if len(row) == 1] == ["… 1,980 more rows"]
    assert [row[2] for row in rows if len(row) > 1] == [
        str(rank) for rank in [*range(1, 11), *range(1991, 2001)]
    ]
    assert len(shown(Records([ranking(rank) for rank in range(20)]))[2]) == 20


def test_long_value_is_cut() -> None:
    members = tuple(AutonomousSystem(asn=number, name="x") for number in range(1000))
    html = Records([ASGroup(id="1", name="n", asn=members)])._repr_html_()
    assert len(html) < 3000
    assert "…</td>" in html


# The XML parser used here does not allow the two excluded characters; HTML does.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(TEXTS, st.sampled_from(["&", "<b>", '"', "'"]))
def test_text_is_escaped(text: str, special: str) -> None:
    value = f"{special}{text}"[:80]
    _, _, rows = shown(Records([Market(market_id=value, name='<script>alert("1")</script>')]))
    assert rows == [[value, '<script>alert("1")</script>']]


def test_empty_table_has_titles() -> None:
    assert shown(Records([], Market)) == ("0 rows", ["market_id", "name"], [])
    assert shown(Records([])) == ("0 rows", [], [])


def test_records_of_other_values() -> None:
    assert shown(Records(["a<b"]))[2] == [["a<b"]]


@pytest.mark.parametrize(("relation", "count"), [("all", 3), ("peers", 1)])
def test_details_of_a_network(relation: str, count: int) -> None:
    details = ASNDetails(
        asn=64500,
        name="A & B",
        country_name="",
        customers=Records([], CustomerProvider),
        providers=Records([], CustomerProvider),
        peers=Records([Peer(asn=64501, name="<peer>", pfx_count=2)]),
        market_id="cc$US",
        ip=IPFamily("v4"),
        type=Relation(relation),
        fetched_at=NOON,
    )
    root = ET.fromstring(details._repr_html_())
    assert root.find("strong").text == "AS64500 A & B; market cc$US, v4"
    assert len([*root.iter("table")]) == count
    assert ["64501", "<peer>", "2"] in [[cell.text for cell in row] for row in root.iter("tr")]


def test_json_is_that_of_the_dicts() -> None:
    records = Records([Insight(asn=1, name="é", created_at=NOON), Insight(asn=None, name="")])
    first, second = json.loads(records.to_json())
    assert first == {"asn": 1, "name": "é", "type": None, "message": "", "created_at": "2026-03-01T12:00:00Z"}
    assert second["asn"] is None
    group = ASGroup(id="1", name="n", asn=(AutonomousSystem(asn=1, name="x"),))
    assert json.loads(Records([group]).to_json())[0]["asn"] == [{"asn": 1, "name": "x"}]
    assert Records([]).to_json() == "[]"
