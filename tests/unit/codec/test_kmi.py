"""KMI on the wire: encoding requests and decoding answers."""

import datetime as dt

import pytest

from kentik_async._codec import kmi
from kentik_async._generated.kmi import v202212 as wire
from kentik_async.errors import ValidationError
from kentik_async.models import CustomerProvider, Insight, Market, Peer, Ranking, Rankings, Records

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LOST = 2**32 - 1


def decode_rankings(answer: wire.GetRankingsResponse | bytes, **asked) -> Rankings:
    raw = answer if isinstance(answer, bytes) else answer.SerializeToString()
    defaults = {"market_id": "cc$US", "rank_type": "customer_base", "ip": "v4", "limit": None}
    return kmi.decode_rankings(raw, **(defaults | asked), fetched_at=NOON)


def decode_details(answer: wire.GetASNDetailsResponse | bytes):
    raw = answer if isinstance(answer, bytes) else answer.SerializeToString()
    return kmi.decode_asn_details(raw, market_id="cc$US", ip="v6", type="customer", fetched_at=NOON)


class TestRequests:
    def test_list_markets_is_empty(self) -> None:
        assert kmi.encode_list_markets() == b""

    def test_rankings_by_default(self) -> None:
        request = wire.GetRankingsRequest.FromString(kmi.encode_rankings("planet$earth"))
        assert request == wire.GetRankingsRequest(
            market_id="planet$earth", rank_type="customer_base", ip="v4"
        )
        assert not request.HasField("limit")

    def test_rankings_in_full(self) -> None:
        raw = kmi.encode_rankings("cc$US", "customer_base_wholesale", "v6", 1000)
        assert wire.GetRankingsRequest.FromString(raw) == wire.GetRankingsRequest(
            market_id="cc$US", rank_type="customer_base_wholesome", ip="v6", limit=1000
        )

    def test_details_by_default(self) -> None:
        raw = kmi.encode_asn_details("planet$earth", "AS1.10")
        assert wire.GetASNDetailsRequest.FromString(raw) == wire.GetASNDetailsRequest(
            market_id="planet$earth",
            asn="65546",
            ip="v4",
            type="all",
            mutual_provider="all",
            mutual_customer="all",
            singlehomed_customer="all",
        )

    def test_details_in_full(self) -> None:
        raw = kmi.encode_asn_details("cc$US", 64512, "peer", "v6", "only", "exclude", "only")
        assert wire.GetASNDetailsRequest.FromString(raw) == wire.GetASNDetailsRequest(
            market_id="cc$US",
            asn="64512",
            ip="v6",
            type="peers",
            mutual_provider="only",
            mutual_customer="exclude",
            singlehomed_customer="only",
        )

    def test_insights_send_only_what_is_given(self) -> None:
        assert kmi.encode_global_insights() == b""
        raw = kmi.encode_asn_insights("64512")
        assert wire.GetASNInsightsRequest.FromString(raw) == wire.GetASNInsightsRequest(asn="64512")

    def test_insights_in_full(self) -> None:
        asked = {"market_id": "cc$US", "ip": "v6", "lookback": 30, "magnitude": 5, "limit": 7}
        types = ["market_exit", "customer_gain"]
        assert wire.GetGlobalInsightsRequest.FromString(
            kmi.encode_global_insights(**asked, types=types)
        ) == wire.GetGlobalInsightsRequest(**asked, types=types)
        assert wire.GetASNInsightsRequest.FromString(
            kmi.encode_asn_insights(0, **asked, types=iter(types))
        ) == wire.GetASNInsightsRequest(**asked, types=types, asn="0")

    @pytest.mark.parametrize(
        ("encode", "field"),
        [
            (lambda: kmi.encode_rankings(""), "market_id"),
            (lambda: kmi.encode_rankings("x", "size"), "rank_type"),
            (lambda: kmi.encode_rankings("x", ip="v5"), "ip"),
            (lambda: kmi.encode_rankings("x", limit=0), "limit"),
            (lambda: kmi.encode_asn_details(" ", 1), "market_id"),
            (lambda: kmi.encode_asn_details("x", -1), "asn"),
            (lambda: kmi.encode_asn_details("x", 1, "siblings"), "type"),
            (lambda: kmi.encode_asn_details("x", 1, ip="4"), "ip"),
            (lambda: kmi.encode_asn_details("x", 1, mutual_provider="yes"), "mutual_provider"),
            (lambda: kmi.encode_asn_details("x", 1, mutual_customer="yes"), "mutual_customer"),
            (lambda: kmi.encode_asn_details("x", 1, singlehomed_customer="no"), "singlehomed_customer"),
            (lambda: kmi.encode_global_insights(market_id=""), "market_id"),
            (lambda: kmi.encode_global_insights(ip="v5"), "ip"),
            (lambda: kmi.encode_global_insights(types=["x"]), r"types\[0\]"),
            (lambda: kmi.encode_global_insights(lookback=2), "lookback"),
            (lambda: kmi.encode_global_insights(magnitude=6), "magnitude"),
            (lambda: kmi.encode_global_insights(limit=True), "limit"),
            (lambda: kmi.encode_asn_insights("ASx"), "asn"),
        ],
    )
    def test_what_the_schema_forbids_is_refused_by_name(self, encode, field: str) -> None:
        with pytest.raises(ValidationError, match=f"^{field} must be "):
            encode()


