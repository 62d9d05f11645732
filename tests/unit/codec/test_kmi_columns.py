"""KMI answers by column, and answers that cannot be read in either way."""

import datetime as dt
from functools import partial

import pytest

from kentik_async._codec import kmi
from kentik_async._codec.kmi_columns import (
    count_relations,
    decode_asn_details_columns,
    decode_rankings_columns,
    summarize_rankings,
)
from kentik_async._generated.kmi import v202212 as wire
from kentik_async.errors import DecodeError
from kentik_async.models import CustomerProvider

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LOST = 2**32 - 1

decode_rankings = partial(
    kmi.decode_rankings, market_id="x", rank_type="customer_base", ip="v4", limit=None, fetched_at=NOON
)
decode_details = partial(kmi.decode_asn_details, market_id="x", ip="v4", type="all", fetched_at=NOON)


class TestColumns:
    def test_of_rankings_are_the_models(self) -> None:
        answer = wire.GetRankingsResponse(invalid_count=1)
        answer.rankings.add(asn=1, rank_change=LOST, name="a")
        answer.rankings.add(asn=2, rank_change=1)
        columns, invalid_count = decode_rankings_columns(answer.SerializeToString())
        assert invalid_count == 1
        assert columns == {
            "asn": [1, 2],
            "name": ["a", ""],
            "rank": [None, None],
            "rank_change": [-1, 1],
            "score": [None, None],
            "score_change": [None, None],
        }

    def test_of_details_are_the_models(self) -> None:
        answer = wire.GetASNDetailsResponse()
        answer.asn_details.asn = 5
        answer.asn_details.peers.add(asn=1, pfx_count=0)
        found = decode_asn_details_columns(answer.SerializeToString())
        assert (found.asn, found.name, found.country_name) == (5, "", "")
        assert found.peers == {"asn": [1], "name": [""], "pfx_count": [0]}
        assert set(found.customers) == set(CustomerProvider.__struct_fields__)
        assert not any(found.providers.values())


@pytest.mark.parametrize(
    ("decode", "what"),
    [
        (kmi.decode_markets, "the markets"),
        (decode_rankings, "the rankings"),
        (decode_rankings_columns, "the rankings"),
        (summarize_rankings, "the rankings"),
        (decode_details, "the details of the network"),
        (decode_asn_details_columns, "the details of the network"),
        (count_relations, "the details of the network"),
        (kmi.decode_global_insights, "the insights"),
        (kmi.decode_asn_insights, "the insights"),
    ],
)
class TestBrokenAnswers:
    @pytest.mark.parametrize("raw", [b"\x0a", b"<html>", b"\x0a\x7f\x00", b"\xff" * 20], ids=repr)
    def test_are_decode_errors_that_say_what_was_read(self, decode, what: str, raw: bytes) -> None:
        with pytest.raises(DecodeError, match=f"^cannot read {what}: "):
            decode(raw)

    def test_a_name_that_is_not_utf8_is_refused(self, decode, what: str) -> None:
        named = b"\x0a\x03\x12\x01\xff"
        neighbour = b"\x0a\x05\x32\x03\x12\x01\xff"
        with pytest.raises(DecodeError, match=f"^cannot read {what}: "):
            decode(neighbour if "network" in what else named)