class TestMarkets:
    def test_are_read(self) -> None:
        answer = wire.ListMarketsResponse()
        answer.markets.add(market_id="planet$earth", name="Planet")
        answer.markets.add(market_id="cc$US")
        markets = kmi.decode_markets(answer.SerializeToString())
        assert markets == (Market("planet$earth", "Planet"), Market("cc$US", ""))
        assert isinstance(markets, Records)

    def test_no_markets_make_an_empty_table(self) -> None:
        assert kmi.decode_markets(b"").to_arrow().column_names == ["market_id", "name"]


class TestRankings:
    def test_rankings_keep_the_requested_arguments(self) -> None:
        answer = wire.GetRankingsResponse(invalid_count=3)
        found = decode_rankings(answer, rank_type="customer_base_wholesale", ip="v6", limit=5)
        assert (found.market_id, found.rank_type, found.ip) == ("cc$US", "customer_base_wholesome", "v6")
        assert (found.limit, found.invalid_count, found.fetched_at) == (5, 3, NOON)
        assert found == ()

    def test_losses_are_twos_complement(self) -> None:
        answer = wire.GetRankingsResponse()
        answer.rankings.add(asn=1, rank_change=LOST, score_change=2**31, rank=LOST, score=LOST, name="a")
        answer.rankings.add(asn=2, rank_change=2**31 - 1, score_change=0, rank=0, score=0, name="b")
        assert decode_rankings(answer) == (
            Ranking(1, "a", LOST, -1, LOST, -(2**31)),
            Ranking(2, "b", 0, 2**31 - 1, 0, 0),
        )

    def test_losses_are_read_where_rows_lack_fields_too(self) -> None:
        answer = wire.GetRankingsResponse()
        answer.rankings.add(asn=LOST, rank_change=LOST, score=LOST, name="a")
        answer.rankings.add(score_change=LOST - 1, rank=LOST)
        answer.rankings.add()
        assert decode_rankings(answer) == (
            Ranking(LOST, "a", None, -1, LOST, None),
            Ranking(None, "", LOST, None, None, -2),
            Ranking(None, "", None, None, None, None),
        )

    def test_a_loss_sent_as_a_signed_number_is_read(self) -> None:
        # asn=1, rank_change=-1 the way int32 is written: ten bytes, sign extended.
        row = b"\x08\x01\x20" + b"\xff" * 9 + b"\x01"
        full = decode_rankings(b"\x0a" + bytes([len(row)]) + row)
        sparse = decode_rankings(b"\x0a\x00" + b"\x0a" + bytes([len(row)]) + row)
        assert full[0] == sparse[1] == Ranking(1, "", rank_change=-1)

    def test_a_field_sent_twice_takes_the_last_value(self) -> None:
        row = b"\x08\x01\x08\x02"
        assert decode_rankings(b"\x0a\x04" + row) == (Ranking(2, ""),)


class TestDetails:
    def test_are_read_with_presence(self) -> None:
        answer = wire.GetASNDetailsResponse()
        details = answer.asn_details
        details.asn, details.name, details.country_name = 0, "Example", "Switzerland"
        details.customers.add(asn=0, score=0, singlehomed_customer=False, mutual_customer=True)
        details.customers.add(name="second", mutual_provider=True)
        details.providers.add(asn=5, name="up", score=LOST)
        details.peers.add(asn=6, pfx_count=0)
        details.peers.add(name="bare")
        found = decode_details(answer)
        assert (found.asn, found.name, found.country_name) == (0, "Example", "Switzerland")
        assert found.customers == (
            CustomerProvider(0, "", 0, False, True, None),
            CustomerProvider(None, "second", None, None, None, True),
        )
        assert found.providers == (CustomerProvider(5, "up", LOST),)
        assert found.peers == (Peer(6, "", 0), Peer(None, "bare", None))
        assert (found.market_id, found.ip, found.type, found.fetched_at) == ("cc$US", "v6", "customers", NOON)
        assert {type(neighbours) for neighbours in (found.customers, found.peers)} == {Records}

    def test_booleans_stay_booleans_whichever_way_they_are_read(self) -> None:
        answer = wire.GetASNDetailsResponse()
        for value in (True, False):
            answer.asn_details.customers.add(mutual_customer=value, mutual_provider=value)
        answer.asn_details.customers.add(mutual_customer=True)
        found = decode_details(answer).customers
        assert [row.mutual_customer for row in found] == [True, False, True]
        assert [row.mutual_provider for row in found] == [True, False, None]
        assert {type(row.mutual_provider) for row in found} == {bool, type(None)}

    def test_an_empty_answer_has_no_number_and_no_neighbours(self) -> None:
        found = decode_details(b"")
        assert (found.asn, found.name, found.customers, found.providers, found.peers) == (
            None,
            "",
            (),
            (),
            (),
        )
        assert found.peers.to_arrow().column_names == ["asn", "name", "pfx_count"]

    def test_unknown_fields_are_ignored(self) -> None:
        answer = wire.GetASNDetailsResponse()
        answer.asn_details.peers.add(asn=1, pfx_count=2, name="a")
        raw = answer.SerializeToString()
        assert decode_details(raw + b"\xf8\x3f\x05") == decode_details(raw)


class TestInsights:
    @pytest.mark.parametrize(
        ("decode", "message"),
        [
            (kmi.decode_global_insights, wire.GetGlobalInsightsResponse),
            (kmi.decode_asn_insights, wire.GetASNInsightsResponse),
        ],
    )
    def test_are_read(self, decode, message) -> None:
        answer = message()
        answer.insights.add(asn=0, name="a", type=0, message="m", created_at="2026-03-01T13:00:00+01:00")
        answer.insights.add(type=9, created_at="yesterday")
        assert decode(answer.SerializeToString()) == (
            Insight(0, "a", 0, "m", NOON),
            Insight(None, "", 9, "", None),
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01T12:00:00Z", NOON),
            ("2026-03-01 12:00:00", NOON),
            ("2026-03-01T12:00:00.000000000Z", NOON),
            ("2026-03-01", NOON.replace(hour=0)),
            ("", None),
            ("1772366400", None),
            ("2026-02-30T00:00:00Z", None),
            ("0001-01-01T00:00:00+23:59", None),
            ("9999-12-31T23:59:59-23:59", None),
            ("\u0662\u0660\u0662\u0666-03-01", None),
        ],
    )
    def test_times_are_utc_or_none(self, text: str, expected: dt.datetime | None) -> None:
        answer = wire.GetGlobalInsightsResponse()
        answer.insights.add(created_at=text)
        (found,) = kmi.decode_global_insights(answer.SerializeToString())
        assert found.created_at == expected
        assert expected is None or found.created_at.tzinfo is dt.UTC
